package drift_test

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/drift"
	"github.com/logcenter/logcenter/host/loadgen"
	"github.com/logcenter/logcenter/host/pipeline"
	"github.com/logcenter/logcenter/host/plugin"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/wire"
)

// corpus is made-up traffic of three devices through the real plugins.
type corpus struct {
	t       *testing.T
	gen     *loadgen.Generator
	format  loadgen.Format
	p       *pipeline.Processor
	tr      *drift.Tracker
	at      time.Time
	entry   uint64
	changed func(f loadgen.Format, line []byte) []byte // what the devices' firmware does to lines; nil: nothing
}

const (
	corpusRate  = 12 // lines a second: two million are two days
	corpusBatch = 120
)

func newCorpus(t *testing.T) *corpus {
	t.Helper()
	dir, err := filepath.Abs("../../bin/plugins")
	require.NoError(t, err)
	if _, err := os.Stat(dir); err != nil {
		t.Fatalf("%v: run make build first", err)
	}
	reg, err := plugin.Open(plugin.Options{Dirs: []string{dir}, RunDir: filepath.Join(t.TempDir(), "run"), Log: quiet()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, reg.Close()) })
	c := &corpus{t: t, at: start, tr: drift.Open(drift.Options{Persist: time.Minute, Rows: 1 << 30, Log: quiet()})}
	c.gen = loadgen.New(loadgen.Options{Seed: 5, Rate: corpusRate, Attacks: 0.1, OnLine: func(l *loadgen.Line) { c.format = l.Format }})
	var plan pipeline.Plan
	var ps []drift.Plugin
	for _, id := range []string{"dptech", "nginx", "nsfocus", "masking"} {
		require.NoError(t, reg.Enable(t.Context(), id))
		p, err := reg.Get(id)
		require.NoError(t, err)
		if m := p.Manifest(); m.Kind == wire.Kind_PARSER {
			plan.Parsers = append(plan.Parsers, p)
			ps = append(ps, drift.Plugin{ID: m.ID, Version: m.Version, Label: m.Label(), Fields: m.Writes})
		} else {
			plan.Maskers = append(plan.Maskers, p)
		}
	}
	c.tr.Plugins(ps)
	c.p = pipeline.NewProcessor(pipeline.NewPlan(plan), nil)
	return c
}

// feed sends about n lines and says how many it were until there was an alert, 0 for none.
func (c *corpus) feed(n int) int {
	c.t.Helper()
	for sent := 0; sent < n; {
		b := c.batch()
		c.entry++
		f, err := c.p.Process(c.t.Context(), pipeline.RawOf("abcdefghijklmnopqrstuv", c.entry, b))
		require.NoError(c.t, err)
		c.tr.Observe(c.at, c.entry, &pipeline.Entry{Batch: f.Batch, Dead: f.Dead})
		f.Release()
		if sent += int(b.Rows); len(c.tr.Untold()) > 0 {
			return sent
		}
	}
	return 0
}

// batch is ten seconds of lines, as an input makes one.
func (c *corpus) batch() *wire.Batch {
	c.at = c.at.Add(corpusBatch / corpusRate * time.Second)
	m := &wire.Column{Field: uint32(ecs.Message), Name: "message", Type: wire.Type_STRING, Separator: 1, Values: make([]byte, 4)}
	received := &wire.Column{Field: uint32(ecs.EventIngested), Name: "event.ingested", Type: wire.Type_TIMESTAMP}
	dict := func(f ecs.Field, entries ...string) *wire.Column {
		d := &wire.Column{Field: uint32(f), Name: f.Name(), Type: wire.Type_STRING, Encoding: wire.Encoding_DICT, Width: 1, Dict: make([]byte, 4)}
		for _, e := range entries {
			d.Data = append(d.Data, e...)
			d.Dict = binary.LittleEndian.AppendUint32(d.Dict, uint32(len(d.Data)))
		}
		return d
	}
	in, address := dict(ecs.LogcenterInput, "syslog"), dict(ecs.LogSourceAddress, "192.0.2.1:514", "192.0.2.2:514", "[2001:db8::3]:514")
	var line []byte
	for range corpusBatch {
		line = c.gen.Next(line[:0])
		if c.changed != nil {
			line = c.changed(c.format, line)
		}
		m.Data = append(append(m.Data, line...), '\n')
		m.Values = binary.LittleEndian.AppendUint32(m.Values, uint32(len(m.Data)))
		received.Values = binary.LittleEndian.AppendUint64(received.Values, uint64(c.at.UnixNano()))
		in.Values, address.Values = append(in.Values, 0), append(address.Values, byte(c.format))
	}
	b := &wire.Batch{Rows: corpusBatch, Columns: []*wire.Column{m, received, in, address}}
	for _, col := range b.Columns {
		col.Count = corpusBatch
	}
	return b
}

// Days of traffic with attacks and damaged lines raise nothing; new firmware that renames a key, or writes another
// header, is found.
func TestCorpus(t *testing.T) {
	events := 200_000
	if os.Getenv("LOGCENTER_LONG") != "" {
		events = 2_000_000
	}
	c := newCorpus(t)
	require.Zero(t, c.feed(events), "%+v", c.tr.Drifts(drift.Filter{}))
	t.Logf("%d events of %s: no alert", events, c.at.Sub(start))
	found := func(what, title string, within int, changed func(f loadgen.Format, line []byte) []byte) {
		t.Helper()
		c.changed = changed
		n := c.feed(within)
		require.NotZero(t, n, what)
		a := c.tr.Untold()[0]
		t.Logf("%s: found after %d lines of all devices: %s", what, n, a.Name)
		require.Contains(t, a.Name, title)
		c.tr.Told(a.Id)
		require.NoError(t, c.tr.Accept(a.Id))
		over := c.tr.Untold()
		require.Len(t, over, 1)
		require.Equal(t, a.Id, over[0].Recovers)
		c.tr.Told(over[0].Id)
		c.changed = nil
	}
	found("a key that is called otherwise", "source.ip (0%, ", 3000, func(f loadgen.Format, line []byte) []byte {
		if f != loadgen.Firewall {
			return line
		}
		return bytes.ReplaceAll(line, []byte("srcip(source)="), []byte("src-address="))
	})
	found("a header that no parser claims", "no parser claims ", 3000, func(f loadgen.Format, line []byte) []byte {
		if f != loadgen.IPS {
			return line
		}
		for old, now := range map[string]string{"time:": "at:", ";danger_degree:": ";level:", ";breaking_sighn:": ";sign:"} {
			line = bytes.Replace(line, []byte(old), []byte(now), 1)
		}
		return line
	})
	found("a tenth of the lines is not parsed", "nginx does not parse ", 6000, func(f loadgen.Format, line []byte) []byte {
		if f != loadgen.Web || c.entry%10 != 0 {
			return line
		}
		return bytes.Replace(line, []byte("["), []byte("("), 1)
	})
}
