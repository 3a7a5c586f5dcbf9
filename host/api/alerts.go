package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/logcenter/logcenter/host/alert/record"
)

const defaultAlerts = 100

// recorded is the ledger of alerts, if this host keeps one.
func (s *Server) recorded() (*record.Ledger, error) {
	if s.o.Alerts == nil {
		return nil, fmt.Errorf("%w: this host keeps no alerts", ErrConflict)
	}
	return s.o.Alerts, nil
}

// span reads a range of time of which both ends may be open.
func (p *params) span() (from, to time.Time) {
	zone, err := timeZone(p.text("time_zone"))
	if err != nil {
		p.fail(err)
		return from, to
	}
	now := time.Now()
	for _, end := range []struct {
		name string
		t    *time.Time
	}{{"from", &from}, {"to", &to}} {
		if m := p.text(end.name); m != "" {
			if *end.t, err = parseMoment(end.name, moment(m), now, zone); err != nil {
				p.fail(err)
			}
		}
	}
	return from, to
}

// alertFilter reads which alerts a request is about.
func (p *params) alertFilter() (f record.Filter) {
	f.From, f.To = p.span()
	for _, v := range p.list("state") {
		f.States = append(f.States, record.State(v))
	}
	for _, v := range p.list("verdict") {
		f.Verdicts = append(f.Verdicts, record.Verdict(v))
	}
	f.Severities, f.Kinds, f.Rules, f.Devices, f.Tags = p.list("severity"), p.list("kind"), p.list("rule"), p.list("device"), p.list("tag")
	f.DeviceRule, f.Assignee, f.Text, f.Held = p.text("device_rule"), p.text("assignee"), p.text("text"), p.text("held")
	f.Storm, f.Case, f.Repeats = p.id("storm"), p.id("case"), p.flag("repeats")
	for _, pair := range p.list("key") {
		name, value, ok := strings.Cut(pair, "=")
		if !ok || name == "" {
			p.fail(badRequest("write NAME=VALUE, e.g. user.name=alice", "key: %.80q is not possible", pair))
			continue
		}
		if f.Keys == nil {
			f.Keys = map[string]string{}
		}
		f.Keys[name] = value
	}
	return f
}

// id is the number of a case, a storm or the like; 0: none.
func (p *params) id(name string) int64 {
	v := p.text(name)
	if v == "" {
		return 0
	}
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil || n < 1 {
		p.fail(badRequest("write a whole number from 1 on, or leave it out", "%s: %.40q is not possible", name, v))
	}
	return n
}

func (s *Server) listAlerts(c *gin.Context) error {
	p := urlParams(c)
	f, cursor, limit := p.alertFilter(), p.text("cursor"), p.number("limit", defaultAlerts, 1, record.MaxPage)
	if err := p.done(); err != nil {
		return err
	}
	l, err := s.recorded()
	if err != nil {
		return err
	}
	page, err := l.List(c.Request.Context(), caller(c).Scope, f, cursor, limit)
	if err != nil {
		return err
	}
	s.writeJSON(c, http.StatusOK, page)
	return nil
}

// alertDetail is an alert with its events as all answers have them.
type alertDetail struct {
	*record.Record
	Log    []record.Change   `json:"log"`
	Sample []json.RawMessage `json:"sample"`
	Again  []string          `json:"again"`
}

func (s *Server) getAlert(c *gin.Context) error {
	l, err := s.recorded()
	if err != nil {
		return err
	}
	d, err := l.Show(c.Request.Context(), caller(c).Scope, c.Param("id"))
	if err != nil {
		return err
	}
	enc, out := newEncoder(false, nil), alertDetail{Record: d.Record, Log: d.Log, Sample: []json.RawMessage{}, Again: d.Again}
	for _, ev := range d.Sample {
		out.Sample = append(out.Sample, enc.append(nil, ev))
	}
	s.writeJSON(c, http.StatusOK, out)
	return nil
}

// actOnAlerts does something to alerts, to all or none of them.
func (s *Server) actOnAlerts(c *gin.Context) error {
	var r struct {
		Action   record.Action  `json:"action"`
		IDs      []string       `json:"ids"`
		Assignee string         `json:"assignee"`
		Verdict  record.Verdict `json:"verdict"`
		Note     string         `json:"note"`
	}
	if err := decodeJSON(c, &r); err != nil {
		return err
	}
	l, err := s.recorded()
	if err != nil {
		return err
	}
	who := caller(c)
	alerts, err := l.Act(c.Request.Context(), who.Scope, record.Request{
		Action: r.Action, IDs: r.IDs, By: who.Name, Assignee: r.Assignee, Verdict: r.Verdict, Note: r.Note,
	})
	if err != nil {
		return err
	}
	s.writeJSON(c, http.StatusOK, map[string]any{"alerts": list(alerts)})
	return nil
}

// alertRates says how good rules and devices are, as far as alerts were judged.
func (s *Server) alertRates(c *gin.Context) error {
	p := urlParams(c)
	from, to := p.span()
	by := p.choice("by", record.ByRule, record.ByDevice, record.ByDeviceRule)
	if err := p.done(); err != nil {
		return err
	}
	l, err := s.recorded()
	if err != nil {
		return err
	}
	rates, err := l.Rates(c.Request.Context(), caller(c).Scope, by, from, to)
	if err != nil {
		return err
	}
	s.writeJSON(c, http.StatusOK, map[string]any{"by": by, "rates": list(rates)})
	return nil
}

func (s *Server) listMissed(c *gin.Context) error {
	p := urlParams(c)
	from, to := p.span()
	if err := p.done(); err != nil {
		return err
	}
	l, err := s.recorded()
	if err != nil {
		return err
	}
	missed, err := l.Misses(c.Request.Context(), caller(c).Scope, from, to)
	if err != nil {
		return err
	}
	s.writeJSON(c, http.StatusOK, map[string]any{"missed": missed})
	return nil
}

// addMissed records an attack that no alert told of.
func (s *Server) addMissed(c *gin.Context) error {
	var r struct {
		Time        moment   `json:"time"`
		TimeZone    string   `json:"time_zone"`
		Device      string   `json:"device"`
		Dataset     string   `json:"dataset"`
		Rule        string   `json:"rule"`
		DeviceRule  string   `json:"device_rule"`
		Description string   `json:"description"`
		EventIDs    []string `json:"event_ids"`
	}
	if err := decodeJSON(c, &r); err != nil {
		return err
	}
	l, err := s.recorded()
	if err != nil {
		return err
	}
	zone, err := timeZone(r.TimeZone)
	if err != nil {
		return err
	}
	m := record.Missed{Device: r.Device, Dataset: r.Dataset, Rule: r.Rule, DeviceRule: r.DeviceRule, Description: r.Description, EventIDs: r.EventIDs}
	if r.Time != "" {
		if m.Time, err = parseMoment("time", r.Time, time.Now(), zone); err != nil {
			return err
		}
	}
	who := caller(c)
	kept, err := l.Miss(c.Request.Context(), who.Scope, m, who.Name)
	if err != nil {
		return err
	}
	s.writeJSON(c, http.StatusCreated, kept)
	return nil
}

func (s *Server) deleteMissed(c *gin.Context) error {
	l, err := s.recorded()
	if err != nil {
		return err
	}
	id, err := number(c)
	if err != nil {
		return err
	}
	if err := l.Forgive(c.Request.Context(), caller(c).Scope, id); err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}

// number is the path's id where that is one.
func number(c *gin.Context) (int64, error) {
	n, err := strconv.ParseInt(c.Param("id"), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%w: %.40q is no number", ErrNotFound, c.Param("id"))
	}
	return n, nil
}
