package api

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/logcenter/logcenter/host/outbox"
	"github.com/logcenter/logcenter/host/route"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/wire"
)

const (
	maxDeliveries     = 1000
	defaultDeliveries = 100
	maxDeliveryIDs    = 1000
)

// deliveries is what tells alerts, if this host does.
func (s *Server) deliveries() (*outbox.Outbox, error) {
	if s.o.Outbox == nil {
		return nil, fmt.Errorf("%w: this host tells nobody of alerts", ErrConflict)
	}
	return s.o.Outbox, nil
}

// channel is a channel as the API shows it. Figures count since the host started.
type channel struct {
	Name        string    `json:"name"`
	Plugin      string    `json:"plugin"`
	Target      string    `json:"target,omitempty"`
	State       string    `json:"state"`
	Reason      string    `json:"reason,omitempty"`
	Resume      time.Time `json:"resume,omitzero"`
	Waiting     int64     `json:"waiting"`
	Oldest      time.Time `json:"oldest,omitzero"`
	Dead        int64     `json:"dead"`
	Sent        int64     `json:"sent"`
	Retried     int64     `json:"retried"`
	Unanswered  int64     `json:"unanswered"`
	Refused     int64     `json:"refused"`
	LastSuccess time.Time `json:"last_success,omitzero"`
	LastFailure time.Time `json:"last_failure,omitzero"`
	LastReason  string    `json:"last_reason,omitempty"`
	Rate        string    `json:"rate,omitempty"`
}

func (s *Server) listChannels(c *gin.Context) error {
	if err := urlParams(c).done(); err != nil {
		return err
	}
	o, err := s.deliveries()
	if err != nil {
		return err
	}
	all, err := o.Channels(c.Request.Context())
	if err != nil {
		return err
	}
	out := make([]channel, 0, len(all))
	for i := range all {
		ch, f := &all[i], &all[i].Figures
		out = append(out, channel{
			Name: ch.Name, Plugin: ch.Plugin, Target: ch.Target, State: ch.State, Reason: ch.Reason, Resume: ch.Resume,
			Waiting: ch.Waiting, Oldest: ch.Oldest, Dead: ch.Dead, Sent: f.Sent, Retried: f.Retried, Unanswered: f.Unanswered, Refused: f.Failed,
			LastSuccess: f.LastSuccess, LastFailure: f.LastFailure, LastReason: f.Reason, Rate: ch.Pace.Rate.String(),
		})
	}
	s.writeJSON(c, http.StatusOK, map[string]any{"channels": out})
	return nil
}

func (s *Server) testChannel(c *gin.Context) error {
	var r struct {
		Channel string `json:"channel"`
	}
	if err := decodeJSON(c, &r); err != nil {
		return err
	}
	if r.Channel == "" {
		return badRequest("GET /api/v1/channels lists all", "channel is missing")
	}
	o, err := s.deliveries()
	if err != nil {
		return err
	}
	s.writeWithin(c, 5*time.Minute+writeTimeout) // the longest timeout of a channel
	tested, err := o.Test(c.Request.Context(), r.Channel, caller(c).Name)
	if err != nil {
		return err
	}
	type result struct {
		outbox.Tested
		Seconds float64 `json:"seconds"`
	}
	out := make([]result, 0, len(tested))
	for _, t := range tested {
		out = append(out, result{t, t.Took.Seconds()})
	}
	s.writeJSON(c, http.StatusOK, map[string]any{"tests": out})
	return nil
}

// testRoute says where an alert would go, and tells nobody.
func (s *Server) testRoute(c *gin.Context) error {
	var r struct {
		Rule     string            `json:"rule"`
		Severity string            `json:"severity"`
		Priority int               `json:"priority"`
		Topic    string            `json:"topic"`
		Tags     []string          `json:"tags"`
		Fields   map[string]string `json:"fields"`
		Kind     string            `json:"kind"`
		Channels []string          `json:"channels"`
	}
	if err := decodeJSON(c, &r); err != nil {
		return err
	}
	if r.Severity != "" && !slices.Contains(ecs.Severities[:], ecs.Severity(r.Severity)) {
		return badRequest("one of Debug, Info, Warn, Error, Fatal", "severity: %.40q is not possible", r.Severity)
	}
	if r.Priority < 0 || r.Priority > 5 {
		return badRequest("1 (at once) to 5 (whenever), or 0 for none", "priority: %d is not possible", r.Priority)
	}
	if r.Kind != "" && !slices.Contains(route.Kinds, r.Kind) {
		return badRequest("one of "+strings.Join(route.Kinds, ", "), "kind: %.40q is not possible", r.Kind)
	}
	o, err := s.deliveries()
	if err != nil {
		return err
	}
	a := &wire.Alert{Rule: r.Rule, Severity: r.Severity, Priority: int32(r.Priority), Topic: r.Topic, Tags: r.Tags, Fields: r.Fields, Channels: r.Channels, Kind: r.Kind}
	if r.Kind == "alert" {
		a.Kind = ""
	}
	type step struct {
		Name  string   `json:"name"`
		After string   `json:"after"`
		To    []string `json:"to"`
	}
	steps := []step{}
	for _, e := range o.Escalations(a) {
		steps = append(steps, step{e.Name, e.After.String(), e.To})
	}
	s.writeJSON(c, http.StatusOK, map[string]any{"stops": list(o.Route(a)), "escalations": steps})
	return nil
}

func deliveryFilter(p *params) outbox.Filter {
	return outbox.Filter{State: p.text("state"), Channel: p.text("channel"), Alert: p.text("alert"), Rule: p.text("rule")}
}

func checkDeliveryState(state string) error {
	if states := []string{outbox.Waiting, outbox.Delivered, outbox.Dead}; state != "" && !slices.Contains(states, state) {
		return badRequest("one of "+strings.Join(states, ", "), "state: %.40q is not possible", state)
	}
	return nil
}

func (s *Server) listDeliveries(c *gin.Context) error {
	p := urlParams(c)
	f := deliveryFilter(p)
	limit, cursor := p.number("limit", defaultDeliveries, 1, maxDeliveries), p.text("cursor")
	if err := p.done(); err != nil {
		return err
	}
	if err := checkDeliveryState(f.State); err != nil {
		return err
	}
	var before int64
	if cursor != "" {
		var err error
		if before, err = strconv.ParseInt(cursor, 10, 64); err != nil || before < 1 {
			return badRequest("start again without it", "cursor: %.40q is not one of this list", cursor)
		}
	}
	o, err := s.deliveries()
	if err != nil {
		return err
	}
	found, err := o.List(c.Request.Context(), f, before, limit)
	if err != nil {
		return err
	}
	out := map[string]any{"deliveries": list(found)}
	if len(found) == limit {
		out["cursor"] = strconv.FormatInt(found[limit-1].ID, 10)
	}
	s.writeJSON(c, http.StatusOK, out)
	return nil
}

func (s *Server) getDelivery(c *gin.Context) error {
	id, err := strconv.ParseInt(c.Param("id"), 10, 64)
	if err != nil {
		return badRequest("it is a number, as GET /api/v1/outbox lists it", "%.40q is no id of a delivery", c.Param("id"))
	}
	o, err := s.deliveries()
	if err != nil {
		return err
	}
	d, err := o.Get(c.Request.Context(), id)
	if err != nil {
		return err
	}
	s.writeJSON(c, http.StatusOK, d)
	return nil
}

// deliverySelection is how a request says which deliveries are to be changed.
type deliverySelection struct {
	IDs     []int64 `json:"ids"`
	All     bool    `json:"all"`
	State   string  `json:"state"`
	Channel string  `json:"channel"`
	Alert   string  `json:"alert"`
	Rule    string  `json:"rule"`
	DryRun  bool    `json:"dry_run"`
}

func readDeliverySelection(c *gin.Context) (s outbox.Selection, err error) {
	var r deliverySelection
	if err := decodeJSON(c, &r); err != nil {
		return s, err
	}
	s = outbox.Selection{IDs: r.IDs, DryRun: r.DryRun, Filter: outbox.Filter{State: r.State, Channel: r.Channel, Alert: r.Alert, Rule: r.Rule}}
	const hint = "give ids, or any of state, channel, alert and rule, or all: true"
	selects := s.Filter != outbox.Filter{}
	switch {
	case len(r.IDs) > maxDeliveryIDs:
		return s, badRequest(fmt.Sprintf("%d at most; or select them otherwise", maxDeliveryIDs), "there are %d ids", len(r.IDs))
	case len(r.IDs) == 0 && !selects && !r.All:
		return s, badRequest(hint, "nothing is selected")
	case len(r.IDs) > 0 && (selects || r.All) || selects && r.All:
		return s, badRequest(hint, "the deliveries are selected in two ways")
	}
	return s, checkDeliveryState(r.State)
}

func (s *Server) redriveDeliveries(c *gin.Context) error {
	return s.changeDeliveries(c, (*outbox.Outbox).Redrive)
}

func (s *Server) dropDeliveries(c *gin.Context) error {
	return s.changeDeliveries(c, (*outbox.Outbox).Drop)
}

func (s *Server) changeDeliveries(c *gin.Context, change func(*outbox.Outbox, context.Context, outbox.Selection, string) (int64, error)) error {
	sel, err := readDeliverySelection(c)
	if err != nil {
		return err
	}
	o, err := s.deliveries()
	if err != nil {
		return err
	}
	n, err := change(o, c.Request.Context(), sel, caller(c).Name)
	if err != nil {
		return err
	}
	s.writeJSON(c, http.StatusOK, map[string]any{"deliveries": n})
	return nil
}
