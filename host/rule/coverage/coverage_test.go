package coverage_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/rule"
	"github.com/logcenter/logcenter/host/rule/coverage"
	"github.com/logcenter/logcenter/sdk/manifest"
)

func parse(t *testing.T, text string) *manifest.Manifest {
	t.Helper()
	m, err := manifest.Parse([]byte(text))
	require.NoError(t, err)
	return m
}

func rules(t *testing.T, text string) (list []*rule.Rule) {
	t.Helper()
	docs, err := rule.Read("rules.yaml", []byte(text))
	require.NoError(t, err)
	for _, d := range docs {
		list = append(list, &rule.Rule{Document: d, State: rule.On})
	}
	return list
}

func TestCoverage(t *testing.T) {
	fw := parse(t, `{id: acmefw, kind: parser, version: 1.0.0, protocol: 1, description: Firewalls., accepts: [{prefix: ['fw:']}],
  writes: [source.ip, event.action, user.name], constants: {observer.type: firewall, event.dataset: acmefw.traffic}}`)
	web := parse(t, `{id: acmeweb, kind: parser, version: 1.0.0, protocol: 1, description: Web servers., accepts: [{prefix: ['web:']}],
  writes: [source.ip, url.path], constants: {observer.type: web_server, event.dataset: acmeweb.access}}`)
	geo := parse(t, `{id: geo, kind: enricher, version: 1.0.0, protocol: 1, description: Countries., reads: [source.ip], writes: [source.geo.country_iso_code]}`)
	list := rules(t, `rules:
  - {id: logins, name: a, query: 'event.action:login', group_by: [source.ip], tags: [attack.t1110, attack.credential-access]}
  - {id: country, name: b, type: new_value, query: 'observer.type:firewall', group_by: [user.name], values: [source.geo.country_iso_code], tags: [attack.t1110.001]}
  - {id: no-writer, name: c, query: 'dns.question.name:*evil*', tags: [attack.t1110]}
  - {id: either, name: d, query: 'dns.question.name:x OR url.path:\/admin*', stream: admin}
  - {id: no-value, name: e, query: 'event.dataset:acmefw.vpn'}
  - {id: negated, name: f, query: 'Failed AND NOT dns.question.name:x'}
  - {id: no-key, name: g, query: 'event.action:login', group_by: [process.name]}
  - {id: step, name: h, type: sequence, group_by: [source.ip], steps: [{query: 'event.action:login'}, {query: 'url.path:\/x', without: 'dns.question.name:x'}]}
  - {id: half-step, name: i, type: sequence, group_by: [source.ip], steps: [{query: 'event.action:login'}, {query: 'process.name:x'}]}
  - {id: classified, name: j, query: 'event.category:gossip'}
  - {id: wrong, name: l, query: 'source.ip:"10.0.0.0/8"'}
  - {id: misclassified, name: k, query: 'event.category:rumour'}
`)
	r := coverage.Of(coverage.Input{
		Rules: list, Plugins: []*manifest.Manifest{fw, web, geo}, Streams: []string{"admin", "forgotten"},
		Classified: map[string][]string{"event.category": {"gossip"}},
		Live:       map[string]int64{"message": 9, "source.ip": 9, "event.action": 9, "url.path": 0, "logcenter.stream": 3, "event.category": 1},
	})
	type row struct {
		verdict coverage.Verdict
		missing string
		plugins string
	}
	got := map[string]row{}
	for _, one := range r.Rules {
		w := row{verdict: one.Verdict}
		for _, m := range one.Missing {
			w.missing += m + " "
		}
		for _, p := range one.Plugins {
			w.plugins += p + " "
		}
		got[one.ID] = w
	}
	assert.Equal(t, map[string]row{
		"logins":        {coverage.Fires, "", "acmefw "},
		"country":       {coverage.Idle, "observer.type source.geo.country_iso_code user.name ", "acmefw "},
		"no-writer":     {coverage.Dead, "dns.question.name ", ""},
		"either":        {coverage.Idle, "dns.question.name url.path ", "acmeweb "},
		"no-value":      {coverage.Dead, "event.dataset:acmefw.vpn ", ""},
		"negated":       {coverage.Fires, "", ""},
		"no-key":        {coverage.Dead, "process.name ", ""},
		"step":          {coverage.Idle, "url.path ", "acmefw acmeweb "},
		"half-step":     {coverage.Dead, "process.name ", ""},
		"classified":    {coverage.Fires, "", ""},
		"wrong":         {coverage.Refused, "", ""},
		"misclassified": {coverage.Dead, "event.category:rumour ", ""},
	}, got)
	require.Len(t, r.Techniques, 2)
	assert.Equal(t, coverage.Technique{ID: "T1110", Rules: []string{"logins"}, Dead: []string{"no-writer"}, Devices: []string{"firewall"}}, r.Techniques[0])
	assert.Equal(t, []string{"forgotten"}, r.Streams)
	assert.Empty(t, r.Uncovered)

	r = coverage.Of(coverage.Input{Rules: list[:1], Plugins: []*manifest.Manifest{fw, web, geo}})
	assert.Equal(t, []coverage.Device{{Plugin: "acmeweb", Types: []string{"web_server"}}}, r.Uncovered)
	assert.Equal(t, coverage.Fires, r.Rules[0].Verdict, "nobody has looked at live events")
}

func TestWhatOneParserWritesIsNotAnothers(t *testing.T) {
	fw := parse(t, `{id: acmefw, kind: parser, version: 1.0.0, protocol: 1, description: Firewalls., accepts: [{prefix: ['fw:']}], writes: [source.ip], constants: {event.category: network}}`)
	web := parse(t, `{id: acmeweb, kind: parser, version: 1.0.0, protocol: 1, description: Web servers., accepts: [{prefix: ['web:']}], writes: [source.ip], constants: {event.category: web}}`)
	list := rules(t, `rules:
  - {id: first, name: a, query: 'event.category:network AND source.ip:*'}
  - {id: second, name: b, query: 'event.category:web AND source.ip:*'}
`)
	r := coverage.Of(coverage.Input{Rules: list, Plugins: []*manifest.Manifest{fw, web}, Classified: map[string][]string{"event.category": {"gossip"}}})
	require.Len(t, r.Rules, 2)
	assert.Equal(t, []string{"acmefw"}, r.Rules[0].Plugins)
	assert.Equal(t, []string{"acmeweb"}, r.Rules[1].Plugins, "although an admin's rule may set the field, too")
}
