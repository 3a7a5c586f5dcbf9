// Package classification is the admin's own rules of what kind of event an event is: its log type, dataset, category,
// severity and priority, where a device's parser does not know them.
//
// Its one idea: a rule is a query and what events get that it matches. All rules of a host are asked at once, over the
// columns of a batch, and see events as plugins left them, masked; for each field the first rule that matches counts.
package classification

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/logcenter/logcenter/host/retention"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/query"
	"github.com/logcenter/logcenter/sdk/schema"
)

// MaxRules bounds the rules of a host.
const MaxRules = 1000

// Rule is one rule.
type Rule struct {
	Name  string `json:"name"`
	Query string `json:"query"`
	Set   Set    `json:"set"`
}

// Set is what a rule sets. Zero values leave a field as it is.
type Set struct {
	DeviceType string   `json:"device_type,omitempty"` // observer.type
	LogType    string   `json:"log_type,omitempty"`    // logcenter.log_type
	Dataset    string   `json:"dataset,omitempty"`     // event.dataset, and event.module, its first part
	Category   []string `json:"category,omitempty"`    // event.category, in place of all that was there
	Level      string   `json:"level,omitempty"`       // log.level
	Priority   int      `json:"priority,omitempty"`    // logcenter.priority, 1 to 5
}

// empty says that nothing is set.
func (s Set) empty() bool {
	return s.DeviceType == "" && s.LogType == "" && s.Dataset == "" && len(s.Category) == 0 && s.Level == "" && s.Priority == 0
}

var (
	nameForm    = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,63}$`)
	typeForm    = regexp.MustCompile(`^[a-z][a-z0-9_]{0,62}$`)
	datasetForm = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]*(\.[a-z0-9_-]+)*$`)
)

// maxDataset bounds a dataset, in bytes.
const maxDataset = 128

// Check says what is wrong with a rule: paths of the errors are below it, e.g. set.log_type. Device types and log types
// are those of the policy's table, so that each event a rule matches has a retention class.
func (r Rule) Check(p *retention.Policy) (wrong []*schema.Error) {
	fail := func(path, hint, format string, args ...any) {
		wrong = append(wrong, &schema.Error{Path: path, Msg: fmt.Sprintf(format, args...), Hint: hint})
	}
	if !nameForm.MatchString(r.Name) {
		fail("name", "1 to 64 lower-case letters, digits, '.', '_' or '-', beginning with a letter or digit", "%.80q is no name", r.Name)
	}
	if r.Set.empty() {
		fail("set", "give one or more of device_type, log_type, dataset, category, level, priority", "nothing is set")
	}
	if d := r.Set.Dataset; d != "" && (len(d) > maxDataset || !datasetForm.MatchString(d)) {
		fail("set.dataset", "write what makes the events and their kind in lower case, e.g. switch.login", "%.80q is no dataset", d)
	}
	if t := r.Set.LogType; t != "" && !typeForm.MatchString(t) {
		fail("set.log_type", "use lower-case letters, digits and underscores, e.g. run_state", "%.80q is no log type", t)
		return wrong
	}
	if r.Set.DeviceType != "" && r.Set.LogType == "" {
		fail("set.device_type", "give set.log_type, too", "retention goes by device type and log type together")
	}
	n, err := parse(r.Query)
	if err != nil {
		return append(wrong, err)
	}
	return append(wrong, r.checkTypes(n, types(p))...)
}

// parse is the rule's query.
func parse(text string) (query.Node, *schema.Error) {
	n, err := query.Parse(text)
	if err == nil {
		err = query.CheckFields(n, nil)
	}
	if err != nil {
		return nil, inQuery(text, err)
	}
	return n, nil
}

// inQuery is an error of package query with its place.
func inQuery(text string, err error) *schema.Error {
	wrong, ok := err.(*query.Error) //nolint:errorlint // package query promises the type
	if !ok {
		return &schema.Error{Path: "query", Msg: err.Error()}
	}
	return &schema.Error{Path: "query", Msg: fmt.Sprintf("column %d: %s", wrong.Column(text), wrong.Msg), Hint: wrong.Hint}
}

// types are the log types of a policy by device type; nil: any.
func types(p *retention.Policy) map[string][]string {
	known := map[string][]string{}
	for _, row := range p.Rows() {
		switch list, seen := known[row.ObserverType]; {
		case row.ObserverType == retention.Unclassified.Name:
		case row.LogType == retention.All || seen && list == nil:
			known[row.ObserverType] = nil
		default:
			known[row.ObserverType] = append(list, row.LogType)
		}
	}
	return known
}

// inPolicy is how a type that the table lacks is added.
const inPolicy = "; a row of retention.policy adds another one"

// checkTypes compares device types and log type with the table.
func (r Rule) checkTypes(n query.Node, known map[string][]string) (wrong []*schema.Error) {
	if r.Set.LogType == "" {
		return nil
	}
	path, devices := "set.device_type", []string{r.Set.DeviceType}
	if r.Set.DeviceType == "" {
		path = "query"
		devices = devicesOf(n)
		if devices == nil {
			return []*schema.Error{{
				Path: path, Msg: "selects events of any device, but log types are those of a device type",
				Hint: fmt.Sprintf("write observer.type:server AND (…), or set device_type; %s is a log type of %s", r.Set.LogType, having(known, r.Set.LogType)),
			}}
		}
	}
	for _, d := range devices {
		list, ok := known[d]
		switch {
		case !ok:
			wrong = append(wrong, &schema.Error{
				Path: path, Msg: fmt.Sprintf("%q is no device type of the retention table", d), Hint: near(d, keys(known)) + inPolicy,
			})
		case list != nil && !slices.Contains(list, r.Set.LogType):
			wrong = append(wrong, &schema.Error{
				Path: "set.log_type", Msg: fmt.Sprintf("%q is no log type of the device type %s", r.Set.LogType, d), Hint: near(r.Set.LogType, list) + inPolicy,
			})
		}
	}
	return wrong
}

func keys(known map[string][]string) (names []string) {
	for name := range known {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// near is a hint of what a word may be.
func near(word string, list []string) string {
	hint := "one of " + strings.Join(list, ", ")
	if n := schema.Nearest(word, list); n != "" {
		hint = fmt.Sprintf("did you mean %q? %s", n, hint)
	}
	return hint
}

// having are the device types with a log type, in words.
func having(known map[string][]string, logType string) string {
	var names []string
	for _, d := range keys(known) {
		if list := known[d]; list == nil || slices.Contains(list, logType) {
			names = append(names, d)
		}
	}
	return strings.Join(names, ", ")
}

// devicesOf are the device types that all matches of a query have one of; nil if it does not say.
func devicesOf(n query.Node) (devices []string) {
	switch n := n.(type) {
	case *query.Term:
		if query.FieldName(n.Field) == ecs.ObserverType.Name() {
			return []string{n.Value}
		}
	case *query.And:
		for _, sub := range n.Nodes {
			if list := devicesOf(sub); list != nil && (devices == nil || len(list) < len(devices)) {
				devices = list
			}
		}
	case *query.Or:
		for _, sub := range n.Nodes {
			list := devicesOf(sub)
			if list == nil {
				return nil
			}
			devices = append(devices, list...)
		}
	}
	return devices
}
