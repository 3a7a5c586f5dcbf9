package main

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/plugintest"
	"github.com/logcenter/logcenter/sdk/schema"
)

func TestGolden(t *testing.T)      { plugintest.Golden(t, sdk.EnricherStage(New)) }
func TestConformance(t *testing.T) { plugintest.Conformance(t, sdk.EnricherStage(New)) }
func BenchmarkEnrich(b *testing.B) { plugintest.Bench(b, sdk.EnricherStage(New)) }

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func TestFaultsNameFileAndLine(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"a.csv", "", "a.csv:1: empty: want a first line that names the columns: id,name,ip,hostname,owner,system,tags"},
		{"a.csv", "id,nmae\n", `a.csv:1: there is no column "nmae": did you mean name?`},
		{"a.csv", "id,id\n", `a.csv:1: column "id" stands twice`},
		{"a.csv", "name,ip\nx,10.0.0.1\n", "a.csv:1: there is no column id"},
		{"a.csv", "id,name\nA,x\nB\n", "a.csv:3: 1 values, but the first line names 2 columns"},
		{"a.csv", "id,name\nA,x\n,y\n", "a.csv:3: id is missing"},
		{"a.csv", "id,name\nA,x\n# comment\nA,y\n", `a.csv:4: id "A" stands in line 2 already`},
		{"a.csv", "id,ip\nA,10.2.0\n", `a.csv:2: ip "10.2.0": want an address or a network such as 10.2.0.0/24`},
		{"a.csv", "id,ip\nA,10.2.0.1/24\n", `a.csv:2: ip "10.2.0.1/24": a network starts at its first address, write 10.2.0.0/24`},
		{"a.csv", "id,ip\nA,10.2.0.1\nB,10.2.0.1/32\n", `a.csv:3: ip "10.2.0.1/32" stands in line 2 already`},
		{"a.csv", "id,hostname\nA,web-01\nB,WEB-01\n", `a.csv:3: hostname "web-01" stands in line 2 already`},
		{"a.csv", "id,name\nA,\"x\n", `a.csv:2: extraneous or missing " in quoted-field`},
		{"a.yaml", "", "a.yaml:1: empty: want a list of assets"},
		{"a.yaml", "assets: 3\n", "a.yaml:1: want a list of assets, or one under the key assets"},
		{"a.yaml", "- id: A\n  onwer: x\n", `a.yaml:2: there is no column "onwer": did you mean owner?`},
		{"a.yaml", "- id: A\n- 7\n", "a.yaml:2: want an asset with id, name"},
		{"a.yaml", "- id: A\n  ip: {a: b}\n", "a.yaml:2: ip: want a text or a list of texts"},
		{"a.yaml", "- id: [A]\n", "a.yaml:1: id: want one text"},
		{"a.yaml", "- id: A\n\tip: x\n", "a.yaml: yaml: line 2"},
		{"a.txt", "id\n", "a.txt: want a .csv, .yaml or .yml file"},
	} {
		_, err := New(Config{Path: write(t, tt.name, tt.text), Reload: time.Hour})
		require.Error(t, err, "%q", tt.text)
		var e *schema.Error
		require.ErrorAs(t, err, &e)
		assert.Equal(t, "path", e.Path)
		assert.Contains(t, err.Error(), tt.want, "%q", tt.text)
	}
	_, err := New(Config{Path: filepath.Join(t.TempDir(), "none.csv"), Reload: time.Hour})
	require.ErrorContains(t, err, "no such file")
}

func TestManyFaultsAreToldOfUpToABound(t *testing.T) {
	_, err := readFile(write(t, "a.csv", "id,ip\n"+strings.Repeat("A,x\n", 1000)))
	require.Error(t, err)
	assert.Equal(t, maxFaults+1, strings.Count(err.Error(), "\n")+1)
}

func TestYAMLSaysTheSameAsCSV(t *testing.T) {
	a, err := readFile(write(t, "a.csv", "\xef\xbb\xbfid, name, ip, hostname, owner, system, tags\n"+
		"A,Web,10.3.0.11 10.4.0.0/16,web-01;Web-1,o@bank.example,网上银行,web;pci\nB,,,,,,\n"))
	require.NoError(t, err)
	b, err := readFile(write(t, "b.yaml", `
assets:
  - id: A
    name: Web
    ip: [10.3.0.11, 10.4.0.0/16]
    hostname: web-01 Web-1
    owner: o@bank.example
    system: 网上银行
    tags: [web, pci]
  - id: B
`))
	require.NoError(t, err)
	a.assets[1].tags, b.assets[1].tags = nil, nil
	assert.Equal(t, a, b)
	assert.Equal(t, "B", b.assets[1].name)
}

func TestNarrowestNetworkDecides(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	for range 200 {
		var ns []network
		taken := map[netip.Prefix]bool{}
		for i := range 1 + r.IntN(30) {
			var p netip.Prefix
			if r.IntN(2) == 0 {
				p = netip.PrefixFrom(netip.AddrFrom4([4]byte{byte(r.IntN(2) * 255), 0, 0, byte(r.Uint32())}), r.IntN(33)).Masked()
			} else {
				p = netip.PrefixFrom(netip.AddrFrom16([16]byte{byte(r.IntN(2) * 255), 15: byte(r.Uint32())}), r.IntN(129)).Masked()
			}
			if !taken[p] {
				taken[p] = true
				ns = append(ns, network{p, i})
			}
		}
		tab := &table{assets: make([]asset, 40)}
		for i := range tab.assets {
			tab.assets[i].id = fmt.Sprint(i)
		}
		plain := append([]network(nil), ns...)
		tab.index(ns)
		for range 200 {
			a := netip.AddrFrom4([4]byte{byte(r.IntN(2) * 255), byte(r.IntN(2) * 255), 0, byte(r.Uint32())})
			if r.IntN(2) == 0 {
				a = netip.AddrFrom16([16]byte{byte(r.IntN(2) * 255), 1: byte(r.IntN(2)), 15: byte(r.Uint32())})
			}
			want, bits := "", -1
			for _, n := range plain {
				if n.prefix.Contains(a) && n.prefix.Bits() > bits {
					want, bits = fmt.Sprint(n.asset), n.prefix.Bits()
				}
			}
			got := ""
			if f := tab.find(a); f != nil {
				got = f.id
			}
			require.Equal(t, want, got, "%s in %v", a, plain)
		}
	}
}

func TestAListThatChangesIsReadAgain(t *testing.T) {
	path := write(t, "a.csv", "id,hostname\nold,web-01\n")
	s, err := New(Config{Path: path, Reload: 10 * time.Millisecond})
	require.NoError(t, err)
	e := s.(*enricher)
	defer func() { require.NoError(t, e.Close()) }()
	name := func() string {
		if a := e.table.Load().host([]byte("web-01")); a != nil {
			return a.id
		}
		return ""
	}
	assert.Equal(t, "old", name())
	require.NoError(t, os.WriteFile(path, []byte("id,hostname\nnew one,web-01\n"), 0o600))
	require.Eventually(t, func() bool { return name() == "new one" }, 10*time.Second, 5*time.Millisecond)

	// A list with faults is not taken, and neither is one that is gone; the next good one is.
	require.NoError(t, os.WriteFile(path, []byte("id,hostnaem\nbad,web-01\n"), 0o600))
	require.NoError(t, os.Remove(path))
	assert.Equal(t, "new one", name())
	require.NoError(t, os.WriteFile(path, []byte("id,hostname\nnewest of all,web-01\n"), 0o600))
	require.Eventually(t, func() bool { return name() == "newest of all" }, 10*time.Second, 5*time.Millisecond)
}

func TestWithoutAListNothingIsSet(t *testing.T) {
	s, err := New(Config{})
	require.NoError(t, err)
	require.NoError(t, s.(sdk.Closer).Close())
}

// Names that begin with a digit and peers that are no addresses are looked at in every event.
func TestLookingUpAllocatesNothing(t *testing.T) {
	tab, err := readFile(write(t, "a.csv", "id,ip,hostname\nA,10.3.0.11,web-01\nB,fe80::1,\n"))
	require.NoError(t, err)
	for text, want := range map[string]string{
		"10.3.0.11:514": "A", "10.3.0.11": "A", "[fe80::1%eth0]:514": "B", "[fe80::1]:514": "B", "fe80::1": "B", "10.3.0.12:514": "", "/var/log/messages": "", "": "",
	} {
		got := ""
		if a := tab.peer([]byte(text)); a != nil {
			got = a.id
		}
		assert.Equal(t, want, got, text)
	}
	names, peers := [][]byte{[]byte("3com-core"), []byte("WEB-01.bank.example"), []byte("10.3.0.11")}, [][]byte{[]byte("/var/log/messages"), []byte("10.3.0.11:514")}
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		for _, name := range names {
			tab.host(name)
		}
		for _, text := range peers {
			tab.peer(text)
		}
	}))
}

func FuzzList(f *testing.F) {
	f.Add("id,ip,hostname\nA,10.2.0.0/24,web-01\n", false)
	f.Add("assets:\n- id: A\n  ip: [10.2.0.1, '::1']\n", true)
	f.Fuzz(func(t *testing.T, text string, isYAML bool) {
		name := "a.csv"
		if isYAML {
			name = "a.yaml"
		}
		tab, err := readFile(write(t, name, text))
		if err != nil {
			return
		}
		tab.find(netip.MustParseAddr("10.2.0.1"))
		tab.find(netip.MustParseAddr("2001:db8::1"))
		tab.host([]byte("web-01"))
	})
}
