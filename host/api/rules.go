package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/logcenter/logcenter/host/rule"
	located "github.com/logcenter/logcenter/sdk/document"
)

// Rules is the library of rules, see [rule.Library], whose methods these are.
type Rules interface {
	List() []*rule.Rule
	Problems() []rule.Problem
	Get(id string) (*rule.Rule, error)
	Put(ctx context.Context, id, text string, c rule.Change) (r *rule.Rule, created bool, err error)
	PutAll(ctx context.Context, texts []rule.Text, c rule.Change) ([]*rule.Rule, error)
	Delete(ctx context.Context, id string, c rule.Change) (*rule.Rule, error)
	Switch(ctx context.Context, id string, to rule.Action, c rule.Change) (*rule.Rule, error)
	Rollback(ctx context.Context, id string, number int64, c rule.Change) (*rule.Rule, error)
	History(ctx context.Context, id string, before int64, limit int) ([]*rule.Version, error)
	Version(ctx context.Context, id string, number int64) (*rule.Version, error)
	Diff(ctx context.Context, id string, from, to int64) (string, error)
}

var errNoRules = fmt.Errorf("%w: this host has no library of rules", ErrConflict)

// Fault is one thing that is wrong with a rule's text.
type Fault struct {
	File    string `json:"file,omitempty"`   // where the text is: the id of a rule that was sent
	Line    int    `json:"line,omitempty"`   // from 1
	Column  int    `json:"column,omitempty"` // from 1
	Path    string `json:"path,omitempty"`   // e.g. steps[1].query
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
}

// badRule is the answer to a text that is no rule, nil if that is not what is wrong.
func badRule(err error) *Error { return faulty("bad_rule", err) }

// faulty is the answer to a document with faults, nil if err is not about one.
func faulty(code string, err error) *Error {
	var one *located.Error
	if !errors.As(err, &one) {
		return nil
	}
	e := &Error{Code: code, Message: one.Error(), status: http.StatusBadRequest}
	for _, f := range located.Errors(err) {
		e.Faults = append(e.Faults, Fault{File: f.File, Line: f.Line, Column: f.Column, Path: f.Path, Message: f.Msg, Hint: f.Hint})
	}
	if n := len(e.Faults) - 1; n > 0 {
		e.Message += fmt.Sprintf("; and %d more", n)
	}
	return e
}

type originAnswer struct {
	Source  rule.Source `json:"source"`
	Plugin  string      `json:"plugin,omitempty"`
	Release string      `json:"release,omitempty"` // the plugin's version
	File    string      `json:"file,omitempty"`
	Line    int         `json:"line,omitempty"`
}

type ruleAnswer struct {
	ID          string         `json:"id"`
	Name        string         `json:"name"`
	Description string         `json:"description,omitempty"`
	Type        string         `json:"type"`
	Severity    string         `json:"severity"`
	Priority    int            `json:"priority"`
	Tags        []string       `json:"tags"`
	State       rule.State     `json:"state"`
	Problem     string         `json:"problem,omitempty"`
	Origin      originAnswer   `json:"origin"`
	Replaces    *originAnswer  `json:"replaces,omitempty"`
	Version     int64          `json:"version"`
	Updated     time.Time      `json:"updated"`
	By          string         `json:"by"`
	Note        string         `json:"note,omitempty"`
	Text        string         `json:"text,omitempty"` // of one rule
	Rule        map[string]any `json:"rule,omitempty"` // of one rule
}

func answerRule(r *rule.Rule, whole bool) ruleAnswer {
	a := ruleAnswer{
		ID: r.ID, Name: r.Name, Description: r.Description, Type: r.Type, Severity: r.Severity, Priority: r.Priority, Tags: list(r.Tags),
		State: r.State, Problem: r.Problem, Origin: originAnswer(r.Origin),
		Version: r.Latest.Number, Updated: r.Latest.At, By: r.Latest.By, Note: r.Latest.Note,
	}
	if r.Instead != nil {
		o := originAnswer(*r.Instead)
		a.Replaces = &o
	}
	if whole {
		a.Text, a.Rule = r.Text, r.Data()
	}
	return a
}

type versionAnswer struct {
	Rule    string       `json:"rule"`
	Version int64        `json:"version"`
	At      time.Time    `json:"at"`
	By      string       `json:"by"`
	Action  rule.Action  `json:"action"`
	Note    string       `json:"note,omitempty"`
	Origin  originAnswer `json:"origin"`
	State   rule.State   `json:"state,omitempty"`
	Gone    bool         `json:"gone,omitempty"`
	Text    string       `json:"text,omitempty"` // of one version
}

func answerVersion(v *rule.Version) versionAnswer {
	return versionAnswer{
		Rule: v.Rule, Version: v.Number, At: v.At, By: v.By, Action: v.Action, Note: v.Note, Origin: originAnswer(v.Origin),
		State: v.State, Gone: v.Gone, Text: v.Text,
	}
}

const (
	rulesOfPage    = 1000
	versionsOfPage = 100
)

// listAlertRules answers rules by id.
func (s *Server) listAlertRules(c *gin.Context) error {
	p := urlParams(c)
	source := p.choice("source", "", string(rule.FromPlugin), string(rule.FromDirectory), string(rule.FromAPI))
	state := p.choice("state", "", string(rule.On), string(rule.Silent), string(rule.Off))
	after := p.text("after")
	limit := p.number("limit", rulesOfPage, 1, rule.MaxRules)
	if err := p.done(); err != nil {
		return err
	}
	if s.o.Library == nil {
		return errNoRules
	}
	out := []ruleAnswer{}
	total := 0
	for _, r := range s.o.Library.List() {
		if source != "" && string(r.Origin.Source) != source || state != "" && string(r.State) != state {
			continue
		}
		if total++; r.ID > after && len(out) < limit {
			out = append(out, answerRule(r, false))
		}
	}
	problems := []map[string]string{}
	for _, one := range s.o.Library.Problems() {
		shown := map[string]string{"message": one.Msg}
		if one.Rule != "" {
			shown["rule"] = one.Rule
		}
		if one.Place != "" {
			shown["place"] = one.Place
		}
		problems = append(problems, shown)
	}
	s.writeJSON(c, http.StatusOK, map[string]any{"rules": out, "total": total, "problems": problems})
	return nil
}

// getAlertRule answers a rule as it is now, or one of its versions.
func (s *Server) getAlertRule(c *gin.Context) error {
	p := urlParams(c)
	number := int64(p.number("version", 0, 1, maxVersion))
	if err := p.done(); err != nil {
		return err
	}
	if s.o.Library == nil {
		return errNoRules
	}
	if number > 0 {
		v, err := s.o.Library.Version(c.Request.Context(), c.Param("id"), number)
		if err != nil {
			return err
		}
		if wantsYAML(c) {
			return writeYAML(c, v.Text)
		}
		s.writeJSON(c, http.StatusOK, answerVersion(v))
		return nil
	}
	r, err := s.o.Library.Get(c.Param("id"))
	if err != nil {
		return err
	}
	tag(c, r)
	if wantsYAML(c) {
		return writeYAML(c, r.Text)
	}
	s.writeJSON(c, http.StatusOK, answerRule(r, true))
	return nil
}

const maxVersion = 1 << 40

const yamlType = "application/yaml"

func wantsYAML(c *gin.Context) bool { return strings.Contains(c.GetHeader("Accept"), yamlType) }

func writeYAML(c *gin.Context, text string) error {
	c.Data(http.StatusOK, yamlType, []byte(text))
	return nil
}

func tag(c *gin.Context, r *rule.Rule) { c.Header("ETag", strconv.Quote(fmt.Sprint(r.Latest.Number))) }

// ruleChange reads who changes a rule, why, and to which version.
func ruleChange(c *gin.Context, p *params) (rule.Change, error) {
	out := rule.Change{By: caller(c).Name, Note: p.text("note"), Try: p.flag("try")}
	if err := p.done(); err != nil {
		return out, err
	}
	if len(out.Note) > rule.MaxNote {
		return out, badRequest(fmt.Sprintf("%d bytes at most", rule.MaxNote), "note: has %d bytes", len(out.Note))
	}
	match, none := c.GetHeader("If-Match"), c.GetHeader("If-None-Match")
	switch {
	case none == "*" && match == "":
		out.Expected = new(int64)
	case none != "":
		return out, badRequest("If-None-Match: * is for a rule that must be new, If-Match for one that is there", "If-None-Match: %.40q is not possible", none)
	case match != "":
		n, err := strconv.ParseInt(strings.Trim(match, `"`), 10, 64)
		if err != nil || n < 1 {
			return out, badRequest("send the ETag of the rule that was read, such as \"3\"", "If-Match: %.40q is not possible", match)
		}
		out.Expected = &n
	}
	return out, nil
}

// changed answers a rule behind a change; none if it is gone.
func (s *Server) changed(c *gin.Context, status int, r *rule.Rule) error {
	if r == nil {
		c.Status(http.StatusNoContent)
		return nil
	}
	tag(c, r)
	s.writeJSON(c, status, answerRule(r, true))
	return nil
}

func (s *Server) putAlertRule(c *gin.Context) error {
	change, err := ruleChange(c, urlParams(c))
	if err != nil {
		return err
	}
	if s.o.Library == nil {
		return errNoRules
	}
	text, err := io.ReadAll(c.Request.Body)
	bodyRead(c)
	if err != nil {
		return err
	}
	r, created, err := s.o.Library.Put(c.Request.Context(), c.Param("id"), string(text), change)
	if err != nil {
		return err
	}
	status := http.StatusOK
	if created && !change.Try {
		status = http.StatusCreated
	}
	return s.changed(c, status, r)
}

// rulesPath and backtestPath take bodies with many rules.
const (
	rulesPath    = "/api/v1/rules"
	backtestPath = "/api/v1/backtest"
)

// putAlertRules writes several rules in one change.
func (s *Server) putAlertRules(c *gin.Context) error {
	change, err := ruleChange(c, urlParams(c))
	if err != nil {
		return err
	}
	if change.Expected != nil {
		return badRequest("say version in the rules of the body", "If-Match and If-None-Match are for one rule")
	}
	if s.o.Library == nil {
		return errNoRules
	}
	var body struct {
		Rules []struct {
			ID      string `json:"id"`
			Text    string `json:"text"`
			Version *int64 `json:"version"`
		} `json:"rules"`
	}
	if err := decodeJSON(c, &body); err != nil {
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			return &Error{
				Code: "too_large", Message: fmt.Sprintf("the rules have more than %d bytes together", large.Limit),
				Hint: "send them in several requests", status: http.StatusRequestEntityTooLarge,
			}
		}
		return err
	}
	if len(body.Rules) == 0 {
		return badRequest("send {\"rules\": [{\"id\": …, \"text\": …}]}", "there are no rules")
	}
	texts := make([]rule.Text, len(body.Rules))
	for i, r := range body.Rules {
		texts[i] = rule.Text{ID: r.ID, Text: r.Text, Expected: r.Version}
	}
	list, err := s.o.Library.PutAll(c.Request.Context(), texts, change)
	if err != nil {
		return err
	}
	out := make([]ruleAnswer, len(list))
	for i, r := range list {
		out[i] = answerRule(r, true)
	}
	s.writeJSON(c, http.StatusOK, map[string]any{"rules": out})
	return nil
}

func (s *Server) deleteAlertRule(c *gin.Context) error {
	change, err := ruleChange(c, urlParams(c))
	if err != nil {
		return err
	}
	if s.o.Library == nil {
		return errNoRules
	}
	r, err := s.o.Library.Delete(c.Request.Context(), c.Param("id"), change)
	if err != nil {
		return err
	}
	return s.changed(c, http.StatusOK, r)
}

// switchAlertRule is the handler of an action that switches a rule.
func (s *Server) switchAlertRule(to rule.Action) func(c *gin.Context) error {
	return func(c *gin.Context) error {
		change, err := ruleChange(c, urlParams(c))
		if err != nil {
			return err
		}
		if s.o.Library == nil {
			return errNoRules
		}
		r, err := s.o.Library.Switch(c.Request.Context(), c.Param("id"), to, change)
		if err != nil {
			return err
		}
		return s.changed(c, http.StatusOK, r)
	}
}

func (s *Server) rollbackAlertRule(c *gin.Context) error {
	p := urlParams(c)
	number := int64(p.number("version", 0, 1, maxVersion))
	if number == 0 {
		p.fail(badRequest("GET /api/v1/rules/{id}/history lists the versions", "version: is required"))
	}
	change, err := ruleChange(c, p)
	if err != nil {
		return err
	}
	if s.o.Library == nil {
		return errNoRules
	}
	r, err := s.o.Library.Rollback(c.Request.Context(), c.Param("id"), number, change)
	if err != nil {
		return err
	}
	return s.changed(c, http.StatusOK, r)
}

func (s *Server) ruleHistory(c *gin.Context) error {
	p := urlParams(c)
	before := int64(p.number("before", 0, 1, maxVersion))
	limit := p.number("limit", versionsOfPage, 1, rule.MaxVersions)
	if err := p.done(); err != nil {
		return err
	}
	if s.o.Library == nil {
		return errNoRules
	}
	all, err := s.o.Library.History(c.Request.Context(), c.Param("id"), before, limit)
	if err != nil {
		return err
	}
	out := []versionAnswer{}
	for _, v := range all {
		out = append(out, answerVersion(v))
	}
	s.writeJSON(c, http.StatusOK, map[string]any{"versions": out})
	return nil
}

func (s *Server) ruleDiff(c *gin.Context) error {
	p := urlParams(c)
	from, to := int64(p.number("from", 0, 1, maxVersion)), int64(p.number("to", 0, 1, maxVersion))
	if err := p.done(); err != nil {
		return err
	}
	if s.o.Library == nil {
		return errNoRules
	}
	text, err := s.o.Library.Diff(c.Request.Context(), c.Param("id"), from, to)
	if err != nil {
		return err
	}
	s.writeJSON(c, http.StatusOK, map[string]any{"diff": text})
	return nil
}
