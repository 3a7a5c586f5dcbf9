package elastic_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/host/store/elastic"
	"github.com/logcenter/logcenter/host/store/elastic/estest"
)

// TestReplicasOfConfiguration: the number that a store is opened with is that of the indices there are, too.
func TestReplicasOfConfiguration(t *testing.T) {
	server := estest.Shared(t)
	o := elastic.Options{Addresses: []string{server.URL}, Prefix: newPrefix(t, server.URL)}
	f := func(open, set int) {
		t.Helper()
		o.Replicas = open
		s, err := elastic.Open(o)
		require.NoError(t, err)
		n := s.Durable() + 1
		require.NoError(t, s.Append(t.Context(), n, entry(t, n, 10)))
		require.NoError(t, s.Flush(t.Context()))
		copies := 3 * open // of two partitions and what is recorded
		r, err := s.Replicas(t.Context())
		require.NoError(t, err)
		require.Equal(t, store.Replicas{Wanted: open, Missing: copies}, r)
		require.NoError(t, s.SetReplicas(t.Context(), set))
		r, err = s.Replicas(t.Context())
		require.NoError(t, err)
		require.Equal(t, store.Replicas{Wanted: set, Missing: 3 * set}, r)
		require.ErrorIs(t, s.SetReplicas(t.Context(), 17), store.ErrRequest)
		require.NoError(t, s.Close())
	}
	f(1, 0)
	f(0, 2)
	f(1, 1)
}
