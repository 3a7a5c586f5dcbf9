package service

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/logcenter/logcenter/host/api"
	"github.com/logcenter/logcenter/host/deadletter"
	"github.com/logcenter/logcenter/host/input"
	"github.com/logcenter/logcenter/host/journal"
	"github.com/logcenter/logcenter/host/pipeline"
	"github.com/logcenter/logcenter/host/plugin"
	"github.com/logcenter/logcenter/host/redrive"
	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/host/stream"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/manifest"
	"github.com/logcenter/logcenter/sdk/query"
	"github.com/logcenter/logcenter/sdk/wire"
)

const (
	detectorKind = wire.Kind_DETECTOR
	notifierKind = wire.Kind_NOTIFIER
	parserKind   = wire.Kind_PARSER
	enricherKind = wire.Kind_ENRICHER
	maskerKind   = wire.Kind_MASKER
)

func newRouter(selectors []stream.Selector) (*pipeline.Router, error) {
	nodes := make(map[string]query.Node, len(selectors))
	for _, s := range selectors {
		nodes[s.Name] = s.Node
	}
	return pipeline.NewRouter(nodes)
}

// The types below show the parts to the API in its own terms.

type pluginsAPI struct{ s *Service }

func (a pluginsAPI) List(ctx context.Context) (out []api.PluginInfo, err error) {
	lag, err := a.lags(ctx)
	if err != nil {
		return nil, err
	}
	for _, p := range a.s.plugins.All() {
		i := a.info(p)
		i.LagSeconds = lag(p)
		out = append(out, i)
	}
	return out, nil
}

func (a pluginsAPI) Info(ctx context.Context, id string) (api.PluginInfo, error) {
	p, err := a.s.plugins.Get(id)
	if err != nil {
		return api.PluginInfo{}, fmt.Errorf("%w: %w", api.ErrNotFound, err)
	}
	lag, err := a.lags(ctx)
	if err != nil {
		return api.PluginInfo{}, err
	}
	i := a.info(p)
	i.LagSeconds = lag(p)
	return i, nil
}

// lags says of a plugin for how many seconds what it is to do has waited; nil where nobody knows.
func (a pluginsAPI) lags(ctx context.Context) (func(*plugin.Plugin) *float64, error) {
	channels, err := a.s.outbox.Channels(ctx)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	_, groups := a.s.watch.lags(now, a.s.raw.Stats(), a.s.events.Stats())
	detectors, watched := groups[alertGroup]
	notifiers := map[string]time.Duration{}
	for i := range channels {
		if c := &channels[i]; !c.Oldest.IsZero() {
			notifiers[c.Plugin] = max(notifiers[c.Plugin], now.Sub(c.Oldest))
		}
	}
	return func(p *plugin.Plugin) *float64 {
		if state, _ := p.State(); state == plugin.Disabled {
			return nil
		}
		var seconds float64
		switch m := p.Manifest(); m.Kind {
		case detectorKind:
			if !watched {
				return nil
			}
			seconds = detectors.Seconds()
		case notifierKind:
			seconds = notifiers[m.ID].Seconds()
		default:
			return nil
		}
		return &seconds
	}, nil
}

func (a pluginsAPI) Enable(ctx context.Context, id, by string) (api.PluginInfo, error) {
	a.s.switching.Lock()
	defer a.s.switching.Unlock()
	if err := a.s.enable(ctx, id); err != nil {
		return api.PluginInfo{}, err
	}
	if err := a.s.packages.Switch(id, true, by); err != nil {
		return api.PluginInfo{}, err
	}
	return a.Info(ctx, id)
}

func (a pluginsAPI) Disable(ctx context.Context, id, by string, unmasked bool) (api.PluginInfo, error) {
	a.s.switching.Lock()
	defer a.s.switching.Unlock()
	if !unmasked && a.s.lastMasker(id) {
		return api.PluginInfo{}, fmt.Errorf("%w: %s is the only masking plugin: without it passwords and card numbers are stored as they come", api.ErrConflict, id)
	}
	if err := a.s.plugins.Disable(id); err != nil {
		return api.PluginInfo{}, fmt.Errorf("%w: %w", api.ErrNotFound, err)
	}
	if err := a.s.packages.Switch(id, false, by); err != nil {
		return api.PluginInfo{}, err
	}
	return a.Info(ctx, id)
}

func (a pluginsAPI) info(p *plugin.Plugin) api.PluginInfo {
	m := p.Manifest()
	state, reason := p.State()
	i := api.PluginInfo{
		ID: m.ID, Kind: manifest.KindName(m.Kind), Version: m.Version, Description: m.Description,
		State: string(state), Reason: reason, PID: p.PID(), Started: p.Started(),
		Restarts: uint64(p.Restarts.Load()), Calls: uint64(p.Calls.Load()), Rows: uint64(p.Rows.Load()),
		Errors: uint64(p.RowErrors.Load() + p.Failures.Load()), Retries: uint64(p.Retries.Load()), Poisoned: uint64(p.Poisoned.Load()),
		BadValues: uint64(p.BadValues.Load()), Dropped: uint64(p.Dropped.Load()), Undeclared: uint64(p.Undeclared.Load()),
		DropsRefused: uint64(p.DropsRefused.Load()), CPUSeconds: p.CPU().Seconds(), MemoryBytes: p.Memory(),
		Reads: readNames(m), Writes: names(m.Writes), ConfigSchema: p.ConfigSchema(),
	}
	if i.Reason == "" {
		i.Reason = leftOut(p)
	}
	for _, g := range a.s.plugins.Permissions(p) {
		i.Permissions = append(i.Permissions, api.Permission(g))
	}
	r := p.SandboxReport()
	i.Sandbox = &api.Sandbox{Off: r.Off, Enforced: append([]string{}, r.Enforced...), Missing: append([]string{}, r.Missing...)}
	for _, f := range p.Refused() {
		i.Refused = append(i.Refused, api.Refusal(f))
	}
	if f := p.LastFailure(); !f.At.IsZero() {
		i.LastFailure, i.FailedAt = f.Reason, f.At
	}
	if b := p.Bytes.Load(); b >= 1e6 { // of less the start of the process would be most
		i.MsPerMB = 1000 * i.CPUSeconds / (float64(b) / 1e6)
	}
	if len(m.Accepts) > 0 {
		if accepts, err := json.Marshal(m.Accepts); err == nil {
			i.Accepts = accepts
		}
	}
	i.Severity = a.severity(m)
	a.s.origin(&i, p)
	return i
}

// severity is the plugin's table, with what the configuration says instead.
func (a pluginsAPI) severity(m *plugin.Manifest) (list []api.Level) {
	s, _ := a.s.plugins.Settings(m.ID) // without the plugin it has none
	for _, l := range m.Severity.With(s.Severity).Levels() {
		by := "manifest"
		if _, ok := s.Severity[l.Word]; ok {
			by = "config"
		}
		list = append(list, api.Level{Word: l.Word, Level: string(l.Severity), By: by})
	}
	return list
}

// readNames are the fields that a plugin reads, * for every one.
func readNames(m *plugin.Manifest) []string {
	if m.ReadsAll {
		return []string{"*"}
	}
	return names(m.Reads)
}

func names(fs []ecs.Field) (out []string) {
	for _, f := range fs {
		out = append(out, f.Name())
	}
	slices.Sort(out)
	return out
}

type inputsAPI struct{ s *Service }

func (a inputsAPI) List(context.Context) (out []input.Stats, err error) {
	for _, in := range a.s.allInputs() {
		out = append(out, in.Stats())
	}
	return out, nil
}

type consumersAPI struct{ s *Service }

func (a consumersAPI) List(context.Context) ([]api.JournalInfo, error) {
	return []api.JournalInfo{
		{Name: "raw", ID: a.s.raw.ID(), Stats: a.s.raw.Stats()},
		{Name: "events", ID: a.s.events.ID(), Stats: a.s.events.Stats()},
	}, nil
}

type deadLettersAPI struct{ s *Service }

func (a deadLettersAPI) List(_ context.Context, f deadletter.Filter, cursor string, limit int) (page api.DeadLetterPage, err error) {
	ds, next, ok := a.s.dead.Page(f, cursor, limit)
	if !ok {
		return page, fmt.Errorf("%w: the letter it names is not kept any more", store.ErrCursor)
	}
	page.Cursor, page.Letters = next, []api.DeadLetter{}
	for i := range ds {
		d := &ds[i]
		page.Letters = append(page.Letters, api.DeadLetter{
			ID: d.EventID, Time: d.Time, EventID: d.EventID, Stage: d.Stage, Plugin: d.Plugin, Version: d.Version, Reason: d.Reason,
			Message: d.Message, Input: d.Input, Address: d.Address, Host: d.Host, Text: d.Text, Held: a.s.hold.Has(d.Held), Redriven: d.Redriven,
		})
	}
	return page, nil
}

func (a deadLettersAPI) Count(_ context.Context, f deadletter.Filter, by []string) (out []api.DeadLetterCount, err error) {
	for _, n := range a.s.dead.CountBy(f, by) {
		c := api.DeadLetterCount{Values: map[string]string{}, Letters: n.Letters, Held: n.Held, First: n.First, Last: n.Last}
		for i, name := range by {
			c.Values[name] = n.Values[i]
		}
		out = append(out, c)
	}
	return out, nil
}

func (a deadLettersAPI) Redrive(ctx context.Context, r api.RedriveRequest) (out api.RedriveResult, err error) {
	res, err := a.s.redriver.Redrive(ctx, redrive.Request{EventIDs: r.IDs, DryRun: r.DryRun, Filter: r.Filter})
	if errors.Is(err, redrive.ErrNotReady) {
		return out, fmt.Errorf("%w: %w", api.ErrConflict, err)
	}
	if err != nil {
		return out, fmt.Errorf("redrive: %w", err)
	}
	out = api.RedriveResult{
		Selected: res.Selected, Redriven: res.Redriven, Already: res.Already, NotHeld: res.NotHeld, Unknown: len(res.Unknown), Failed: res.Failed,
	}
	if res.Err != nil {
		out.Error = res.Err.Error()
	}
	if !r.DryRun {
		a.s.log.Infof("redrive: %d of %d dead letters are handled again, %d were before, %d are not held, %d failed", res.Redriven, res.Selected, res.Already, res.NotHeld, res.Failed)
	}
	return out, nil
}

type ingestAPI struct{ s *Service }

func (a ingestAPI) Handler(name string) http.Handler { return a.s.handlers[name] }

func (a ingestAPI) Authorized(name, token string) bool {
	want, ok := a.s.tokens[name]
	return ok && want != "" && subtle.ConstantTimeCompare([]byte(want), []byte(token)) == 1
}

func (a ingestAPI) Sender(token string) (name string, ok bool) {
	for in := range a.s.tokens { // all of them, so that time tells nothing
		if a.Authorized(in, token) && (!ok || in < name) {
			name, ok = in, true
		}
	}
	return name, ok
}

type healthAPI struct{ s *Service }

// Components looks at every part; what is wrong says what an admin can do.
func (a healthAPI) Components(ctx context.Context) ([]api.Component, error) {
	s := a.s
	list := []api.Component{s.journalHealth("raw", s.raw.Stats()), s.journalHealth("event", s.events.Stats()), s.storeHealth(), s.retentionHealth()}
	for _, p := range s.plugins.All() {
		list = append(list, pluginHealth(p))
	}
	list = append(list, rolloutHealth(s.rollouts.All())...)
	list = append(list, inputsHealth(s.inputs)...)
	if s.files != nil {
		list = append(list, filesHealth(s.files.Stats()))
	}
	list = append(list, s.driftHealth()...)
	list = append(list, s.rulesHealth(), s.listsHealth())
	list = append(list, s.channelsHealth(ctx)...)
	list = append(list, s.watchHealth()...)
	list = append(list, s.backupHealth()...)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(s.faults)) {
		list = append(list, api.Component{Name: name, Kind: "component", Object: name, Status: api.StatusDegraded, Reason: s.faults[name], Advice: "see the host's log"})
	}
	return list, nil
}

func (s *Service) journalHealth(name string, st journal.Stats) api.Component {
	s.watch.mu.Lock()
	filling := s.watch.filling[name]
	s.watch.mu.Unlock()
	c := api.Component{Name: name + " journal", Kind: "journal", Object: name, Status: api.StatusOK}
	switch {
	case st.Err != "":
		c.Status, c.Reason, c.Advice = api.StatusFailed, st.Err, "make space on the disk or mend it; senders wait, and work goes on by itself"
	case st.Full:
		c.Status, c.State, c.Level, c.Reason = api.StatusDegraded, "full", ecs.Error, "it has reached its bound because a consumer lags"
		c.Advice = "see `logcenter consumers`; raise journal.*.max_bytes if the store needs more time"
	case filling:
		c.Status, c.State, c.Reason = api.StatusDegraded, "filling", fmt.Sprintf("it has %.0f %% of its bound because a consumer lags; senders wait when it is full", 100*filled(st))
		c.Advice = "see `logcenter consumers` and what else health says"
	}
	return c
}

func (s *Service) storeHealth() api.Component {
	c := api.Component{Name: "store", Kind: "store", Status: api.StatusOK}
	if err := s.store.Stats().Err; err != "" {
		c.Status, c.Reason, c.Advice = api.StatusFailed, err, "events wait in the event journal; mend the cause and they are written"
	}
	return c
}

func pluginHealth(p *plugin.Plugin) api.Component {
	state, reason := p.State()
	id := p.Manifest().ID
	c := api.Component{Name: "plugin " + id, Kind: "plugin", Object: id, State: string(state), Status: api.StatusOK}
	switch {
	case state == plugin.Quarantined:
		c.Status, c.Reason, c.Advice = api.StatusDegraded, "quarantined: "+reason, "mend it, then `logcenter plugin enable "+id+"`"
	case state == plugin.Starting:
		c.Status, c.Reason = api.StatusDegraded, "starting: "+reason
	case state == plugin.Failed:
		c.Status, c.Reason, c.Advice = api.StatusDegraded, reason, "mend it, then `logcenter plugin enable "+id+"`"
	case state == plugin.Running && leftOut(p) != "":
		c.State = "stand-in"
		c.Status, c.Reason, c.Advice = api.StatusDegraded, leftOut(p), "install the package again, then `logcenter plugin upgrade "+id+"`; or remove it"
	}
	if plugin.Holds(p.Manifest()) && (state == plugin.Quarantined || state == plugin.Failed) {
		c.Status, c.Reason = api.StatusFailed, c.Reason+"; nothing is stored until it works again"
	}
	return c
}

// inputsHealth is the health of all inputs. While one works the host does.
func inputsHealth(inputs []input.Input) (list []api.Component) {
	failed := 0
	for _, in := range inputs {
		c := inputHealth(in.Stats())
		if c.Status == api.StatusFailed {
			failed++
		}
		list = append(list, c)
	}
	for i := range list {
		list[i].Partial = failed < len(list)
	}
	return list
}

func inputHealth(st input.Stats) api.Component {
	c := api.Component{Name: "input " + st.Name, Kind: "input", Object: st.Name, Status: api.StatusOK}
	switch st.State {
	case "failed":
		c.Status, c.Reason = api.StatusFailed, st.LastError
		c.Advice = "nothing comes in here; mend the cause, then it opens by itself within half a minute"
	case "waiting":
		c.Status, c.Reason, c.Advice = api.StatusDegraded, "waits for the raw journal", "see the raw journal's health"
	}
	return c
}

var errNoStore = errors.New("this host keeps no events: store.kind is none")
