package datasource

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/logcenter/logcenter/sdk/client"
)

const (
	// leastHost is the oldest version of the host that has all that this plugin asks for.
	leastHost     = "0.1.0"
	healthTimeout = 15 * time.Second
	healthRange   = "-15m"
)

// health is the JSON of a good health check's details.
type health struct {
	Version    string             `json:"version"`
	Store      string             `json:"store,omitempty"`      // its kind; only admins' tokens see it, and what follows
	Status     string             `json:"status,omitempty"`     // ok, degraded or failed
	Components []client.Component `json:"components,omitempty"` // those that are not ok
	LagEntries *uint64            `json:"lagEntries,omitempty"` // of the journal that are not stored yet
	LagBytes   int64              `json:"lagBytes,omitempty"`
	Stream     string             `json:"stream,omitempty"` // of the datasource
	Events     int64              `json:"events"`           // of the last 15 minutes
	Newest     *time.Time         `json:"newest,omitempty"` // the newest of them
	TookMs     int64              `json:"tookMs"`           // of the host, for finding the newest event
	// Message is what Grafana shows below.
	Message string `json:"verboseMessage,omitempty"`
}

// CheckHealth runs a real query, over the last 15 minutes of the datasource's stream.
func (d *Datasource) CheckHealth(ctx context.Context, req *backend.CheckHealthRequest) (*backend.CheckHealthResult, error) {
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	h, err := d.health(ctx, req.PluginContext.User)
	if err != nil {
		var missing *client.Error
		text := explain(err, "").text
		if errors.As(err, &missing) && missing.Code == client.CodeNotFound && d.settings.Stream != "" {
			text = fmt.Sprintf("There is no stream %q, or the API token may not see it: choose another default stream.", d.settings.Stream)
		}
		details, _ := json.Marshal(health{Message: text}) // it has nothing that JSON cannot say
		return &backend.CheckHealthResult{Status: backend.HealthStatusError, Message: text, JSONDetails: details}, nil
	}
	details, err := json.Marshal(h)
	if err != nil {
		return nil, err
	}
	return &backend.CheckHealthResult{Status: backend.HealthStatusOk, Message: h.summary(time.Now()), JSONDetails: details}, nil
}

func (d *Datasource) health(ctx context.Context, user *backend.User) (*health, error) {
	if d.broken != nil {
		return nil, d.broken
	}
	version, err := hostIsNew(ctx, d.probe)
	if err != nil {
		return nil, err
	}
	h := &health{Version: version, Stream: d.settings.Stream}
	page, err := d.probe.Search(ctx, client.SearchRequest{
		Selection: narrowed(user, client.Selection{Stream: d.settings.Stream, From: healthRange}), Limit: 1, Count: true, Fields: []string{timeField},
	})
	if err != nil {
		return nil, err
	}
	h.TookMs = page.TookMs
	if page.Total != nil {
		h.Events = *page.Total
	}
	if len(page.Events) > 0 {
		if t, ok := page.Events[0].Time(timeField); ok {
			h.Newest = &t
		}
	}
	return h, d.admins(ctx, h)
}

// admins adds what only an admin's token sees; another token is no error.
func (d *Datasource) admins(ctx context.Context, h *health) error {
	state, err := d.probe.Health(ctx)
	if client.IsCode(err, client.CodeForbidden) {
		return nil
	}
	if err != nil {
		return err
	}
	h.Store, h.Status = state.Store, state.Status
	for _, c := range state.Components {
		if c.Status != "ok" {
			h.Components = append(h.Components, c)
		}
	}
	journals, err := d.probe.Consumers(ctx)
	if err != nil {
		return err
	}
	for _, j := range journals {
		for _, g := range j.Groups {
			if g.Name != "store" {
				continue
			}
			if h.LagEntries == nil {
				h.LagEntries = new(uint64)
			}
			*h.LagEntries += g.Lag
			h.LagBytes += g.LagBytes
		}
	}
	return nil
}

// summary is one or two sentences.
func (h *health) summary(now time.Time) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Logcenter %s answers: ", h.Version)
	where := ""
	if h.Stream != "" {
		where = fmt.Sprintf(" in the stream %s", h.Stream)
	}
	switch {
	case h.Newest == nil:
		fmt.Fprintf(&b, "no events in the last 15 minutes%s.", where)
	default:
		fmt.Fprintf(&b, "%d events in the last 15 minutes%s, the newest %s ago.", h.Events, where, max(0, now.Sub(*h.Newest)).Round(time.Second))
	}
	if h.Store != "" {
		lag := ", all received events are stored"
		if h.LagEntries != nil && *h.LagEntries > 0 {
			lag = fmt.Sprintf(", %d batches of events (%.1f MB) wait to be stored", *h.LagEntries, float64(h.LagBytes)/1e6)
		}
		fmt.Fprintf(&b, " Store: %s%s.", h.Store, lag)
	}
	for i, c := range h.Components {
		if i == 3 {
			fmt.Fprintf(&b, " %d more parts need attention.", len(h.Components)-i)
			break
		}
		fmt.Fprintf(&b, " %s is %s: %s.", c.Name, c.Status, c.Reason)
	}
	return b.String()
}

// oldHostError says that the host is older than the plugin needs.
type oldHostError struct{ version string }

func (e *oldHostError) Error() string {
	return fmt.Sprintf("The host is Logcenter %s, this plugin needs %s or newer: update the host, or use an older version of the plugin.", e.version, leastHost)
}

// checkVersion says whether a host is new enough. What is behind a - does not count, so that a host in development is one of
// the version to come.
func checkVersion(version string) error {
	have, ok := parseVersion(version)
	want, _ := parseVersion(leastHost)
	if !ok {
		return &oldHostError{strconv.Quote(version)}
	}
	for i := range want {
		if have[i] != want[i] {
			if have[i] < want[i] {
				return &oldHostError{version}
			}
			return nil
		}
	}
	return nil
}

// hostIsNew asks for the host's version and checks it. A host always has one: what does not know it is none, or none at this
// path.
func hostIsNew(ctx context.Context, c *client.Client) (string, error) {
	version, err := c.Version(ctx)
	if client.IsCode(err, client.CodeNotFound) {
		return "", &nowhereError{err}
	}
	if err != nil {
		return "", err
	}
	return version, checkVersion(version)
}

// nowhereError says that the URL is not that of a host's API.
type nowhereError struct{ err error }

func (e *nowhereError) Error() string {
	return "There is no Logcenter at this URL: " + e.err.Error() + ". The URL is that of the host's API, without /api/v1."
}

func parseVersion(s string) (v [3]int, ok bool) {
	s, _, _ = strings.Cut(strings.TrimPrefix(s, "v"), "-")
	s, _, _ = strings.Cut(s, "+")
	parts := strings.Split(s, ".")
	if len(parts) != len(v) {
		return v, false
	}
	for i, p := range parts {
		n, err := strconv.Atoi(p)
		if err != nil || n < 0 {
			return v, false
		}
		v[i] = n
	}
	return v, true
}

// hostVersion remembers that the host was found new enough, for a while: it may be replaced.
type hostVersion struct {
	mu    sync.Mutex
	until time.Time
}

const versionFor = 10 * time.Minute

// ready says whether the host is one to be asked.
func (d *Datasource) ready(ctx context.Context) error {
	if d.broken != nil {
		return d.broken
	}
	d.host.mu.Lock()
	fresh := time.Now().Before(d.host.until)
	d.host.mu.Unlock()
	if fresh {
		return nil
	}
	if _, err := hostIsNew(ctx, d.client); err != nil {
		return err
	}
	d.host.mu.Lock()
	d.host.until = time.Now().Add(versionFor)
	d.host.mu.Unlock()
	return nil
}
