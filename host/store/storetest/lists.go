package storetest

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/sdk/query"
)

// scriptLists are what scripts and random questions ask for by name. What ends with ! expired long ago, and what ends
// with ? expires in a hundred years.
var scriptLists = map[string][]string{
	"ip networks":   {"10.0.0.0/31", "10.0.1.2", "10.0.1.0/30!", "192.168.0.0/16?", "2001:db8::/127", "255.255.255.255", "10.255.255.255!", "::1"},
	"ip nothing":    {"0.0.0.0/0!"},
	"user people":   {"ALICE", "bob", "张三", "é", "straße", "true!"},
	"keyword texts": {"Bob", "张", "a b", "x\"y", "~^.$|", "firewall!", "ips?", "e\u0301"},
	"domain names":  {"Example.com", "login.example.net", "dir", "waf"},
	"hash digests":  {"D41D8CD98F00B204E9800998ECF8427E", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
}

// useLists makes them those of the process.
func useLists(t *testing.T) {
	lists := query.ListMap{}
	for key, entries := range scriptLists {
		typ, name, _ := strings.Cut(key, " ")
		lt, err := query.ParseListType(typ)
		require.NoError(t, err)
		b := query.NewListBuilder(lt, 0, 0)
		for _, e := range entries {
			until := int64(0)
			switch e[len(e)-1] {
			case '!':
				until, e = time.Now().AddDate(-1, 0, 0).UnixNano(), e[:len(e)-1]
			case '?':
				until, e = time.Now().AddDate(100, 0, 0).UnixNano(), e[:len(e)-1]
			}
			value, err := query.ParseListValue(lt, e)
			require.NoError(t, err)
			_, err = b.Add([]byte(value), until)
			require.NoError(t, err)
		}
		lists[name] = b.Build()
	}
	query.SetLists(lists)
	t.Cleanup(func() { query.SetLists(nil) })
}
