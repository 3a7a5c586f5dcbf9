package rule

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/logcenter/logcenter/host/metadata"
	"github.com/logcenter/logcenter/sdk/schema"
)

// Detectors are what looks for what rules say.
type Detectors interface {
	// Set says what those are given that are started from now on.
	Set(rules []byte)
	// Give is Set, and has those that run and take rules look for these, at once and with what they remember. With an error
	// nothing has changed; it is a [*RefusedError] if one of them refuses some.
	Give(ctx context.Context, rules []byte) error
	// Check has them say whether they would take these; nothing changes.
	Check(ctx context.Context, rules []byte) error
}

// RefusedError says which rules a detector refuses.
type RefusedError struct {
	Detector string
	Faults   []RefusedFault
}

// RefusedFault is what it has against one of them.
type RefusedFault struct {
	Rule int    // its place in the list, from 0
	Path string // in the rule; empty is the rule as a whole
	Msg  string
}

func (e *RefusedError) Error() string {
	return fmt.Sprintf("plugin %s refuses %d of the rules", e.Detector, len(e.Faults))
}

// Options say where a library's rules come from.
type Options struct {
	Store     *metadata.Store // with [Schema]
	Directory string          // the admin's folder; empty: there is none
	Plugins   func() []Plugin // those that are to run, by id
	Detectors Detectors
	Log       *logrus.Entry
}

// Library holds the rules there are. It is safe for concurrent use.
type Library struct {
	o       Options
	changes chan struct{} // has room while nobody changes anything
	stale   chan struct{} // something is to be read again
	now     atomic.Pointer[set]
	changed atomic.Int64 // versions recorded

	// Of who changes.
	sources *sources
	heads   map[string]*Version
	told    map[Problem]bool // in the log

	mu      sync.Mutex
	refused refusals
	fault   string // why detectors have other rules than these
}

// Open reads all rules; detectors that are started later get them. What is wrong with some of them leaves those out, see
// Problems.
func Open(ctx context.Context, o Options) (*Library, error) {
	l := &Library{o: o, changes: make(chan struct{}, 1), stale: make(chan struct{}, 1), refused: refusals{}}
	var err error
	if l.heads, err = newest(ctx, o.Store); err != nil {
		return nil, err
	}
	s := &sources{own: map[string]*Document{}, unread: map[string]string{}, states: map[string]State{}}
	for id, h := range l.heads {
		if h.State != "" {
			s.states[id] = h.State
		}
		if h.Gone || h.Origin.Source != FromAPI {
			continue
		}
		docs, err := Read(id, []byte(h.Text))
		if err != nil {
			s.unread[id] = h.Text
			s.unfit = append(s.unfit, Problem{Rule: id, Place: Origin{Source: FromAPI}.String(), Msg: "is left out: " + strings.ReplaceAll(err.Error(), "\n", "; ")})
			continue
		}
		s.own[id] = docs[0]
	}
	l.sources = s
	_ = l.read(s) // what is wrong is among the problems
	return l, l.settle(ctx, s, false)
}

// read reads the files of plugins and of the admin's folder into s. The error is about the latter.
func (l *Library) read(s *sources) error {
	s.plugins = l.o.Plugins()
	s.readShipped()
	err := s.readDirectory(l.o.Directory)
	s.directoryFaults = faults(err)
	return err
}

// List returns the rules there are, by id.
func (l *Library) List() []*Rule { return l.now.Load().rules }

// Problems returns what of files and of the API does not count, and why detectors do not look for what List says.
func (l *Library) Problems() []Problem {
	now := l.now.Load()
	list := append([]Problem(nil), now.problems...)
	for _, r := range now.rules {
		if r.Problem != "" {
			list = append(list, Problem{Rule: r.ID, Place: r.Origin.String(), Msg: r.Problem, Shipped: r.Origin.Source == FromPlugin})
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fault != "" {
		list = append(list, Problem{Msg: l.fault})
	}
	return list
}

// Changes is how many versions were recorded since the library was opened.
func (l *Library) Changes() int64 { return l.changed.Load() }

// Get finds a rule; ErrNotFound.
func (l *Library) Get(id string) (*Rule, error) {
	if r := l.now.Load().byID[id]; r != nil {
		return r, nil
	}
	return nil, l.unknown(id)
}

func (l *Library) unknown(id string) error {
	var ids []string
	for _, r := range l.List() {
		ids = append(ids, r.ID)
	}
	if near := schema.Nearest(id, ids); near != "" {
		return fmt.Errorf("%w: %.100q; is it %q?", ErrNotFound, id, near)
	}
	return fmt.Errorf("%w: %.100q", ErrNotFound, id)
}

// claim waits until nobody else changes anything.
func (l *Library) claim(ctx context.Context) (done func(), err error) {
	select {
	case l.changes <- struct{}{}:
		return func() { <-l.changes }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Stale has the files of plugins read again soon: plugins were enabled, disabled or replaced. It does not wait.
func (l *Library) Stale() {
	select {
	case l.stale <- struct{}{}:
	default: // they will be
	}
}

// again is how often it is looked whether all detectors have the rules.
const again = 30 * time.Second

// Run does what Stale asks for, and sees that all detectors have the rules, until ctx is done.
func (l *Library) Run(ctx context.Context) error {
	t := time.NewTicker(again)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-l.stale:
		case <-t.C:
		}
		if err := l.follow(ctx); err != nil && ctx.Err() == nil {
			l.o.Log.WithError(err).Error("not all rules are in effect; it is tried again")
		}
	}
}

// follow brings the library to the rules that plugins ship now.
func (l *Library) follow(ctx context.Context) error {
	done, err := l.claim(ctx)
	if err != nil {
		return err
	}
	defer done()
	next := l.sources.clone()
	if plugins := l.o.Plugins(); !slices.Equal(plugins, next.plugins) {
		next.plugins = plugins
		next.readShipped()
		l.forgive()
	}
	return l.settle(ctx, next, false)
}

// forgive has rules tried again that a detector refused.
func (l *Library) forgive() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.refused = refusals{}
}

// Reload reads all files again. If anything is wrong with the admin's folder, or a detector refuses what it has, nothing has
// changed.
func (l *Library) Reload(ctx context.Context) error {
	done, err := l.claim(ctx)
	if err != nil {
		return err
	}
	defer done()
	next := l.sources.clone()
	if err := l.read(next); err != nil {
		return fmt.Errorf("the rules stay as they are: %w", err)
	}
	return l.settle(ctx, next, true)
}

// LeaveOut is asked when a detector that is being started refuses some of the rules it was given: it returns the others,
// and nil if it is none of the rules. It waits for nobody.
func (l *Library) LeaveOut(given []byte, refused *RefusedError) []byte {
	var list, left []json.RawMessage
	if json.Unmarshal(given, &list) != nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	out := map[int]bool{}
	for _, f := range refused.Faults {
		if f.Rule < len(list) {
			out[f.Rule] = true
			l.refused[string(list[f.Rule])] = Fault{Detector: refused.Detector, Path: f.Path, Msg: f.Msg}
		}
	}
	for i, one := range list {
		if !out[i] {
			left = append(left, one)
		}
	}
	l.Stale()
	if len(out) == 0 {
		return nil
	}
	rest, err := json.Marshal(append([]json.RawMessage{}, left...))
	if err != nil {
		return nil
	}
	return rest
}

// resolve is what follows from s, without what detectors refused.
func (l *Library) resolve(s *sources) (*set, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return s.resolve(l.heads, l.refused)
}

// settle brings the library to s, of which files are the news. A rule that a detector refuses is left out, or, if strictly,
// refuses everything.
func (l *Library) settle(ctx context.Context, s *sources, strictly bool) error {
	for {
		next, err := l.resolve(s)
		if err != nil {
			return err
		}
		if strictly {
			if err := l.worse(next); err != nil {
				return err
			}
		}
		err = l.give(ctx, next)
		var refused *RefusedError
		switch {
		case err == nil:
		case strictly && errors.As(err, &refused):
			return fmt.Errorf("the rules stay as they are: %w", next.located(refused))
		case strictly:
			return err
		case errors.As(err, &refused) && l.LeaveOut(next.given, refused) != nil:
			continue
		default: // those that are started later have them
			l.o.Detectors.Set(next.given)
			l.trouble(err)
		}
		if err := l.commit(ctx, s, next, change{}); err != nil {
			return err
		}
		l.tell()
		return nil
	}
}

// worse is what would be wrong and is not now.
func (l *Library) worse(next *set) error {
	var errs []error
	for _, p := range next.problems {
		if !slices.Contains(l.now.Load().problems, p) {
			errs = append(errs, fmt.Errorf("the rules stay as they are: %s", p))
		}
	}
	return errors.Join(errs...)
}

// give has the detectors look for the rules of next, if they are others than those of now.
func (l *Library) give(ctx context.Context, next *set) error {
	if l.now.Load() == nil {
		l.o.Detectors.Set(next.given)
		return nil
	}
	err := l.o.Detectors.Give(ctx, next.given)
	if err == nil {
		l.trouble(nil)
	}
	return err
}

func (l *Library) trouble(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fault = ""; err != nil {
		l.fault = "detectors have the rules of before: " + strings.ReplaceAll(err.Error(), "\n", "; ")
	}
}

// tell logs what is wrong that was not before.
func (l *Library) tell() {
	told := map[Problem]bool{}
	for _, p := range l.Problems() {
		if told[p] = true; l.told[p] {
			continue
		}
		if p.Shipped {
			l.o.Log.Warn("rules: " + p.String())
		} else {
			l.o.Log.Error("rules: " + p.String())
		}
	}
	l.told = told
}

// located is a refusal with the places of the rules.
func (s *set) located(refused *RefusedError) error {
	var errs []error
	for _, f := range refused.Faults {
		if f.Rule >= len(s.order) {
			return refused
		}
		d := s.byID[s.order[f.Rule]]
		errs = append(errs, d.Fault(f.Path, f.Msg, "plugin "+refused.Detector+" says so"))
	}
	if len(errs) == 0 {
		return refused
	}
	return errors.Join(errs...)
}

// commit records what changed and puts next into effect, of which the detectors know already.
func (l *Library) commit(ctx context.Context, s *sources, next *set, c change) error {
	list := l.compare(s, next, c)
	if err := record(ctx, l.o.Store, list); err != nil {
		if now := l.now.Load(); now != nil && !bytes.Equal(now.given, next.given) {
			l.trouble(l.o.Detectors.Give(context.WithoutCancel(ctx), now.given))
		}
		return err
	}
	for _, v := range list {
		l.heads[v.Rule] = v
		if r := next.byID[v.Rule]; r != nil {
			r.Latest = *v
			r.Latest.Text = ""
		}
	}
	l.changed.Add(int64(len(list)))
	l.sources = s
	l.now.Store(next)
	return nil
}

// change is who changes what, and why.
type change struct {
	about    []about
	by, note string
	action   Action
}

// about is a rule that a change is about, and the version that it is to have before; nil does not ask.
type about struct {
	id       string
	expected *int64
}

func (c *change) isAbout(id string) bool {
	return slices.ContainsFunc(c.about, func(a about) bool { return a.id == id })
}

// compare is what is to be recorded: the rules that c is about, and those that files have otherwise than their newest
// version.
func (l *Library) compare(s *sources, next *set, c change) (list []*Version) {
	at := time.Now().UTC()
	add := func(id string, r *Rule) {
		head := l.heads[id]
		v := &Version{Rule: id, Number: 1, At: at, State: s.states[id], Gone: r == nil}
		if head != nil {
			v.Number, v.Origin = head.Number+1, head.Origin
		}
		if r != nil {
			v.Text, v.Origin = r.Text, r.Origin
			v.Origin.Line = 0
		}
		v.By, v.Action = v.Origin.by(), Edit
		switch {
		case c.isAbout(id):
			v.By, v.Action, v.Note = c.by, c.action, c.note
		case r == nil:
			v.Action = Vanish
		case head == nil || head.Gone:
			v.Action = Appear
		}
		list = append(list, v)
	}
	for _, r := range next.rules {
		h := l.heads[r.ID]
		if c.isAbout(r.ID) || h == nil || h.Gone || h.Text != r.Text || h.Origin.Source != r.Origin.Source || h.Origin.Plugin != r.Origin.Plugin {
			add(r.ID, r)
		}
	}
	for id, h := range l.heads {
		if _, unread := s.unread[id]; !unread && !h.Gone && next.byID[id] == nil {
			add(id, nil)
		}
	}
	return list
}

// by is who changes a rule that a file has.
func (o Origin) by() string {
	switch o.Source {
	case FromPlugin:
		return "plugin " + o.Plugin + " " + o.Release
	case FromDirectory:
		return o.File
	default:
		return "host"
	}
}
