package client

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// RuleOrigin is where a rule comes from.
type RuleOrigin struct {
	Source  string `json:"source"`            // plugin, directory or api
	Plugin  string `json:"plugin,omitempty"`  // id, of a rule that one ships
	Release string `json:"release,omitempty"` // the plugin's version
	File    string `json:"file,omitempty"`    // on the host; empty for the API's
	Line    int    `json:"line,omitempty"`
}

// Rule is a rule of the host's library as it is now.
type Rule struct {
	ID          string         `json:"id"`
	Name        string         `json:"name"`
	Description string         `json:"description,omitempty"`
	Type        string         `json:"type"`
	Severity    string         `json:"severity"`
	Priority    int            `json:"priority"`
	Tags        []string       `json:"tags"`
	State       string         `json:"state"`             // on, silent or off
	Problem     string         `json:"problem,omitempty"` // why it is not looked for although it is not off
	Origin      RuleOrigin     `json:"origin"`
	Replaces    *RuleOrigin    `json:"replaces,omitempty"` // the plugin's rule that it stands in for
	Version     int64          `json:"version"`
	Updated     time.Time      `json:"updated"`
	By          string         `json:"by"` // who made this version: a caller, a plugin with its version, or a file
	Note        string         `json:"note,omitempty"`
	Text        string         `json:"text,omitempty"` // the document as it was written; not in lists
	Rule        map[string]any `json:"rule,omitempty"` // the same as data; not in lists
}

// RuleVersion is a rule as it was behind one change.
type RuleVersion struct {
	Rule    string     `json:"rule"`
	Version int64      `json:"version"`
	At      time.Time  `json:"at"`
	By      string     `json:"by"`
	Action  string     `json:"action"` // put, delete, enable, silence, disable, rollback; of files appear, edit, vanish
	Note    string     `json:"note,omitempty"`
	Origin  RuleOrigin `json:"origin"`
	State   string     `json:"state,omitempty"` // as somebody switched it; empty: as the text says
	Gone    bool       `json:"gone,omitempty"`  // there was no such rule any more
	Text    string     `json:"text,omitempty"`  // not in lists
}

// RuleFault is one thing that is wrong with a rule's text.
type RuleFault struct {
	File    string `json:"file,omitempty"`   // where the text is: the id of a rule that was sent
	Line    int    `json:"line,omitempty"`   // from 1; 0 if it is not known
	Column  int    `json:"column,omitempty"` // from 1; 0 if it is not known
	Path    string `json:"path,omitempty"`   // e.g. steps[1].query
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
}

// RuleProblem is something that does not count of rules, or is not looked for.
type RuleProblem struct {
	Rule    string `json:"rule,omitempty"` // its id; empty if that is not known
	Place   string `json:"place,omitempty"`
	Message string `json:"message"`
}

// RuleList is a page of rules, by id and without their texts.
type RuleList struct {
	Rules    []Rule        `json:"rules"`
	Total    int           `json:"total"` // also those beyond the page
	Problems []RuleProblem `json:"problems"`
}

// RuleFilter selects rules. The zero value selects all, in pages of 1000.
type RuleFilter struct {
	Source string // plugin, directory or api
	State  string // on, silent or off
	After  string // only ids behind it: the last one of the page before
	Limit  int    // of the page
}

// RuleChange says why a rule is changed, and what it is taken to be.
type RuleChange struct {
	Note    string // for the history
	Version int64  // to which the change is made, 0 for any; an [*Error] with [CodeStale] if it is another one
	New     bool   // there must be no such rule
	Try     bool   // do everything but the change
}

func (r RuleChange) in(q request) request {
	q.params = url.Values{}
	if r.Note != "" {
		q.params.Set("note", r.Note)
	}
	if r.Try {
		q.params.Set("try", "true")
	}
	q.header = http.Header{}
	if r.Version > 0 {
		q.header.Set("If-Match", strconv.Quote(strconv.FormatInt(r.Version, 10)))
	}
	if r.New {
		q.header.Set("If-None-Match", "*")
	}
	return q
}

// Rules lists rules.
func (c *Client) Rules(ctx context.Context, f RuleFilter) (*RuleList, error) {
	p := url.Values{}
	for name, v := range map[string]string{"source": f.Source, "state": f.State, "after": f.After} {
		if v != "" {
			p.Set(name, v)
		}
	}
	if f.Limit > 0 {
		p.Set("limit", strconv.Itoa(f.Limit))
	}
	return call[RuleList](ctx, c, get("rules").with(p))
}

// Rule returns a rule as it is now.
func (c *Client) Rule(ctx context.Context, id string) (*Rule, error) {
	return call[Rule](ctx, c, get("rules", id))
}

// PutRule writes a rule, whose text is YAML or JSON. Faults of the text are in the [*Error].
func (c *Client) PutRule(ctx context.Context, id, text string, r RuleChange) (*Rule, error) {
	q := r.in(request{method: http.MethodPut, path: []string{"rules", id}, body: []byte(text)})
	q.header.Set("Content-Type", "application/yaml")
	return call[Rule](ctx, c, q)
}

// RuleText is a rule that is to be written, in YAML or JSON.
type RuleText struct {
	ID      string `json:"id"`
	Text    string `json:"text"`
	Version *int64 `json:"version,omitempty"` // to which the change is made, 0: it must be new; nil for any
}

// PutRules writes several rules, all or none, in one change: detectors take it up once. r.Version and r.New are of the texts.
// Faults are in the [*Error], with the ids of the rules as their files. A request has up to 1 MiB.
func (c *Client) PutRules(ctx context.Context, texts []RuleText, r RuleChange) ([]Rule, error) {
	body, err := json.Marshal(map[string]any{"rules": texts})
	if err != nil {
		return nil, err
	}
	q := r.in(request{method: http.MethodPut, path: []string{"rules"}, body: body})
	q.header.Set("Content-Type", "application/json")
	list, err := call[RuleList](ctx, c, q)
	if err != nil {
		return nil, err
	}
	return list.Rules, nil
}

// DeleteRule deletes a rule of the API, and returns the plugin's rule that has its id then; nil if there is none.
func (c *Client) DeleteRule(ctx context.Context, id string, r RuleChange) (*Rule, error) {
	return c.changedRule(ctx, r.in(request{method: http.MethodDelete, path: []string{"rules", id}}))
}

// EnableRule has a rule looked for, and its alerts told.
func (c *Client) EnableRule(ctx context.Context, id string, r RuleChange) (*Rule, error) {
	return c.switchRule(ctx, id, "enable", r)
}

// SilenceRule has a rule looked for, and its alerts recorded and told nobody.
func (c *Client) SilenceRule(ctx context.Context, id string, r RuleChange) (*Rule, error) {
	return c.switchRule(ctx, id, "silence", r)
}

// DisableRule has a rule not looked for.
func (c *Client) DisableRule(ctx context.Context, id string, r RuleChange) (*Rule, error) {
	return c.switchRule(ctx, id, "disable", r)
}

func (c *Client) switchRule(ctx context.Context, id, action string, r RuleChange) (*Rule, error) {
	return call[Rule](ctx, c, r.in(request{method: http.MethodPost, path: []string{"rules", id, action}}))
}

// RollbackRule brings a rule back to the text and the state of a version of before; nil if there was none then.
func (c *Client) RollbackRule(ctx context.Context, id string, version int64, r RuleChange) (*Rule, error) {
	q := r.in(request{method: http.MethodPost, path: []string{"rules", id, "rollback"}})
	q.params.Set("version", strconv.FormatInt(version, 10))
	return c.changedRule(ctx, q)
}

// changedRule sends a request whose answer is a rule, or nothing.
func (c *Client) changedRule(ctx context.Context, q request) (rule *Rule, err error) {
	err = c.do(ctx, q, func(res *http.Response) error {
		if rule = nil; res.StatusCode == http.StatusNoContent {
			return nil
		}
		rule = new(Rule)
		return decodeError(json.NewDecoder(res.Body).Decode(rule))
	})
	if err != nil {
		return nil, err
	}
	return rule, nil
}

// RuleHistory lists versions of a rule, the newest first: at most limit (0 is 100) of those before one, of all if that is 0.
func (c *Client) RuleHistory(ctx context.Context, id string, before int64, limit int) ([]RuleVersion, error) {
	p := url.Values{}
	if before > 0 {
		p.Set("before", strconv.FormatInt(before, 10))
	}
	if limit > 0 {
		p.Set("limit", strconv.Itoa(limit))
	}
	a, err := call[struct {
		Versions []RuleVersion `json:"versions"`
	}](ctx, c, get("rules", id, "history").with(p))
	if err != nil {
		return nil, err
	}
	return a.Versions, nil
}

// RuleVersion returns one version of a rule.
func (c *Client) RuleVersion(ctx context.Context, id string, version int64) (*RuleVersion, error) {
	return call[RuleVersion](ctx, c, get("rules", id).with(url.Values{"version": {strconv.FormatInt(version, 10)}}))
}

// RuleDiff is how the text of one version differs from that of another, in the unified form. to 0 is the newest, from 0 the
// one before to.
func (c *Client) RuleDiff(ctx context.Context, id string, from, to int64) (string, error) {
	p := url.Values{}
	if from > 0 {
		p.Set("from", strconv.FormatInt(from, 10))
	}
	if to > 0 {
		p.Set("to", strconv.FormatInt(to, 10))
	}
	a, err := call[struct {
		Diff string `json:"diff"`
	}](ctx, c, get("rules", id, "diff").with(p))
	if err != nil {
		return "", err
	}
	return a.Diff, nil
}
