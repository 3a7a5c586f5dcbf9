package sigma_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	library "github.com/logcenter/logcenter/host/rule"
	"github.com/logcenter/logcenter/host/sigma"
	"github.com/logcenter/logcenter/sdk/manifest"
	"github.com/logcenter/logcenter/sdk/rule"
)

// TestMain makes the fields of the shipped parsers known.
func TestMain(m *testing.M) {
	dirs, err := filepath.Glob("../../plugins/*/*/" + manifest.Name)
	if err != nil || len(dirs) == 0 {
		panic("there are no plugins")
	}
	for _, d := range dirs {
		if _, err := manifest.Read(filepath.Dir(d)); err != nil {
			panic(err)
		}
	}
	m.Run()
}

const head = `
title: T
id: 11111111-2222-3333-4444-555555555555
logsource: {product: windows, service: security}
detection:
`

const where = "event.module:windows AND log.logger:Security AND "

func convert(t *testing.T, text string) []sigma.Result {
	t.Helper()
	out := sigma.Convert([]sigma.File{{Name: "t.yml", Text: []byte(text)}}, sigma.Options{})
	require.NotEmpty(t, out)
	return out
}

func TestDetections(t *testing.T) {
	f := func(detection, want string) {
		t.Helper()
		r := convert(t, head+"  "+strings.ReplaceAll(strings.TrimSpace(detection), "\n", "\n  "))[0]
		if reason, refused := strings.CutPrefix(want, "! "); refused {
			assert.Nil(t, r.Rule)
			assert.Contains(t, string(r.Reason)+": "+r.Detail, reason)
			return
		}
		if assert.NotNil(t, r.Rule, "%s: %s", r.Reason, r.Detail) {
			assert.Equal(t, where+want, r.Rule.Query)
		}
	}
	one := func(item, want string) {
		t.Helper()
		f("s:\n  "+item+"\ncondition: s", want)
	}
	// values
	one(`EventID: 4688`, `event.code:"4688"`)
	one(`Image: 'C:\a\cmd.exe'`, `process.executable:/^C:\\a\\cmd\.exe$/i`)
	one(`Image: 'C:\a\\*\cmd.ex?'`, `process.executable:/^C:\\a\\.*\\cmd\.ex.$/i`)
	one(`Image: '*\cmd.exe'`, `process.executable:/\\cmd\.exe$/i`)
	one(`Image: 'a\*b\?c\\d'`, `process.executable:/^a\*b\?c\\d$/i`)
	one(`Image: 'a\\*'`, `process.executable:/^a\\/i`)
	one(`Image: '*'`, `_exists_:process.executable`)
	one(`Image: null`, `NOT _exists_:process.executable`)
	one(`Image: ''`, `NOT _exists_:process.executable`)
	one(`Image: [a.exe, b.exe]`, `(process.executable:/^a\.exe$/i OR process.executable:/^b\.exe$/i)`)
	one(`TaskName: '12:34'`, `windows.task:"12:34"`)
	one(`TaskName: '12*'`, `windows.task:12*`)
	one(`TaskName|contains: '1*2'`, `windows.task:*1*2*`)
	one(`IpAddress: 10.0.0.1`, `source.ip:10.0.0.1`)
	one(`IpAddress: '::1'`, `source.ip:"::1"`)
	one(`IpAddress|startswith: '10.1.'`, `source.ip:10.1.0.0/16`)
	one(`IpAddress: '-'`, `NOT _exists_:source.ip`)
	one(`IpAddress|contains: '7.'`, `! value does not fit the field`)
	one(`IpPort: 445`, `source.port:445`)
	one(`user.name: root`, `user.name:/^root$/i`)
	// modifiers
	one(`CommandLine|startswith: a`, `process.command_line:/^a/i`)
	one(`CommandLine|endswith: a`, `process.command_line:/a$/i`)
	one(`CommandLine|contains|all: [a, b]`, `process.command_line:/a/i AND process.command_line:/b/i`)
	one(`CommandLine|cased: Ab`, `process.command_line:"Ab"`)
	one(`CommandLine|contains|windash: ' -enc '`, `process.command_line:/ [\-\/–—―]enc /i`)
	one(`CommandLine|re: 'a.*?b+?'`, `process.command_line:/a.*b+/`)
	one(`CommandLine|re|i: 'a[*?]'`, `process.command_line:/a[*?]/i`)
	one(`CommandLine|re: '(?i)a'`, `process.command_line:/a/i`)
	one(`CommandLine|re: 'a(?=b)'`, `! regular expression is not supported`)
	one(`CommandLine|base64: foobar`, `process.command_line:"Zm9vYmFy"`)
	one(`CommandLine|base64offset|contains: foobar`, `(process.command_line:*Zm9vYmFy* OR process.command_line:*Zvb2Jhc* OR process.command_line:*mb29iYX*)`)
	one(`CommandLine|wide|base64offset|contains: 'a1'`, `(process.command_line:*YQAxA* OR process.command_line:*EAMQ* OR process.command_line:*hADEA*)`)
	one(`IpPort|gte: 1024`, `source.port:>=1024`)
	one(`IpPort|lt: 1024`, `source.port:<1024`)
	one(`IpAddress|cidr: [10.0.0.0/8, '2001:db8::/32']`, `(source.ip:10.0.0.0/8 OR source.ip:2001:db8::/32)`)
	one(`Image|exists: false`, `NOT _exists_:process.executable`)
	one(`Image|neq: 'a.exe'`, `NOT process.executable:/^a\.exe$/i`)
	one(`Image|fieldref: ParentImage`, `! modifier is not supported: Image|fieldref: fieldref`)
	// placeholders, as in the specification
	one(`SubjectUserName|expand: '%Administrators%'`, `(user.name:list(Administrators) OR source.user.name:list(Administrators))`)
	one(`Image|expand: ['%x%', '%y%', 'C:\a']`, `(process.executable:list(x) OR process.executable:list(y) OR process.executable:/^C:\\a$/i)`)
	one(`Image|expand|all: ['%x%', '%y%']`, `process.executable:list(x) AND process.executable:list(y)`)
	one(`Image|expand|neq: '%x%'`, `NOT process.executable:list(x)`)
	one(`Image|cased|expand: '%DC-MACHINE-NAME%'`, `process.executable:list(DC-MACHINE-NAME)`)
	one(`IpAddress|expand: '%Servers%'`, `source.ip:list(Servers)`)
	one(`IpAddress|cidr|expand: ['%Servers%', 10.0.0.0/8]`, `(source.ip:list(Servers) OR source.ip:10.0.0.0/8)`)
	one(`Image: '%x%'`, `process.executable:/^%x%$/i`)
	one(`Image|expand: '\%x\%'`, `process.executable:/^%x%$/i`)
	one(`Image|expand: '100%'`, `process.executable:"100%"`)
	one(`Image|expand: '\%plain%name%'`, `! modifier is not supported: Image: \%plain%name% has a text beside a placeholder, and the entries of a list are compared as a whole`)
	one(`Image|expand: '%a%%b%'`, `! has a text beside a placeholder`)
	for _, other := range []string{"contains", "startswith", "endswith", "re", "windash", "base64", "exists", "gt"} {
		one(`Image|`+other+`|expand: '%x%'`, `! modifier is not supported: Image|`+other+`|expand: expand with `+other+`: a placeholder is a list, whose entries are compared as a whole`)
	}
	one(`Image|expand|contains: '%x%'`, `! expand with contains`)
	one(`Image|cidr|expand: '%x%'`, `! value does not fit the field: Image|expand: process.executable is of type keyword`)
	one(`IpPort|expand: '%x%'`, `! value does not fit the field: IpPort|expand: source.port is of type long`)
	one(`Hashes|expand: '%x%'`, `! value does not fit the field: Hashes: %x%`)
	one(`Image|expand: '%a b%'`, `! value does not fit the field: Image|expand: "a b" cannot be the name of a list`)
	f("s:\n  Image|expand: '%x%'\n  IpAddress|expand: '%x%'\ncondition: s", `! %x% is of type ip here, and list x of type user in the same rule: say lists: {x: {ip: NAME, user: NAME}} in a file of --map`)
	f("k:\n  '|expand': ['%x%']\ncondition: k", `! modifier is not supported: |expand: a placeholder is a list, and lists are for fields`)
	// fields
	one(`Hashes|contains: [MD5=AB, 'SHA256=CD']`, `(process.hash.md5:/^AB$/i OR file.hash.md5:/^AB$/i OR process.hash.sha256:/^CD$/i OR file.hash.sha256:/^CD$/i)`)
	one(`Initiated: 'true'`, `network.direction:"outbound"`)
	one(`SubjectUserName: a`, `(user.name:/^a$/i OR source.user.name:/^a$/i)`)
	one(`Nonsense: a`, `! field is not known: Nonsense (product: windows, service: security)`)
	// words
	f("k: [mimikatz, 'lsadump::sam']\ncondition: k", `("mimikatz" OR "lsadump::sam")`)
	f("k:\n  '|all': [a b, c]\ncondition: k", `"a b" AND "c"`)
	f("k: ['***']\ncondition: k", `! value does not fit the field`)
	// conditions
	three := "a:\n  EventID: 1\nb1:\n  EventID: 2\nb2:\n  EventID: 3\n_x:\n  EventID: 4\n"
	f(three+"condition: a or b1 and not b2", `(event.code:"1" OR (event.code:"2" AND NOT event.code:"3"))`)
	f(three+"condition: (a or b1) and b2", `(event.code:"1" OR event.code:"2") AND event.code:"3"`)
	f(three+"condition: 1 of b*", `(event.code:"2" OR event.code:"3")`)
	f(three+"condition: all of b*", `event.code:"2" AND event.code:"3"`)
	f(three+"condition: a and not 1 of b*", `event.code:"1" AND NOT (event.code:"2" OR event.code:"3")`)
	f(three+"condition: 1 of them", `(event.code:"1" OR event.code:"2" OR event.code:"3")`)
	f(three+"condition: [a, b1]", `(event.code:"1" OR event.code:"2")`)
	f(three+"condition: a and", `! condition is not supported`)
	f(three+"condition: 2 of them", `! condition is not supported: 2 of them: 1 and all are supported`)
	f(three+"condition: nope", `! condition is not supported: there is no "nope"`)
	f(three+"condition: a | count() > 5", `! condition is not supported`)
	f("a:\n  - EventID: 1\n    Image|exists: true\n  - EventID: 2\ncondition: a", `((event.code:"1" AND _exists_:process.executable) OR event.code:"2")`)
}

func TestWhatGoesAround(t *testing.T) {
	r := convert(t, `
title: Log cleared
id: 1f
status: stable
description: Somebody cleared it.
author: Somebody
references: [https://example.org]
falsepositives: [Backups]
level: high
tags: [attack.t1070.001, attack.defense_evasion, attack.g0016, cve.2020-1]
logsource: {product: windows, service: security}
fields: [SubjectUserName]
detection:
  s: {EventID: 1102}
  condition: s
`)[0]
	require.NotNil(t, r.Rule)
	assert.Equal(t, "sigma-1f", r.Rule.ID)
	assert.Equal(t, "Error", r.Rule.Severity)
	assert.Equal(t, 2, r.Rule.Priority)
	assert.Equal(t, []string{"attack.t1070.001", "attack.defense-evasion", "cve.2020-1"}, r.Rule.Tags)
	assert.Equal(t, []string{"host.name"}, r.Rule.GroupBy)
	assert.Equal(t, []string{"user.name"}, r.Rule.Fields)

	text, err := sigma.Write([]sigma.Result{r})
	require.NoError(t, err)
	docs, err := library.Read("out.yaml", text)
	require.NoError(t, err, string(text))
	require.Len(t, docs, 1)
	assert.Equal(t, *r.Rule, docs[0].Rule, "what is written is read again as it was")

	for text, want := range map[string]sigma.Reason{
		strings.Replace(head, "service: security", "service: nope", 1) + "  s: {EventID: 1}\n  condition: s": sigma.NoLogSource,
		head + "  s: {EventID: 1}\n  condition: s\nstatus: deprecated":                                       sigma.Outdated,
		"title: x\n": sigma.BadRule,
		"title: [":   sigma.BadRule,
	} {
		assert.Equal(t, want, convert(t, text)[0].Reason, text)
	}
}

const parts = `
title: Failed
name: failed
logsource: {product: windows, service: security}
detection: {s: {EventID: 4625}, condition: s}
---
title: Succeeded
name: succeeded
logsource: {product: linux, service: sshd}
detection: {s: {event.outcome: success}, condition: s}
---
`

func TestCorrelations(t *testing.T) {
	f := func(correlation string, want func(*rule.Rule), refused string) {
		t.Helper()
		results := convert(t, parts+"title: C\nid: c1\ncorrelation:\n  "+strings.ReplaceAll(strings.TrimSpace(correlation), "\n", "\n  "))
		r := results[2]
		if refused != "" {
			assert.Nil(t, r.Rule)
			assert.Contains(t, string(r.Reason)+": "+r.Detail, refused)
			return
		}
		require.NotNil(t, r.Rule, "%s: %s", r.Reason, r.Detail)
		want(r.Rule)
		assert.True(t, results[0].Part, "the rule that it is made of is a part of it")
	}
	const failed = `event.module:windows AND log.logger:Security AND event.code:"4625"`
	f("type: event_count\nrules: [failed]\ngroup-by: [IpAddress]\ntimespan: 10m\ncondition: {gte: 20}", func(r *rule.Rule) {
		assert.Equal(t, "frequency", r.Type)
		assert.Equal(t, failed, r.Query)
		assert.Equal(t, []string{"source.ip"}, r.GroupBy)
		assert.InDelta(t, 19, r.Threshold, 0)
	}, "")
	f("type: value_count\nrules: [failed]\ngroup-by: [IpAddress]\ntimespan: 1d\ncondition: {gt: 5, field: TargetUserName}", func(r *rule.Rule) {
		assert.Equal(t, "distinct", r.Aggregate)
		assert.Equal(t, "user.target.name", r.Field)
		assert.Equal(t, "24h0m0s", r.Window.String())
	}, "")
	f("type: temporal_ordered\nrules: [failed, succeeded]\ngroup-by: [ip]\ntimespan: 5m\naliases: {ip: {failed: IpAddress, succeeded: source.ip}}", func(r *rule.Rule) {
		assert.Equal(t, "sequence", r.Type)
		assert.Equal(t, []string{"source.ip"}, r.Steps[1].By)
		assert.Equal(t, failed, r.Steps[0].Query)
	}, "")
	f("type: temporal\nrules: [failed, succeeded]\ngroup-by: [user.name]\ntimespan: 5m", func(r *rule.Rule) {
		assert.Equal(t, "simultaneous", r.Type)
	}, "")
	f("type: value_percentile\nrules: [failed]\ngroup-by: [IpAddress]\ntimespan: 5m\ncondition: {lte: 1, field: Image}", nil, "correlation is not supported: type: value_percentile")
	f("type: event_count\nrules: [failed]\ngroup-by: [IpAddress]\ntimespan: 5m\ncondition: {lt: 3}", nil, "condition.lt of a event_count")
	f("type: event_count\nrules: [nope]\ngroup-by: [IpAddress]\ntimespan: 5m\ncondition: {gt: 3}", nil, "there is no rule nope")
	f("type: event_count\nrules: [failed]\ngroup-by: [IpAddress]\ntimespan: soon\ncondition: {gt: 3}", nil, "timespan")
}

func TestMapping(t *testing.T) {
	m := sigma.Builtin()
	require.NoError(t, m.Add("own.yaml", []byte(`
logsources: [{product: acme, query: 'observer.vendor:Acme', fields: [acme]}]
fields: {acme: {Act: event.action}}
`)))
	r := sigma.Convert([]sigma.File{{Name: "a.yml", Text: []byte("title: A\nlogsource: {product: acme}\ndetection: {s: {Act: deny}, condition: s}")}}, sigma.Options{Mapping: m})
	require.NotNil(t, r[0].Rule, r[0].Detail)
	assert.Equal(t, "observer.vendor:Acme AND event.action:/^deny$/i", r[0].Rule.Query)

	for text, want := range map[string]string{
		"logsources: [{product: x, query: 'a AND'}]": "own.yaml: logsources[0].query (product: x): ",
		"logsources: [{product: x, fields: [y]}]":    `own.yaml: logsources[0].fields (product: x): there is no table "y"`,
		"logsourcs: []":                      "own.yaml:1: logsourcs: unknown key (known keys: logsources, fields, lists)",
		"logsources: [{produkt: x}]":         "own.yaml:1: produkt: unknown key (known keys: product, category, service, query, fields)",
		"fields: {x: {A: {values: {a: b}}}}": "want field, or parts",
	} {
		assert.ErrorContains(t, m.Add("own.yaml", []byte(text)), want, text)
	}
}

// A rule that is there twice would be refused by the host with all others of its folder.
func TestTwice(t *testing.T) {
	one := "title: A\nid: 1\nlogsource: {product: windows, service: security}\ndetection: {s: {EventID: 4625}, condition: s}\n"
	r := sigma.Convert([]sigma.File{{Name: "a.yml", Text: []byte(one)}, {Name: "copy.yml", Text: []byte(one)}}, sigma.Options{})
	require.NotNil(t, r[0].Rule, r[0].Detail)
	assert.Nil(t, r[1].Rule)
	assert.Equal(t, sigma.Twice, r[1].Reason)
	assert.Equal(t, "sigma-1 is that of a.yml, line 1", r[1].Detail)
}

// TestLists: placeholders are the lists of the mapping, and results tell which these are.
func TestLists(t *testing.T) {
	rule := func(id, item string) sigma.File {
		return sigma.File{Name: id + ".yml", Text: []byte("title: " + id + "\nid: " + id + "\nlogsource: {product: windows, service: security}\ndetection: {s: {" + item + "}, condition: s}\n")}
	}
	names := rule("a", "TargetUserName|expand: '%Servers%'")
	addresses := rule("b", "IpAddress|expand: '%Servers%'")
	counted := sigma.File{Name: "c.yml", Text: []byte("title: c\nid: c\ncorrelation: {type: event_count, rules: [b], group-by: [IpAddress], timespan: 5m, condition: {gt: 3}}\n")}

	r := sigma.Convert([]sigma.File{names, addresses, counted}, sigma.Options{})
	assert.Equal(t, []sigma.List{{Name: "Servers", Type: "user"}}, r[0].Lists)
	assert.Contains(t, r[0].Notes, "list Servers of type user must be there")
	assert.Equal(t, sigma.NoValue, r[1].Reason)
	assert.Contains(t, r[1].Detail, "list Servers of type user in rule a: say lists: {Servers: {ip: NAME, user: NAME}} in a file of --map")
	assert.Equal(t, sigma.MissingRelated, r[2].Reason)

	m := sigma.Builtin()
	require.NoError(t, m.Add("own.yaml", []byte("lists: {Servers: {ip: server-addresses, user: server-names}, Workstations: clients}")))
	r = sigma.Convert([]sigma.File{names, addresses, counted, rule("d", "Image|cased|expand: '%Workstations%'")}, sigma.Options{Mapping: m})
	assert.Equal(t, []sigma.List{{Name: "server-names", Type: "user"}}, r[0].Lists)
	assert.Equal(t, []sigma.List{{Name: "server-addresses", Type: "ip"}}, r[1].Lists)
	assert.Equal(t, r[1].Lists, r[2].Lists, "a correlation asks for those of its parts")
	assert.Contains(t, r[2].Notes, "list server-addresses of type ip must be there")
	assert.Equal(t, []sigma.List{{Name: "clients", Type: "keyword"}}, r[3].Lists)

	assert.ErrorContains(t, m.Add("own.yaml", []byte("lists: {Servers: 'a b'}")), `own.yaml: line 1: lists: "a b" cannot be the name of a list`)
	assert.ErrorContains(t, m.Add("own.yaml", []byte("lists: {Servers: {name: a}}")), `"name" is no type that placeholders have: write one of ip, user, keyword`)
}
