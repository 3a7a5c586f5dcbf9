package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/sdk/client"
)

// What senders write as their name ends up in a file that people open and a plugin reads.
func TestLinesForAListOfAssets(t *testing.T) {
	var out strings.Builder
	var left []string
	require.NoError(t, writeAssets(&out, []client.UnknownDevice{
		{Name: "fw-01", Addresses: []string{"192.0.2.1"}, Type: "firewall"},
		{Name: "web-01", Addresses: []string{"192.0.2.9"}}, // both came through a relay
		{Name: "web-02", Addresses: []string{"192.0.2.9"}},
		{Name: "moved", Addresses: []string{"192.0.2.3", "192.0.2.4"}},
		{Addresses: []string{"2001:db8::1"}},
		{Name: "=cmd|' /C calc'!A0", Addresses: []string{"192.0.2.5"}},
		{Name: "a b"},
		{Name: "a,b"},
		{Name: "#a"},
		{Name: "a\x1b[0m"},
		{Addresses: []string{"/var/log/messages"}},
	}, func(name string) { left = append(left, name) }))
	assert.Equal(t, `id,name,type,ip,hostname,owner,department,system,criticality,zone
fw-01,fw-01,firewall,192.0.2.1,fw-01,,,,,
web-01,web-01,,,web-01,,,,,
web-02,web-02,,,web-02,,,,,
moved,moved,,,moved,,,,,
2001:db8::1,2001:db8::1,,2001:db8::1,,,,,,
`, out.String())
	assert.Equal(t, []string{"=cmd|' /C calc'!A0", "a b", "a,b", "#a", "a\x1b[0m", "/var/log/messages"}, left)
}
