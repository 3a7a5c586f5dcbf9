package certify

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/logcenter/logcenter/host/plugin"
	"github.com/logcenter/logcenter/sdk/manifest"
	"github.com/logcenter/logcenter/sdk/sample"
	"github.com/logcenter/logcenter/sdk/wire"
)

// Cost is what a plugin costs on one of its samples, and what one of its kind costs there that does nothing.
type Cost struct {
	Plugin     string  `json:"plugin"`
	Kind       string  `json:"kind"`
	Sample     string  `json:"sample"`     // name of its file
	Configured bool    `json:"configured"` // it has a configuration other than the default
	LineBytes  float64 `json:"line_bytes"` // mean length of a line
	MsPerMB    float64 `json:"ms_per_mb"`  // CPU milliseconds per MB of raw log
	NsPerLine  float64 `json:"ns_per_line"`
	Floor      float64 `json:"floor_ms_per_mb"` // of the plugin that does nothing, in the same seconds; 0: none was given
}

// CostOptions say how the cost is measured.
type CostOptions struct {
	Program string        // the plugin's binary; empty as in [Options]
	Floor   string        // folder with programs parser, enricher and masker that do nothing; empty: there is no floor
	CPU     time.Duration // processor time that is measured; 0 is 2 s
	// Progress, if set, is told what goes on.
	Progress func(sample string, done, total time.Duration)
}

// together is how many batches the plugin and its floor get in turn, so that both have the same neighbours.
const together = 4

// Costs measures the plugin in a folder on its ordinary samples: on the first one of each configuration. Errors are those
// of [Test], and of a plugin that does not answer.
func Costs(ctx context.Context, dir string, o CostOptions) (all []Cost, err error) {
	dir, err = filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	m, err := manifest.Read(dir)
	if err != nil {
		return nil, err
	}
	if o.CPU == 0 {
		o.CPU = measured
	}
	t := &tester{o: Options{Program: o.Program}, m: m, printed: &head{}}
	if t.work, err = os.MkdirTemp("", "logcenter-cost-"); err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(t.work) }() // what is left of it does no harm
	if err := t.program(ctx); err != nil {
		return nil, err
	}
	if t.files, err = sample.ReadAll(dir); err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for i := range t.files {
		f := &t.files[i]
		setup, err := f.Setup()
		if err != nil {
			return nil, err
		}
		of := string(setup.Config) + "\n" + string(setup.Rules)
		if !f.Ordinary() || seen[of] {
			continue
		}
		seen[of] = true
		c, err := t.cost(ctx, o, f, setup)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Path, err)
		}
		all = append(all, c)
	}
	return all, nil
}

// cost measures one sample.
func (t *tester) cost(ctx context.Context, o CostOptions, f *sample.File, setup sample.Setup) (c Cost, err error) {
	c = Cost{Plugin: t.m.ID, Kind: manifest.KindName(t.m.Kind), Sample: filepath.Base(f.Name), Configured: !setup.IsZero()}
	p, err := t.open(ctx, setup)
	if err != nil {
		return c, err
	}
	defer func() { _ = p.Close() }() // its folder is below a temporary one
	floor, err := t.floor(ctx, o.Floor)
	if err != nil {
		return c, err
	}
	if floor != nil {
		defer func() { _ = floor.Close() }()
	}
	both := make([]*feed, 0, 2)
	for _, p := range []*plugin.Single{p, floor} {
		if p == nil {
			continue
		}
		d, err := feedOf(p, f)
		if err == nil {
			err = d.send(ctx) // buffers grow, caches fill
		}
		if err != nil {
			return c, err
		}
		both = append(both, d)
	}
	spent, sent, err := alternate(ctx, both, o.CPU, func(done time.Duration) {
		if o.Progress != nil {
			o.Progress(c.Sample, min(done, o.CPU), o.CPU)
		}
	})
	if err != nil {
		return c, err
	}
	mb, lines := float64(sent*both[0].bytes)/1e6, float64(sent*both[0].lines)
	c.LineBytes = float64(both[0].bytes) / float64(both[0].lines)
	c.MsPerMB, c.NsPerLine = spent[0].Seconds()*1e3/mb, float64(spent[0].Nanoseconds())/lines
	if floor != nil {
		c.Floor = spent[1].Seconds() * 1e3 / mb
	}
	return c, nil
}

// alternate sends the same batches to all feeds in turn until the first one's process has used so much processor time,
// and says how much each has.
func alternate(ctx context.Context, feeds []*feed, enough time.Duration, tell func(time.Duration)) (spent []time.Duration, sent int, err error) {
	begun := make([]time.Duration, len(feeds))
	for i, d := range feeds {
		begun[i] = d.p.CPU()
	}
	spent = make([]time.Duration, len(feeds))
	for spent[0] < enough && sent*feeds[0].bytes < 8<<30 {
		for _, d := range feeds {
			for range together {
				if err := d.send(ctx); err != nil {
					return nil, 0, err
				}
			}
		}
		sent += together
		for i, d := range feeds {
			spent[i] = d.p.CPU() - begun[i]
		}
		tell(spent[0])
	}
	return spent, sent, nil
}

// floor starts the plugin that does nothing, of the kind and with the fields of the one under test; nil if none is given.
func (t *tester) floor(ctx context.Context, dir string) (*plugin.Single, error) {
	if dir == "" || t.m.Kind == wire.Kind_DETECTOR {
		return nil, nil //nolint:nilnil // no floor
	}
	abs, err := filepath.Abs(filepath.Join(dir, manifest.KindName(t.m.Kind)))
	if err != nil {
		return nil, err
	}
	m := *t.m
	m.Binary, m.Runtime = abs, ""
	return (&tester{m: &m, work: t.work, printed: t.printed}).open(ctx, sample.Setup{})
}
