package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/logcenter/logcenter/sdk/client"
)

func newAlertCommand(c *connection) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "alert",
		Short: "alerts: see, take up, judge and close them",
		Long: `See alerts, take them up, judge and close them.

An alert is open until somebody acknowledges it, and is closed with a verdict: true-positive (an attack or fault, as it
says), false-positive (nothing of the kind) or benign (as it says, and permitted). What repeats an alert that is not
closed (same rule, same keys) is counted there. From the verdicts, and from attacks that were missed, ` + "`alert rates`" + ` tells
how good rules, devices and the devices' own rules are.`,
		Example: `  logcenter alert list --state open --severity Error,Fatal
  logcenter alert ack 7d9f0c21aa35be10c4f2d6180e9b7a53 --note 'looking at it'
  logcenter alert close 7d9f0c21aa35be10c4f2d6180e9b7a53 --verdict false-positive
  logcenter alert rates --by device_rule --from -30d`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newAlertListCommand(c), newAlertShowCommand(c), newAlertAckCommand(c), newAlertAssignCommand(c), newAlertCloseCommand(c),
		newAlertReopenCommand(c), newAlertNoteCommand(c), newAlertWatchCommand(c), newAlertRatesCommand(c), newAlertMissedCommand(c))
	return cmd
}

var verdicts = []string{"true-positive", "false-positive", "benign"}

// spelt is a word of the command line as the API has it.
func spelt(words ...string) (out []string) {
	for _, w := range words {
		out = append(out, strings.ReplaceAll(w, "-", "_"))
	}
	return out
}

// alertFilterFlags are the flags that say which alerts a command is about.
func alertFilterFlags(cmd *cobra.Command, f *client.AlertFilter) {
	flags := cmd.Flags()
	flags.StringSliceVar(&f.States, "state", nil, "only in these `states`: open, acknowledged, closed")
	flags.StringSliceVar(&f.Severities, "severity", nil, "only of these `severities`: Debug, Info, Warn, Error, Fatal")
	flags.StringSliceVar(&f.Verdicts, "verdict", nil, "only judged so: "+strings.Join(verdicts, ", "))
	flags.StringSliceVar(&f.Kinds, "kind", nil, "`kinds` instead of alerts: all, recovery, summary, escalation, test")
	flags.StringSliceVar(&f.Rules, "rule", nil, "only of these `rules`")
	flags.StringSliceVar(&f.Devices, "device", nil, "only of these `devices`")
	flags.StringVar(&f.DeviceRule, "device-rule", "", "only with this rule.`id`, that of a WAF's or IPS's own rule")
	flags.StringVar(&f.Assignee, "assignee", "", "only of this `person`; - is nobody")
	flags.StringSliceVar(&f.Tags, "tag", nil, "only with all these `tags`, e.g. attack.t1110.001")
	flags.StringSliceVar(&f.Keys, "key", nil, "only with all these keys, as `NAME=VALUE`")
	flags.StringVar(&f.Text, "text", "", "only with this `text` in name, rule, keys, fields or description")
	flags.StringVar(&f.Held, "held", "", "only those that nobody was told of by themselves, for this `reason`: silent, repeat, storm, original")
	flags.Int64Var(&f.Storm, "storm", 0, "only those held by the storm with this `number`")
	flags.Int64Var(&f.Case, "case", 0, "only those in the case with this `number`")
	flags.BoolVar(&f.Repeats, "repeats", false, "also those that repeat others")
	complete(cmd, "state", "open", "acknowledged", "closed")
	complete(cmd, "severity", "Debug", "Info", "Warn", "Error", "Fatal")
	complete(cmd, "verdict", verdicts...)
	complete(cmd, "kind", "all", "recovery", "summary", "escalation", "test")
	complete(cmd, "held", "silent", "repeat", "storm", "original")
}

func newAlertListCommand(c *connection) *cobra.Command {
	var (
		out  output
		f    client.AlertFilter
		zone selection
	)
	cmd := &cobra.Command{
		Use:   "list",
		Short: "list alerts, the newest first",
		Long:  "List alerts, the newest first: one row for each group of repeats, with how often it repeated.\n\n" + timesHelp,
		Example: `  logcenter alert list --state open,acknowledged
  logcenter alert list --from -7d --severity Fatal --key user.name=alice
  logcenter alert list --kind all --repeats --limit 1000 -o csv`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := out.check(); err != nil {
				return err
			}
			if f.Limit < 1 {
				return usagef("--limit %d is not possible: use 1 or more", f.Limit)
			}
			at, err := zone.location()
			if err != nil {
				return err
			}
			cl, err := c.client()
			if err != nil {
				return err
			}
			f.TimeZone, f.Verdicts = zone.zone, spelt(f.Verdicts...)
			page, err := listAlerts(cmd, cl, f)
			if err != nil {
				return err
			}
			if err := out.print(cmd.OutOrStdout(), alertTable(page.Alerts, at), page); err != nil {
				return err
			}
			if out.format == "table" && page.Cursor != "" {
				tell(cmd.ErrOrStderr(), "there are more: --limit shows them\n")
			}
			return nil
		},
	}
	out.flags(cmd.Flags(), "the API's answer")
	alertFilterFlags(cmd, &f)
	flags := cmd.Flags()
	flags.StringVar(&f.From, "from", "", "`time` from which on alerts were recorded")
	flags.StringVar(&f.To, "to", "", "`time` before which they were")
	flags.IntVar(&f.Limit, "limit", 100, "at most so many `rows`")
	zone.zoneFlag(cmd)
	completeOutput(cmd)
	return cmd
}

// listAlerts gathers pages up to the limit.
func listAlerts(cmd *cobra.Command, cl *client.Client, f client.AlertFilter) (*client.AlertPage, error) {
	all, want := &client.AlertPage{Alerts: []client.Alert{}}, f.Limit
	for {
		f.Limit = min(want-len(all.Alerts), 1000)
		page, err := cl.Alerts(cmd.Context(), f)
		if err != nil {
			return nil, err
		}
		all.Alerts, all.Cursor = append(all.Alerts, page.Alerts...), page.Cursor
		if page.Cursor == "" || len(all.Alerts) >= want {
			return all, nil
		}
		f.Cursor = page.Cursor
	}
}

func alertTable(alerts []client.Alert, zone *time.Location) *table {
	t := newTable("recorded", "id", "severity", "state", "rule", "name", "keys", "events", "repeats", "device", "assignee").numbers("events", "repeats")
	for i := range alerts {
		a := &alerts[i]
		t.add(momentIn(a.Recorded, zone), a.ID, a.Severity, alertState(a), a.Rule, a.Name, pairs(a.Keys), grouped(a.Events), grouped(a.Repeats), a.Device, a.Assignee)
	}
	return t
}

// alertState is the state in a word or two.
func alertState(a *client.Alert) string {
	switch {
	case a.Verdict != "":
		return a.State + " (" + strings.ReplaceAll(a.Verdict, "_", " ") + ")"
	case a.State == "" && a.Kind == "":
		return "repeat"
	case !a.Recovered.IsZero() && a.State != "closed":
		return a.State + ", recovered"
	}
	return cmp.Or(a.State, a.Kind)
}

// pairs shows a map as NAME=VALUE, sorted by name.
func pairs(m map[string]string) string {
	var out []string
	for name, value := range m {
		out = append(out, name+"="+value)
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

func newAlertShowCommand(c *connection) *cobra.Command {
	var out output
	cmd := &cobra.Command{
		Use:   "show ID",
		Short: "show an alert with its history and its evidence",
		Example: `  logcenter alert show 7d9f0c21aa35be10c4f2d6180e9b7a53
  logcenter alert show 7d9f0c21aa35be10c4f2d6180e9b7a53 -o json | jq .sample`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: completeAlerts(c, false),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := out.check(); err != nil {
				return err
			}
			cl, err := c.client()
			if err != nil {
				return err
			}
			a, err := cl.Alert(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if out.format == "table" {
				return printAlert(cmd.OutOrStdout(), a)
			}
			return out.print(cmd.OutOrStdout(), changeLog(a.Log), a)
		},
	}
	out.flags(cmd.Flags(), "the API's answer; csv is the history")
	completeOutput(cmd)
	return cmd
}

func printAlert(w io.Writer, a *client.AlertDetail) error {
	t := newTable("", "")
	t.headless = true
	add := func(name, value string) {
		if value != "" {
			t.add(name, value)
		}
	}
	add("alert", a.ID)
	add("name", a.Name)
	add("description", a.Description)
	add("rule", strings.TrimSpace(a.Rule+" "+a.RuleVersion))
	add("state", alertState(&a.Alert))
	add("assignee", a.Assignee)
	add("severity", a.Severity)
	add("priority", strconv.Itoa(a.Priority))
	add("topic", a.Topic)
	add("type", a.Type)
	add("method", a.Method)
	add("frequency", a.Frequency)
	add("remarks", a.Remarks)
	add("tags", strings.Join(a.Tags, " "))
	add("keys", pairs(a.Keys))
	add("device", strings.TrimSpace(a.Device+" "+a.Dataset))
	add("device's rule", a.DeviceRule)
	add("recorded", moment(a.Recorded))
	add("told", told(&a.Alert))
	add("recovered", momentOrNone(a.Recovered))
	add("repeats", a.RepeatOf)
	add("events", fmt.Sprintf("%s, from %s to %s", grouped(a.Events), moment(a.First), moment(a.Latest)))
	if a.Repeats > 0 {
		add("repeated", fmt.Sprintf("%s times, last as %s", grouped(a.Repeats), a.Again[0]))
	}
	for _, n := range a.Cases {
		add("case", strconv.FormatInt(n, 10))
	}
	names := make([]string, 0, len(a.Fields))
	for name := range a.Fields {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		add(name, a.Fields[name])
	}
	for i, l := range a.Log {
		t.add(once(i, "history"), changeText(l))
	}
	for i, ev := range a.Sample {
		t.add(once(i, "evidence"), strings.TrimSpace(localTime(eventText(ev, "@timestamp"), localZone())+" "+eventText(ev, "message")))
	}
	if a.Evidence != "taken" {
		t.add("evidence", map[string]string{"wanted": "its events are being looked for", "none": "none is kept"}[a.Evidence])
	}
	return t.print(w, 0)
}

// once is the name of a part in its first line.
func once(i int, name string) string {
	if i > 0 {
		return ""
	}
	return name
}

func eventText(ev client.Event, name string) string {
	if ev[name] == nil {
		return ""
	}
	return fmt.Sprint(ev[name])
}

func told(a *client.Alert) string {
	why := map[string]string{
		"silent": "nobody: its rule is silent", "repeat": "nobody: it repeats one that is open", "storm": fmt.Sprintf("in the summaries of storm %d", a.Storm),
		"original": "nobody: it recovers what nobody was told of",
	}[a.Held]
	if a.Told.IsZero() {
		return why
	}
	return moment(a.Told)
}

func changeText(l client.AlertChange) string {
	return strings.TrimSpace(strings.Join(strings.Fields(fmt.Sprintf("%s %s %s %s", moment(l.Time), l.What, changeValue(l), by(l.By))), " ") + noted(l.Note))
}

// changeValue is what a change says more, a verdict as [alertState] has it.
func changeValue(l client.AlertChange) string {
	if l.What == "closed" && l.Value != "" {
		return "(" + strings.ReplaceAll(l.Value, "_", " ") + ")"
	}
	return l.Value
}

func by(who string) string {
	if who == "" {
		return ""
	}
	return "by " + who
}

func noted(note string) string {
	if note == "" {
		return ""
	}
	return ": " + note
}

func changeLog(log []client.AlertChange) *table {
	t := newTable("time", "alert", "case", "what", "value", "by", "note")
	for _, l := range log {
		in := ""
		if l.Case != 0 {
			in = strconv.FormatInt(l.Case, 10)
		}
		t.add(moment(l.Time), l.Alert, in, l.What, l.Value, l.By, l.Note)
	}
	return t
}

func newAlertRatesCommand(c *connection) *cobra.Command {
	var (
		out          output
		by, from, to string
	)
	cmd := &cobra.Command{
		Use:   "rates",
		Short: "how good rules, devices and the devices' own rules are",
		Long: `Show how many alerts were false, and how many attacks were missed, by rule, by device, or by the rule of the device that
an alert's events name (rule.id of a WAF, an IPS, …).

The rate of false positives is that of all alerts that were judged. The rate of false negatives is that of all attacks that
are known: those that were missed and the true positives. An alert counts once, however often it repeated.

` + timesHelp,
		Example: `  logcenter alert rates --from -30d
  logcenter alert rates --by device_rule -o csv`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := out.check(); err != nil {
				return err
			}
			cl, err := c.client()
			if err != nil {
				return err
			}
			rates, err := cl.AlertRates(cmd.Context(), by, from, to)
			if err != nil {
				return err
			}
			return out.print(cmd.OutOrStdout(), rateTable(by, rates), rates)
		},
	}
	out.flags(cmd.Flags(), "the API's answer")
	flags := cmd.Flags()
	flags.StringVar(&by, "by", "rule", "what is judged: rule, device or device_rule")
	flags.StringVar(&from, "from", "", "`time` from which on alerts were recorded, and attacks were")
	flags.StringVar(&to, "to", "", "`time` before which they were")
	completeOutput(cmd)
	complete(cmd, "by", "rule", "device", "device_rule")
	return cmd
}

func rateTable(by string, rates []client.AlertRate) *table {
	head := []string{strings.ReplaceAll(by, "_", " "), "alerts", "repeats", "true", "false", "benign", "unjudged", "missed", "false positives", "false negatives"}
	t := newTable(head...).numbers(head[1:]...)
	rate := func(v *float64) string {
		if v == nil {
			return "-"
		}
		return share(*v)
	}
	for _, r := range rates {
		name := cmp.Or(r.Rule, r.Device, strings.TrimSpace(r.Dataset+" "+r.DeviceRule), "(none)")
		t.add(name, grouped(r.Alerts), grouped(r.Repeats), grouped(r.TruePositives), grouped(r.FalsePositives), grouped(r.Benign), grouped(r.Unjudged),
			grouped(r.Missed), rate(r.FalsePositiveRate), rate(r.FalseNegativeRate))
	}
	return t
}

func newAlertWatchCommand(c *connection) *cobra.Command {
	var (
		f     client.AlertFilter
		after int64
		form  string
	)
	cmd := &cobra.Command{
		Use:   "watch",
		Short: "follow what becomes of alerts and cases",
		Long: `Follow what becomes of alerts and cases, one line each, until interrupted. When the connection is lost it is made again,
and nothing is missed; --after goes on behind a change of before, which the output json has as change.id.`,
		Example: `  logcenter alert watch --severity Error,Fatal
  logcenter alert watch --after 4711 -o json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if form != "line" && form != "json" {
				return usagef("--output %s is not possible: use line or json", form)
			}
			cl, err := c.client()
			if err != nil {
				return err
			}
			f.Verdicts = spelt(f.Verdicts...)
			errs := cmd.ErrOrStderr()
			return interrupted(cl.FollowAlerts(cmd.Context(), client.FollowRequest{
				Filter: f, After: after,
				OnGap: func() { tell(errs, "note: changes behind %d are missing: their alerts are not kept any more\n", after) },
				OnReconnect: func(lost time.Time, reason error) {
					tell(errs, "note: connected again, nothing is missed since %s (%v)\n", moment(lost), reason)
				},
			}, func(one client.FollowedChange) error {
				if form == "json" {
					return printJSONLine(cmd.OutOrStdout(), one)
				}
				return printFollowed(cmd.OutOrStdout(), one)
			}))
		},
	}
	alertFilterFlags(cmd, &f)
	flags := cmd.Flags()
	flags.Int64Var(&after, "after", 0, "`id` of a change to go on behind; 0 begins with what is new")
	flags.StringVarP(&form, "output", "o", "line", "`form` of the output: line, or json (one change a line)")
	complete(cmd, "output", "line", "json")
	return cmd
}

func printFollowed(w io.Writer, one client.FollowedChange) error {
	text := changeText(one.Change)
	if a := one.Alert; a != nil {
		text += fmt.Sprintf("  %s %s %s [%s]", a.ID, a.Severity, a.Name, alertState(a))
	}
	if one.Case != nil {
		text += fmt.Sprintf("  case %d %s", one.Case.ID, one.Case.Title)
	}
	_, err := fmt.Fprintln(w, printable(text))
	return err
}
