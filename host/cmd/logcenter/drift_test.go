package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/logcenter/logcenter/host/drift"
)

// drifts is a host that knows one drift of a firewall.
type drifts struct{}

func (drifts) Keys(f drift.Filter) []drift.Key {
	if f.Plugin != "" && f.Plugin != "dptech" {
		return nil
	}
	return []drift.Key{
		{Kind: "unrecognised", Device: "192.0.2.1", Hosts: []string{"fw01"}, Input: "syslog", Seen: noon, Learned: true, Rates: []drift.Rate{{Baseline: 0.001, Current: 0, Lines: 900, Judged: true}}},
		{Kind: "unparsed", Device: "192.0.2.9", Plugin: "dptech", Version: "0.1.0", Seen: noon, Rates: []drift.Rate{{Lines: 12}}},
		{
			Kind: "fields", Device: "fw01", Plugin: "dptech", Version: "0.1.0", Dataset: "dptech.traffic", Seen: noon, Learned: true, Drift: "0f3c5a1e9b7d2c46",
			Rates: []drift.Rate{{Field: "user.name", Baseline: 0.4, Current: 0.9}, {Field: "source.ip", Baseline: 1, Current: 0.02, Lines: 900, Judged: true}},
		},
	}
}

func (drifts) Drifts(drift.Filter) []drift.Drift {
	return []drift.Drift{{
		ID: "0f3c5a1e9b7d2c46", State: "open", Kind: "fields", Device: "fw01", Plugin: "dptech", Version: "0.1.0", Dataset: "dptech.traffic", Since: noon,
		Raised: noon.Add(time.Minute), Lines: 1234, Changes: []drift.Change{{Field: "source.ip", Before: 1, After: 0.02}}, Advice: "ask for a version of dptech that knows it",
		Before: []drift.Sample{{EventID: "e-1", Text: "srcip=192.0.2.7"}}, After: []drift.Sample{{EventID: "e-2", Text: "src\x1b[0m=192.0.2.7"}, {EventID: "e-3", Text: "src=192.0.2.8"}},
	}}
}

func (drifts) Accept(id string) error {
	if id != "0f3c5a1e9b7d2c46" {
		return drift.ErrUnknown
	}
	return nil
}

func TestDriftCommands(t *testing.T) {
	newHost(t)
	out, _ := runs(t, "drift", "list")
	golden(t, "drift-list.txt", out)
	out, errs := runs(t, "drift", "list", "--limit", "1")
	assert.NotContains(t, out, "fw01  dptech")
	assert.Contains(t, errs, "2 more: --limit shows them")
	out, _ = runs(t, "drift", "list", "--plugin", "nobody", "-o", "csv")
	assert.Equal(t, "device,hosts,plugin,dataset,rate of,usual,now,seen,state\n", out)
	out, _ = runs(t, "drift", "show", "0f3c5a1e9b7d2c46")
	golden(t, "drift-show.txt", out)
	out, _ = runs(t, "drift", "show", "0f3c5a1e9b7d2c46", "-o", "json")
	assert.Contains(t, out, `"advice": "ask for a version of dptech that knows it"`)
	code, _, errs := run(t, "drift", "show", "x")
	assert.Equal(t, exitWrong, code)
	assert.Contains(t, errs, "drift list")
	out, _ = runs(t, "drift", "accept", "0f3c5a1e9b7d2c46")
	assert.Equal(t, "the lines of fw01 are as they should be; what is usual is learned again\n", out)
	code, _, errs = run(t, "drift", "accept", "x")
	assert.Equal(t, exitWrong, code)
	assert.Contains(t, errs, "no open drift has this id (`logcenter drift list` lists them)")
}
