package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/logcenter/logcenter/host/plugin"
	"github.com/logcenter/logcenter/host/rule"
	"github.com/logcenter/logcenter/host/rule/backtest"
	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/sdk/wire"
)

// Backtests runs rules over stored events.
type Backtests interface {
	// Backtest runs rules, and those of the host with some ids, over the events of a scope. alert and progress are called
	// from one goroutine, until ctx is done. A *plugin.ConfigError says that the detector refuses the rules.
	Backtest(ctx context.Context, s store.Scope, r BacktestRequest) (*backtest.Report, error)
}

// BacktestRequest is what to run over what, and who is told what comes of it.
type BacktestRequest struct {
	Rules     []*rule.Document
	IDs       []string
	Selection store.Selection
	Alert     func(*wire.Alert) error
	Progress  func(backtest.Progress) error
}

// maxRules bounds the rules of one backtest.
const maxRules = 1000

// RaisedAlert is an alert that a backtest would have raised.
type RaisedAlert struct {
	ID       string            `json:"id"`
	Rule     string            `json:"rule"`
	Name     string            `json:"name"`
	Severity string            `json:"severity"`
	Kind     string            `json:"kind,omitempty"`
	Keys     map[string]string `json:"keys"`
	Fields   map[string]string `json:"fields,omitempty"`
	Events   uint64            `json:"events"`
	First    time.Time         `json:"first"`
	Last     time.Time         `json:"last"`
	EventIDs []string          `json:"event_ids"`
}

// backtest answers with Server-Sent Events: "progress" about once a second, "alert" for each that would have been raised,
// and at the end "report", or "error" with what went wrong.
func (s *Server) backtest(c *gin.Context) error {
	if s.o.Backtests == nil {
		return noRoute(c)
	}
	var body struct {
		Rules json.RawMessage `json:"rules"`
		IDs   []string        `json:"ids"`
		selection
	}
	if err := decodeJSON(c, &body); err != nil {
		return err
	}
	sel, _, err := s.selected(body.selection)
	if err != nil {
		return err
	}
	r := BacktestRequest{IDs: body.IDs, Selection: sel}
	if len(body.Rules) > 0 && string(body.Rules) != "null" {
		text, err := json.Marshal(map[string]json.RawMessage{"rules": body.Rules})
		if err != nil {
			return badRequest("a list of rules", "rules: %v", err)
		}
		if r.Rules, err = rule.Read("rules", text); err != nil {
			return err
		}
	}
	if n := len(r.Rules) + len(r.IDs); n == 0 || n > maxRules {
		return badRequest("give rules, or ids of rules that the host has, or both", "%d rules; 1 to %d are possible", n, maxRules)
	}
	release, err := take(c.Request.Context(), s.backtests, "backtests")
	if err != nil {
		return err
	}
	defer release()
	ctx, cancel := context.WithCancel(c.Request.Context())
	defer cancel()
	out := &sender{s: s, c: c}
	r.Progress = func(p backtest.Progress) error { return out.send("progress", p) }
	r.Alert = func(a *wire.Alert) error { return out.send("alert", raisedAlert(a)) }
	report, err := s.o.Backtests.Backtest(ctx, caller(c).Scope, r)
	var refused *plugin.ConfigError
	if errors.As(err, &refused) {
		err = badRequest("`logcenter rule test` shows the places in a file", "%s", refused.Msg)
	}
	switch {
	case err == nil:
		return out.send("report", report)
	case !out.begun:
		return err
	case ctx.Err() != nil:
		return nil // nobody listens any more
	}
	answer := asError(err)
	if answer == nil {
		s.o.Log.WithError(err).Error("api: a backtest failed")
		answer = &Error{Code: "internal", Message: "the backtest failed; the host's log says why"}
	}
	return out.send("error", answer)
}

func raisedAlert(a *wire.Alert) RaisedAlert {
	return RaisedAlert{
		ID: a.Id, Rule: a.Rule, Name: a.Name, Severity: a.Severity, Kind: a.Kind, Keys: a.Keys, Fields: a.Fields, Events: a.EventCount,
		First: time.Unix(0, a.FirstNs).UTC(), Last: time.Unix(0, a.LastNs).UTC(), EventIDs: list(a.EventIds),
	}
}

// sender writes Server-Sent Events to one client. The answer begins with the first.
type sender struct {
	s     *Server
	c     *gin.Context
	begun bool
}

func (o *sender) send(event string, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if !o.begun {
		o.begun = true
		h := o.c.Writer.Header()
		h.Set("Content-Type", "text/event-stream; charset=utf-8")
		h.Set("X-Accel-Buffering", "no") // nginx in front of the host would hold events back
		o.c.Status(http.StatusOK)
	}
	o.s.writeWithin(o.c, writeTimeout)
	if _, err := fmt.Fprintf(o.c.Writer, "event: %s\ndata: %s\n\n", event, data); err != nil {
		return err
	}
	return http.NewResponseController(o.c.Writer).Flush()
}
