package plugin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/sirupsen/logrus"
	"golang.org/x/sys/unix"
	"google.golang.org/grpc"

	"github.com/logcenter/logcenter/host/plugin/sandbox"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/wire"
)

// Single is one process of a plugin without supervision, for tools that test plugins: what a plugin does to its process
// is seen by who drives it, and nothing is sent again. It is started, checked and called as in service. Safe for
// concurrent use.
type Single struct {
	p        *process
	sockets  *sockets
	profiled sync.WaitGroup // until all of the profile has come
}

// SingleOptions say how a Single runs.
type SingleOptions struct {
	RunDir string // for private copies of binaries; made if missing, 0700
	Config []byte // JSON; nil means defaults
	Rules  []byte // JSON, for detectors; nil means none
	// Lists is the folder of the lists that rules ask for, see package sdk/watchlist, by its absolute path. Detectors that
	// take rules may read it. Empty is none: they take lists on trust, and these are empty.
	Lists    string
	Deadline time.Duration // of one call; 0 = 10 s, as in service
	Log      *logrus.Entry // gets what the plugin prints
	// Profile gets a profile of the process's processor time, in the format of pprof, once the Single is closed, and has
	// answers say in a counter what was allocated, if the plugin's SDK can; nil asks for none. It stays the caller's.
	Profile *os.File
}

// StartSingle starts the plugin of a manifest and opens it. The caller closes it.
func StartSingle(ctx context.Context, m *Manifest, o SingleOptions) (*Single, error) {
	if err := os.MkdirAll(o.RunDir, 0o700); err != nil {
		return nil, err
	}
	prog, err := prepare(m, o.RunDir)
	if err != nil {
		return nil, err
	}
	s := &Single{}
	if o.Deadline == 0 {
		o.Deadline = callDeadline
	}
	config := o.Config
	if config == nil {
		config = json.RawMessage("{}")
	}
	var settings Settings
	if err := json.Unmarshal(config, &settings.Config); err != nil {
		return nil, fmt.Errorf("config: %w", err)
	}
	may, err := policy(m, settings, "")
	if err != nil {
		return nil, err
	}
	lists := listsFor(m, o.Lists)
	if lists != "" {
		may.Read = append(may.Read, lists)
	}
	if s.sockets, err = openSockets(); err != nil {
		return nil, err
	}
	profile, err := s.profile(o.Profile)
	if err != nil {
		return nil, errors.Join(err, s.sockets.Close())
	}
	s.p, err = start(ctx, launch{
		manifest: m, program: prog, policy: prog.confine(may), mode: SandboxOn, spin: spinWindow,
		socketDir: s.sockets.dir, config: config, rules: o.Rules, lists: lists, shm: m.Trusted && m.Runtime == "",
		profile: profile, deadline: o.Deadline, log: newLog(o.Log, m.ID, nil),
	})
	if profile != nil {
		err = errors.Join(err, profile.Close()) // the process has it
	}
	if err != nil {
		return nil, errors.Join(err, s.sockets.Close())
	}
	return s, nil
}

// profile is the end of a pipe whose other one goes into a file, since a plugin's process must let no file grow; nil
// for no file.
func (s *Single) profile(into *os.File) (*os.File, error) {
	if into == nil {
		return nil, nil
	}
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	s.profiled.Go(func() {
		_, _ = io.Copy(into, r) // what is missing shows when the profile is read
		_ = r.Close()
	})
	return w, nil
}

// PID is the process.
func (s *Single) PID() int { return s.p.pid }

// CPU is the processor time that the process has used.
func (s *Single) CPU() time.Duration { return sandbox.CPU(s.p.pid) }

// SDK is what the plugin is made with, e.g. go/0.1.0; empty if it does not say.
func (s *Single) SDK() string { return s.p.sdk }

// ConfigSchema is the JSON Schema of the plugin's config.
func (s *Single) ConfigSchema() []byte { return s.p.schema }

// Failure is why the process is of no more use, nil as long as it is.
func (s *Single) Failure() error {
	select {
	case <-s.p.failed:
		return s.p.failure
	default:
		return s.p.ping()
	}
}

// Process has the plugin handle a batch, as in service: the answer is checked, and stripped of what the manifest does
// not grant. Any error but ctx's means that the process is of no more use. The reply must be released.
func (s *Single) Process(ctx context.Context, b *wire.Batch) (*Reply, error) {
	r, err := s.p.process(ctx, b)
	if err == nil && r.Error != "" {
		err = fmt.Errorf("it failed on the batch: %s", r.Error)
		r.Release()
		return nil, err
	}
	return r, err
}

// Detect has a detector look at a batch, as in service. The alerts are the caller's.
func (s *Single) Detect(ctx context.Context, b *wire.Batch) (*wire.Result, error) {
	r, err := s.p.process(ctx, b)
	if err != nil {
		return nil, err
	}
	defer r.Release()
	return detected(r.Result), nil
}

// Tick tells a detector how far event time has come, as in service. The alerts are the caller's.
func (s *Single) Tick(ctx context.Context, watermark time.Time, offset uint64) (*wire.Result, error) {
	return s.p.tick(ctx, &wire.TickRequest{WatermarkNs: watermark.UnixNano(), Offset: offset})
}

// Report tells a detector the time as Tick does, and has it say how its rules fare. One that cares neither for time nor
// for rules says nothing.
func (s *Single) Report(ctx context.Context, watermark time.Time, offset uint64) (*wire.Result, error) {
	return s.p.tick(ctx, &wire.TickRequest{WatermarkNs: watermark.UnixNano(), Offset: offset, Report: true})
}

// Snapshot returns the state of a detector, and the offset of the last batch that is in it.
func (s *Single) Snapshot(ctx context.Context) (offset uint64, state []byte, err error) {
	return s.p.snapshot(ctx)
}

// Restore replaces the state of a detector.
func (s *Single) Restore(ctx context.Context, offset uint64, state []byte) error {
	return s.p.restore(ctx, offset, state)
}

// Reads are the fields that the plugin wants to be sent under its config.
func (s *Single) Reads() []ecs.Field {
	switch {
	case s.p.reads == nil && s.p.m.ReadsAll:
		return ecs.All()
	case s.p.reads == nil:
		return slices.Clone(s.p.m.Reads)
	}
	out := make([]ecs.Field, 0, len(s.p.reads.Fields))
	for _, id := range s.p.reads.Fields {
		out = append(out, ecs.Field(id))
	}
	return out
}

// Yield has the process work when nobody else wants the processor.
func (s *Single) Yield() error {
	group, err := unix.Getpgid(s.p.pid)
	if err != nil {
		return err
	}
	if group != s.p.pid { // it is not confined, and the group is the host's
		return unix.Setpriority(unix.PRIO_PROCESS, s.p.pid, lowest)
	}
	return unix.Setpriority(unix.PRIO_PGRP, group, lowest)
}

// lowest is the greatest niceness there is.
const lowest = 19

// Call hands the plugin a batch as it is, of any size, and returns its answer as it is. The process outlives an error.
func (s *Single) Call(ctx context.Context, b *wire.Batch) (*wire.Result, error) {
	return s.p.stage.Process(ctx, b, grpc.MaxCallSendMsgSize(2*wire.MaxMessageBytes))
}

// Notify has a notifier deliver an alert. An error says that it did not answer; it is [context.DeadlineExceeded] if the
// time of ctx is over.
func (s *Single) Notify(ctx context.Context, a *wire.Alert) (*wire.NotifyResponse, error) {
	return s.p.notify(ctx, a)
}

// OpenAgain opens the plugin a second time, which it must refuse.
func (s *Single) OpenAgain(ctx context.Context) error {
	_, err := s.p.stage.Open(ctx, &wire.OpenRequest{})
	return err
}

// Close lets the plugin finish, and ends its process.
func (s *Single) Close() error {
	if s.Failure() != nil {
		s.p.kill()
	} else {
		s.p.close()
	}
	s.profiled.Wait()
	return s.sockets.Close()
}

// detected is what a detector answered, in memory of its own.
func detected(r *wire.Result) *wire.Result {
	for _, a := range r.Alerts {
		mendAlert(a)
	}
	for _, s := range r.Rules {
		s.Rule, s.Error = mend(s.Rule), mend(s.Error)
	}
	return &wire.Result{Alerts: r.Alerts, Rules: r.Rules, Error: mend(r.Error)}
}
