package embedded_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/host/store/embedded"
	"github.com/logcenter/logcenter/host/store/storetest"
)

// manual is a store that flushes and merges when told.
var manual = embedded.Options{FlushInterval: -1, MergeInterval: -1, MemoryLimit: 512 << 20, QueryTimeout: time.Minute}

func open(t *testing.T) store.Store {
	s, err := embedded.Open(t.TempDir(), manual)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	return s
}

func TestSuite(t *testing.T) { storetest.Run(t, open) }
