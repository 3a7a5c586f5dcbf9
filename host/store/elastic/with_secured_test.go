package elastic_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/host/store/elastic"
	"github.com/logcenter/logcenter/host/store/elastic/estest"
)

// TestRestricted: the privileges that README.md lists suffice for all that the store does, over TLS with a client
// certificate; without the right password, authority, certificate or privilege the store says so, and goes on by itself
// when it gets them.
func TestRestricted(t *testing.T) {
	ctx := context.Background()
	server := estest.Secured(t)
	o := elastic.Options{
		Addresses: []string{server.URL}, Username: estest.User, Password: estest.Password, CAFile: server.CAFile(),
		CertFile: server.CertFile(), KeyFile: server.KeyFile(),
		Gzip: true, Timeout: 30 * time.Second, RollDocs: 10, Owner: "one",
	}
	s := open(t, o)
	require.Empty(t, s.Stats().Err)
	for n := uint64(1); n <= 5; n++ {
		require.NoError(t, s.Append(ctx, n, entry(t, n, 20)))
		require.NoError(t, s.Flush(ctx))
	}
	require.Len(t, numbers(t, s), 100)
	_, err := s.Aggregate(ctx, store.Everything(), store.AggregateRequest{Selection: everything(), Aggs: []store.Agg{{Kind: store.Terms, Field: "observer.type"}}})
	require.NoError(t, err)
	_, err = s.Fields(ctx, store.Everything(), everything())
	require.NoError(t, err)
	parts, err := s.Partitions(ctx)
	require.NoError(t, err)
	require.Len(t, parts, 2)
	require.NoError(t, s.DropPartition(ctx, parts[0].ID))
	require.Len(t, numbers(t, s), 50)
	im, err := s.Import(ctx, store.ImportRequest{Class: parts[0].Class, Day: parts[0].Day, Restored: "audit"})
	require.NoError(t, err)
	require.NoError(t, im.Add(ctx, entry(t, 100, 20)[0]))
	restored, err := im.Commit(ctx)
	require.NoError(t, err)
	require.Len(t, numbers(t, s), 70)
	require.NoError(t, s.DropPartition(ctx, restored.ID))

	f := func(change func(*elastic.Options), want string) {
		t.Helper()
		bad := o
		change(&bad)
		s, err := elastic.Open(bad)
		require.NoError(t, err)
		assert.Contains(t, s.Stats().Err, want)
		_, err = s.Search(ctx, store.Everything(), store.SearchRequest{Selection: everything()})
		require.ErrorIs(t, err, store.ErrUnavailable)
		require.NoError(t, s.Close())
	}
	f(func(o *elastic.Options) { o.Password = "wrong" }, "check username, password_file or api_key_file")
	f(func(o *elastic.Options) { o.CAFile = "" }, "set ca_file of store.elasticsearch")
	f(func(o *elastic.Options) { o.CertFile, o.KeyFile = "", "" }, "set cert_file and key_file of store.elasticsearch")
	f(func(o *elastic.Options) { o.Prefix = "other" }, "lacks privileges")
	f(func(o *elastic.Options) { o.Addresses = []string{strings.Replace(server.URL, "https:", "http:", 1)} }, "write https://")

	for _, c := range []struct{ file, broken, want string }{
		{"users", "somebody:x\n", "check username, password_file or api_key_file"},
		{"roles.yml", strings.Replace(estest.Role, "'logcenter-*'", "'logcenter-meta', 'logcenter-events', 'logcenter-ev-firewall.run*'", 1), "lacks privileges"},
	} {
		next := s.Durable() + 1
		server.SetAccounts(t, c.file, c.broken)
		require.Eventually(t, func() bool {
			if takeIfYouCan(s, next, entry(t, next, 20)) == nil && s.Flush(ctx) == nil {
				next++ // it still had the privilege
			}
			return strings.Contains(s.Stats().Err, c.want)
		}, time.Minute, 100*time.Millisecond, c.want)
		server.SetAccounts(t, c.file, "")
		appendUntil(t, s, next, 20)
		require.Eventually(t, func() bool { return s.Flush(ctx) == nil && s.Stats().Err == "" }, time.Minute, 100*time.Millisecond)
		require.Equal(t, next, s.Durable())
	}
	got := numbers(t, s)
	for i := range got[50:] {
		require.EqualValues(t, 100+i, got[50+i])
	}
	require.Len(t, got, 50+(int(s.Durable())-5)*20)
}
