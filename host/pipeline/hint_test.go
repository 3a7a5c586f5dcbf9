package pipeline

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Messages of plugins are cut to a length and may quote in a writing of their own: a piece of a secret is enough to
// withhold them.
func TestPiecesOfSecretsInMessages(t *testing.T) {
	line := []byte(`user=wang password=S3cr"et\Word port=8080`)
	l := &edited{edits: []rowEdit{{start: 19, end: 31, with: "******"}}}
	require.Equal(t, `S3cr"et\Word`, string(line[19:31]))
	for _, message := range []string{`no port in "user=wang password=S3cr\"et\\Word"`, `cannot read S3cr"et\W`, `…"et\Word port`} {
		require.Truef(t, l.hinted(line, message), "%s", message)
	}
	for _, message := range []string{"port 8080 is no address", "user=wang password", ""} {
		require.Falsef(t, l.hinted(line, message), "%s", message)
	}
}
