// Package self has the host tell of itself as devices do: what changes about its own state becomes a log record, which goes
// the way of all records, so that search, dashboards and rules know it.
//
// The one idea: only changes are told. An [Input] is shown all parts of the host again and again and remembers of each the
// state that it told last. A state is told when it has lasted, so that a blink is no news; of one part at most twelve
// changes an hour are told, the others are counted and said with the next. So an event about trouble that its own way
// suffers from, as that the store is down, is one record and not an endless stream of them.
//
// What is open is kept in a file: over a restart, the same trouble is not told twice, and its end is told. The file also
// says whether the host before ended in order.
//
// A record is a JSON object on one line, whose keys are names of ECS with dots, as the libraries of ecs-logging write
// them. The parser plugin logcenter reads them.
package self

import (
	"context"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/logcenter/logcenter/host/input"
	"github.com/logcenter/logcenter/sdk/ecs"
)

// Name is the name of the input, the value of logcenter.input of its events; Parser is the id of the plugin that reads them.
const (
	Name   = "self"
	Parser = "logcenter"
)

// Options say what is told.
type Options struct {
	// Look returns all parts of the host as they are, and what happened since it was called last. It is called from one
	// goroutine.
	Look func(ctx context.Context, now time.Time) Report
	// Path is the file of what is open.
	Path string
	// Host is the value of host.name; Version that of the program.
	Host, Version string
	// Every is how often Look is called; 0 = 5 s.
	Every time.Duration
	// After is how long trouble must last until it is told, and Over how long it must be over. 0 = at once.
	After, Over time.Duration
	Log         *logrus.Entry
}

// Report is what there is to say at one moment.
type Report struct {
	Parts   []Part
	Moments []Moment
}

// queued bounds records that wait because the raw journal is full.
const queued = 256

// Input is an [input.Input] that is fed by the host's own parts. Made by New.
type Input struct {
	o      Options
	common input.Common
	env    input.Env
	count  input.Counters

	watcher watcher
	begun   bool // the host's start was told
}

var _ input.Input = (*Input)(nil)

// New returns the input of a host. A file of what is open that cannot be read costs only that: it is said in the log.
func New(o Options, env input.Env) (*Input, error) {
	if o.Every == 0 {
		o.Every = 5 * time.Second
	}
	in := &Input{o: o, common: input.Common{Name: Name, Parser: Parser, Encoding: "utf-8"}, env: env}
	in.watcher = watcher{after: o.After, over: o.Over, parts: map[key]*watched{}}
	if err := in.load(); err != nil {
		o.Log.WithError(err).Warn("what was open about the host itself is forgotten; it is told anew")
	}
	return in, in.common.Check()
}

// Name implements [input.Input].
func (in *Input) Name() string { return Name }

// Stats implements [input.Input].
func (in *Input) Stats() input.Stats { return in.count.Snapshot("self", &in.common) }

// Run implements [input.Input]. It looks until ctx is done; the last record is that the host stops.
func (in *Input) Run(ctx context.Context) (err error) {
	in.count.Begin()
	defer func() { in.count.End(err) }()
	batcher := input.NewBatcher(in.env, &in.common, &in.count, false)
	queue := make(chan []byte, queued)
	var writer sync.WaitGroup
	writer.Go(func() {
		feed, source := batcher.NewFeed(false), batcher.Source("127.0.0.1", "")
		for line := range queue {
			if err := feed.Line(source, line, false, time.Now().UnixNano(), 0); err != nil {
				in.count.Drop(input.DropShutdown, 1)
			}
		}
	})
	tell := func(e *event) {
		select {
		case queue <- in.record(e):
		default: // the journal is full, and this host is silent about it rather than in its way
			in.count.Drop(input.DropQueue, 1)
		}
	}
	in.watch(ctx, tell)
	close(queue)
	err = batcher.Shutdown(&writer)
	in.save(false)
	return err
}

// watch looks and tells until ctx is done.
func (in *Input) watch(ctx context.Context, tell func(*event)) {
	if !in.begun {
		in.begun = true
		tell(moment(time.Now(), in.started()))
	}
	t := time.NewTicker(in.o.Every)
	defer t.Stop()
	for ctx.Err() == nil {
		now := time.Now()
		report := in.o.Look(ctx, now)
		for _, m := range report.Moments {
			tell(moment(now, m))
		}
		if in.watcher.look(now, report.Parts, tell) || now.Sub(in.watcher.saved) >= aliveEvery {
			in.watcher.saved = now
			in.save(true)
		}
		select {
		case <-ctx.Done():
		case <-t.C:
		}
	}
	tell(moment(time.Now(), Moment{Kind: "host", Name: in.o.Host, Action: "host-stopped", Level: ecs.Informational, Reason: "it was told to stop"}))
}

// started is what is to be said of the start: how the host before ended.
func (in *Input) started() Moment {
	m := Moment{Kind: "host", Name: in.o.Host, Action: "host-started", Level: ecs.Informational, Reason: fmt.Sprintf("version %s, process %d", in.o.Version, os.Getpid())}
	if last := in.watcher.lastAlive; !last.IsZero() {
		m.Action, m.Level = "host-restarted", ecs.Error
		m.Reason = fmt.Sprintf("the host before did not end in order: it was killed, crashed or lost its power, after %s; this is version %s, process %d",
			last.UTC().Format(time.DateTime+" UTC"), in.o.Version, os.Getpid())
		m.Advice = "nothing that was acknowledged is lost; look into the log of the host and of the machine, e.g. for the OOM killer"
	}
	return m
}
