package main

import (
	"encoding/json"
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

func writeTo(tb testing.TB, text string) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "assets.csv")
	require.NoError(tb, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// from is a config of one file.
func from(path string) Config {
	return Config{Sources: []Source{{Path: path}}, Reload: time.Hour}
}

func TestFaultsNameFileAndLine(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"a.csv", "", "a.csv:1: empty: want a first line that names the columns: id,name,type,owner,department,system,criticality,zone,ip,hostname,event_tag,tags"},
		{"a.csv", "id,nmae\n", `a.csv:1: there is no column "nmae": did you mean name?`},
		{"a.csv", "id,id\n", `a.csv:1: column "id" stands twice`},
		{"a.csv", "name,ip\nx,10.0.0.1\n", "a.csv:1: there is no column id"},
		{"a.csv", "id,name\nA,x\nB\n", "a.csv:3: 1 values, but the first line names 2 columns: put a value with a comma in quotes"},
		{"a.csv", "id,name\nA,x\n,y\n", "a.csv:3: id is missing"},
		{"a.csv", "id,name\nA,x\n# comment\nA,y\n", `a.csv:4: id "A" stands in line 2 already`},
		{"a.csv", "id,ip\nA,10.2.0\n", `a.csv:2: ip "10.2.0": want an address such as 10.2.0.4 or a network such as 10.2.0.0/24`},
		{"a.csv", "id,ip\nA,10.2.0.1/24\n", `a.csv:2: ip "10.2.0.1/24": a network starts at its first address, write 10.2.0.0/24`},
		{"a.csv", "id,ip\nA,10.2.0.1\nB,10.2.0.1/32\n", `a.csv:3: ip "10.2.0.1/32" stands in line 2 already`},
		{"a.csv", "id,hostname\nA,web-01\nB,WEB-01\n", `a.csv:3: hostname "web-01" stands in line 2 already`},
		{"a.csv", "id,event_tag\nA,b12\nB,b12\n", `a.csv:3: event_tag "b12" stands in line 2 already`},
		{"a.csv", "id,name\nA," + strings.Repeat("x", 501) + "\n", "a.csv:2: name has 501 bytes: want at most 500"},
		{"a.csv", "id,name\nA,\"x\n", `a.csv:2: extraneous or missing " in quoted-field`},
		{"a.csv", "id,name\nA,\xd6\xd0\n", `a.csv:2: not UTF-8: save the list as UTF-8 (of a spreadsheet: as "CSV UTF-8")`},
		{"a.yaml", "", "a.yaml:1: empty: want a list of assets"},
		{"a.yaml", "assets: 3\n", "a.yaml:1: want a list of assets, or one under the key assets"},
		{"a.yaml", "- id: A\n  onwer: x\n", `a.yaml:2: there is no column "onwer": did you mean owner?`},
		{"a.yaml", "- id: A\n- 7\n", "a.yaml:2: want an asset with id, name"},
		{"a.yaml", "- id: A\n  ip: {a: b}\n", "a.yaml:2: ip: want a text or a list of texts"},
		{"a.yaml", "- id: [A]\n", "a.yaml:1: id: want one text"},
		{"a.yaml", "- id: A\n\tip: x\n", "a.yaml: yaml: line 2"},
		{"a.yaml", "- id: A\n# " + strings.Repeat("x", maxYAML) + "\n", "a.yaml:1: larger than 8 MiB, which is too large for YAML: use CSV"},
		{"a.json", `{"id":"A"}`, "a.json: want a list of objects: set list to where the list lies"},
		{"a.json", `[{"id":"A"},{"id":7,"ip":["10.0.0.1/8"]}]`, `a.json: element 2: ip "10.0.0.1/8": a network starts at its first address, write 10.0.0.0/8`},
		{"a.json", `[{"id":"A"},{"id":"A"}]`, `a.json: element 2: id "A" stands in element 1 already`},
		{"a.json", `[{"id":["A"]}]`, "a.json: element 1: id: want one text, not a list"},
		{"a.json", `[{"id":"A"},`, "a.json: element 2: no JSON"},
		{"a.json", `[{"id":"A"}`, "a.json: element 1: the list does not end"},
		{"a.json", `[7]`, "a.json: element 1: want an object with id, name"},
	} {
		_, err := New(from(write(t, tt.name, tt.text)))
		require.Error(t, err, "%q", tt.text)
		var e *schema.Error
		require.ErrorAs(t, err, &e)
		assert.Equal(t, "sources[0].path", e.Path)
		assert.Contains(t, err.Error(), tt.want, "%q", tt.text)
	}
	_, err := New(from(filepath.Join(t.TempDir(), "none.csv")))
	require.ErrorContains(t, err, "no such file")
}

func TestConfigsThatAreRefused(t *testing.T) {
	for text, want := range map[string]string{
		`{"sources": [{}]}`: "sources[0]: must have either a path or a url",
		`{"sources": [{"path": "a.csv", "url": "https://x/"}]}`:                          "sources[0]: must have either a path or a url",
		`{"sources": [{"path": "a.txt"}]}`:                                               `sources[0].path: ".txt" is no form of lists`,
		`{"sources": [{"path": "a.csv", "token_file": "t"}]}`:                            "sources[0].token_file: is of no use for a file",
		`{"sources": [{"path": "a.csv", "list": "t"}]}`:                                  "sources[0].list: is for JSON only",
		`{"sources": [{"path": "a.csv", "columns": {"onwer": "x", "id": "y"}}]}`:         "sources[0].columns.onwer: is no column of assets",
		`{"sources": [{"path": "a.csv", "columns": {"owner": "x"}}]}`:                    "sources[0].columns: does not name what is the id",
		`{"sources": [{"url": "http://cmdb.bank.example/?key=hush"}]}`:                   `sources[0].url: "http://cmdb.bank.example/" is no address of a service`,
		`{"sources": [{"url": "https://a:hush@cmdb.bank.example/"}]}`:                    "sources[0].url: must not have a password in it",
		`{"sources": [{"url": "https://cmdb.bank.example/", "ca_file": "plugin.yaml"}]}`: "sources[0].ca_file: plugin.yaml has no certificate",
		`{"cache": "no/such"}`:        "cache: no/such is no folder",
		`{"fields": ["id", "onwer"]}`: "fields[1]",
	} {
		var data any
		require.NoError(t, json.Unmarshal([]byte(text), &data))
		var c Config
		err := schema.Decode(data, &c)
		if err == nil {
			_, err = New(c)
		}
		require.ErrorContains(t, err, want, text)
		assert.NotContains(t, err.Error(), "hush")
	}
}

func TestManyFaultsAreToldOfUpToABound(t *testing.T) {
	s := Source{Path: write(t, "a.csv", "id,ip\n"+strings.Repeat("A,x\n", 1000))}
	_, err := s.readFile()
	require.Error(t, err)
	assert.Equal(t, maxFaults+1, strings.Count(err.Error(), "\n")+1)
}

func TestLenientListsLeaveOutEntriesWithFaults(t *testing.T) {
	text := "id,ip\n" + strings.Repeat("A,x\n", 100) + "B,10.0.0.1\nC,10.0.0.1\n,10.0.0.2\nD\n"
	s := Source{Path: write(t, "a.csv", text), Lenient: true}
	l, err := s.readFile()
	require.ErrorContains(t, err, `a.csv:2: ip "x"`)
	require.Len(t, l.assets, 1)
	assert.Equal(t, "B", l.value(l.assets[0].values[colID]))
	s.Path = write(t, "a.csv", "id,ipp\n")
	l, err = s.readFile()
	require.Error(t, err)
	assert.Nil(t, l, "a list without its columns is none")
}

func TestAllFormsSayTheSame(t *testing.T) {
	read := func(s Source, text string) *list {
		t.Helper()
		s.Path = write(t, s.Path, text)
		l, err := s.readFile()
		require.NoError(t, err)
		return l
	}
	want := read(Source{Path: "a.csv"}, "\xef\xbb\xbfid, name, ip, hostname, owner, system, tags, event_tag, zone\n"+
		"A,Web,10.3.0.11 10.4.0.0/16,web-01;Web-1,o@bank.example,网上银行,web;pci,b12,dmz\nB,,,,,,,,\n")
	assert.Equal(t, "B", want.value(want.assets[1].values[colName]), "an asset without a name is called by its id")
	assert.Equal(t, want, read(Source{Path: "b.yaml"}, `
assets:
  - id: A
    name: Web
    ip: [10.3.0.11, 10.4.0.0/16]
    hostname: web-01 Web-1
    owner: o@bank.example
    system: 网上银行
    tags: [web, pci]
    event_tag: b12
    zone: dmz
  - id: B
`))
	assert.Equal(t, want, read(Source{Path: "c.json"}, `[
  {"id": "A", "name": "Web", "ip": ["10.3.0.11", "10.4.0.0/16"], "hostname": "web-01;Web-1", "owner": "o@bank.example",
   "system": "网上银行", "tags": "web pci", "event_tag": ["b12"], "zone": "dmz", "color": {"red": 1}},
  {"id": "B", "name": null}]`))
	own := map[string]string{"id": "资产编号", "name": "名称", "ip": "net.addresses", "hostname": "h", "owner": "net.person.mail", "system": "s", "tags": "t", "event_tag": "e", "zone": "z"}
	assert.Equal(t, want, read(Source{Path: "d.json", List: "data.items", Columns: own}, `{"total": 2, "data": {"page": [1], "items": [
  {"资产编号": "A", "名称": "Web", "net": {"addresses": ["10.3.0.11", "10.4.0.0/16"], "person": {"mail": "o@bank.example", "id": 7}},
   "h": ["web-01", "Web-1"], "s": "网上银行", "t": "web pci", "e": "b12", "z": "dmz", "id": "not ours"},
  {"资产编号": "B"}]}}`))
	own["ip"], own["owner"] = "addresses", "mail"
	assert.Equal(t, want, read(Source{Path: "e.csv", Columns: own}, "z,颜色,资产编号,名称,addresses,mail,h,s,t,e\n"+
		"dmz,red,A,Web,10.3.0.11 10.4.0.0/16,o@bank.example,web-01;Web-1,网上银行,web;pci,b12\n,,B,,,,,,,\n"))
}

// tableOf is the table of lists of one text each, in CSV.
func tableOf(t *testing.T, texts ...string) *table {
	t.Helper()
	var lists []*list
	for _, text := range texts {
		s := Source{Path: "a.csv"}
		l, err := s.read([]byte(text))
		require.NoError(t, err)
		lists = append(lists, l)
	}
	return newTable(lists)
}

// id is that of an asset, empty for none.
func (t *table) id(asset uint32) string {
	if asset == none {
		return ""
	}
	l, i := t.list(asset)
	return l.value(l.assets[i].values[colID])
}

func TestHostNames(t *testing.T) {
	tab := tableOf(t, "id,hostname,ip\nA,web-01.bank.example,\nB,app-01,\nC,db.a.example,\nD,db.b.example,\nE,mail,\nF,mail.bank.example,\nG,10.1.1.1 数据库,10.2.0.0/16\n")
	for name, want := range map[string]string{
		"web-01.bank.example": "A", "WEB-01.Bank.Example": "A", "web-01": "A", "Web-01": "A",
		"web-01.other.example": "", // a name of another domain
		"app-01":               "B", "APP-01.any.example": "B",
		"db": "", "db.a.example": "C", "db.b.example": "D", // two have the short name
		"mail": "E", "mail.bank.example": "F", "mail.other.example": "E", // what is written goes before what is derived
		"10.1.1.1": "G", "10": "", "10.2.3.4": "G", "10.3.3.4": "", "数据库": "G",
		"": "", ".": "", "web-01.": "", strings.Repeat("x", 256): "",
	} {
		assert.Equal(t, want, tab.id(tab.host([]byte(name))), name)
	}
}

func TestEarlierListsDecide(t *testing.T) {
	tab := tableOf(t,
		"id,hostname,ip,event_tag\nA,web-01,10.0.0.0/8,t1\nB,,10.1.0.0/16,\n",
		"id,hostname,ip,event_tag\nA,hidden,10.2.0.0/16,t2\nC,web-01 app-01,10.1.0.0/16 10.1.2.0/24,t1 t3\n")
	assert.Equal(t, 1, tab.hidden)
	for name, want := range map[string]string{"web-01": "A", "hidden": "", "app-01": "C"} {
		assert.Equal(t, want, tab.id(tab.host([]byte(name))), name)
	}
	for peer, want := range map[string]string{"10.2.3.4:514": "A", "10.1.3.4:514": "B", "10.1.2.4": "C"} {
		assert.Equal(t, want, tab.id(tab.peer([]byte(peer))), peer)
	}
	for tag, want := range map[string]string{"t1": "A", "t2": "", "t3": "C", "T3": ""} {
		assert.Equal(t, want, tab.id(tab.marks.find([]byte(tag), true)), tag)
	}
}

func TestAListThatChangesIsReadAgain(t *testing.T) {
	path := write(t, "a.csv", "id,hostname\nold,web-01\n")
	other := write(t, "b.yaml", "- {id: other, hostname: app-01}\n")
	put := func(text string) {
		t.Helper()
		require.NoError(t, os.WriteFile(path+".new", []byte(text), 0o600))
		require.NoError(t, os.Rename(path+".new", path))
	}
	s, err := New(Config{Sources: []Source{{Path: path}, {Path: other}}, Reload: time.Millisecond})
	require.NoError(t, err)
	e := s.(*enricher)
	defer func() { require.NoError(t, e.Close()) }()
	name := func() string {
		tab := e.table.Load()
		return tab.id(tab.host([]byte("web-01"))) + " " + tab.id(tab.host([]byte("app-01")))
	}
	assert.Equal(t, "old other", name())
	put("id,hostname\nnew one,web-01\n")
	require.Eventually(t, func() bool { return name() == "new one other" }, time.Minute, time.Millisecond)

	// A list with faults is not taken, and neither is one that is gone; the next good one is.
	put("id,hostnaem\nbad,web-01\n")
	require.NoError(t, os.Remove(path))
	assert.Equal(t, "new one other", name())
	put("id,hostname\nnewest of all,web-01\n")
	require.Eventually(t, func() bool { return name() == "newest of all other" }, time.Minute, time.Millisecond)
}

func TestWithoutAListNothingIsSet(t *testing.T) {
	s, err := New(Config{})
	require.NoError(t, err)
	require.NoError(t, s.(sdk.Closer).Close())
}

// Names that begin with a digit and peers that are no addresses are looked at in every event.
func TestLookingUpAllocatesNothing(t *testing.T) {
	tab := tableOf(t, "id,ip,hostname\nA,10.3.0.11,web-01\nB,fe80::1,\n")
	for text, want := range map[string]string{
		"10.3.0.11:514": "A", "10.3.0.11": "A", "[fe80::1%eth0]:514": "B", "[fe80::1]:514": "B", "fe80::1": "B", "10.3.0.12:514": "", "/var/log/messages": "", "": "",
	} {
		assert.Equal(t, want, tab.id(tab.peer([]byte(text))), text)
	}
	names, peers := [][]byte{[]byte("3com-core"), []byte("WEB-01.bank.example"), []byte("10.3.0.11"), []byte("数据库")}, [][]byte{[]byte("/var/log/messages"), []byte("10.3.0.11:514")}
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
	f.Add("id,ip,hostname\nA,10.2.0.0/24,web-01\n", 0)
	f.Add("assets:\n- id: A\n  ip: [10.2.0.1, '::1']\n", 1)
	f.Add(`[{"id": "A", "ip": ["10.2.0.1", "::1"], "hostname": "web-01"}]`, 2)
	f.Fuzz(func(_ *testing.T, text string, form int) {
		s := Source{Path: []string{"a.csv", "a.yaml", "a.json"}[uint(form)%3], Lenient: form < 0}
		l, _ := s.read([]byte(text))
		tab := newTable([]*list{l})
		tab.address(netip.MustParseAddr("10.2.0.1"))
		tab.address(netip.MustParseAddr("2001:db8::1"))
		tab.host([]byte("web-01"))
	})
}
