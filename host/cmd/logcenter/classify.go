package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/logcenter/logcenter/host/config"
	"github.com/logcenter/logcenter/sdk/client"
)

func newClassifyCommand(c *connection) *cobra.Command {
	var out output
	cmd := &cobra.Command{
		Use:   "classify",
		Short: "show and try classification rules",
		Long: `Show the rules by which the host says what kind of event an event is, where its device's parser does not know: in their
order, with the events that each matched and those that it decided something of, since the host started. They are the key
classification of the configuration:

  classification:
    - name: switch-faults
      query: log.syslog.appname:switch AND (Fail OR Bad OR Error)
      set: {device_type: server, log_type: error, category: [network], level: Error, priority: 2}

Rules are asked behind masking. For each field the first rule that matches counts; streams, alerts, tail and retention go by
what it set. An event has the names of its rules in logcenter.classified_by, and ` + "`logcenter explain`" + ` says which field is
whose. The host reads changed rules at SIGHUP; events that are stored stay as they are.`,
		Example: `  logcenter classify
  logcenter classify test --config logcenter.yaml --from -24h
  logcenter search logcenter.classified_by:switch-faults`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := out.check(); err != nil {
				return err
			}
			cl, err := c.client()
			if err != nil {
				return err
			}
			rules, err := cl.ClassificationRules(cmd.Context())
			if err != nil {
				return err
			}
			t := newTable("rule", "matched", "decided", "sets", "query").numbers("matched", "decided")
			for _, r := range rules {
				t.add(r.Name, fmt.Sprint(r.Matched), fmt.Sprint(r.Decided), sets(r.Set), r.Query)
			}
			return out.print(cmd.OutOrStdout(), t, rules)
		},
	}
	out.flags(cmd.Flags(), "the API's answer")
	completeOutput(cmd)
	cmd.AddCommand(newClassifyTestCommand(c))
	return cmd
}

// sets is what a rule sets in one line.
func sets(s client.ClassificationSet) string {
	var list []string
	for _, f := range fieldsOf(s) {
		list = append(list, f.name+"="+strings.Join(f.values, ","))
	}
	return strings.Join(list, " ")
}

// setField is a field that a rule sets, with its values.
type setField struct {
	name   string
	values []string
}

func fieldsOf(s client.ClassificationSet) (list []setField) {
	priority := ""
	if s.Priority != 0 {
		priority = fmt.Sprint(s.Priority)
	}
	for _, f := range []setField{
		{"observer.type", []string{s.DeviceType}},
		{"logcenter.log_type", []string{s.LogType}},
		{"event.dataset", []string{s.Dataset}},
		{"event.category", s.Category},
		{"log.level", []string{s.Level}},
		{"logcenter.priority", []string{priority}},
	} {
		if len(f.values) > 0 && f.values[0] != "" {
			list = append(list, f)
		}
	}
	return list
}

type classifyTestOptions struct {
	selection
	output
	config string
}

func newClassifyTestCommand(c *connection) *cobra.Command {
	o := &classifyTestOptions{}
	cmd := &cobra.Command{
		Use:   "test [RULE...]",
		Short: "try the rules of a configuration file on stored events",
		Long: `Try the rules of a configuration file, or those named, on the events that the host has stored: how many each one matches,
how many of these are not yet what the rule would make of them, and the newest of those. Nothing is changed, and the host
needs no restart: write a rule, try it, then send the host SIGHUP.

Each rule is tried by itself; what rules before it would have decided is not taken off.

` + timesHelp,
		Example: `  logcenter classify test --config examples/classification.yaml --from -24h
  logcenter classify test switch-faults --from -7d`,
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd, c, args) },
	}
	cmd.Flags().StringVarP(&o.config, "config", "c", "logcenter.yaml", "the configuration `file`")
	markFile(cmd, "config", "yaml", "yml")
	o.selection.flags(cmd)
	o.output.flags(cmd.Flags(), "a list of rules with their figures")
	completeOutput(cmd)
	return cmd
}

// ruleTrial is what a rule would do.
type ruleTrial struct {
	Rule    string `json:"rule"`
	Events  int64  `json:"events"`            // that it matches
	Changes int64  `json:"changes"`           // of these: events of which a field would become another
	Example string `json:"example,omitempty"` // line of the newest of these
}

func (o *classifyTestOptions) run(cmd *cobra.Command, c *connection, names []string) error {
	if err := o.check(); err != nil {
		return err
	}
	if _, err := o.location(); err != nil {
		return err
	}
	rules, err := o.rules(names)
	if err != nil {
		return err
	}
	cl, err := c.client()
	if err != nil {
		return err
	}
	all := []ruleTrial{}
	t := newTable("rule", "events", "changes", "sets", "example").numbers("events", "changes")
	for _, r := range rules {
		one, err := o.try(cmd.Context(), cl, r)
		if err != nil {
			return err
		}
		all = append(all, one)
		t.add(one.Rule, fmt.Sprint(one.Events), fmt.Sprint(one.Changes), sets(r.Set), one.Example)
	}
	return o.print(cmd.OutOrStdout(), t, all)
}

// rules are those of the configuration file, or those of its that are named, in its order.
func (o *classifyTestOptions) rules(names []string) (list []client.ClassificationRule, err error) {
	cfg, err := config.Load(o.config)
	if err != nil {
		return nil, &configError{err}
	}
	unknown := map[string]bool{}
	for _, name := range names {
		unknown[name] = true
	}
	for _, r := range cfg.Classification {
		if len(names) > 0 && !unknown[r.Name] {
			continue
		}
		delete(unknown, r.Name)
		list = append(list, client.ClassificationRule{Name: r.Name, Query: r.Query, Set: client.ClassificationSet(r.Set)})
	}
	for name := range unknown {
		return nil, &wrongError{fmt.Errorf("%s has no classification rule %q", o.config, name)}
	}
	if len(list) == 0 {
		return nil, &wrongError{fmt.Errorf("%s has no classification rules: write them under the key classification, as examples/classification.yaml does", o.config)}
	}
	return list, nil
}

// try asks the host what a rule would do.
func (o *classifyTestOptions) try(ctx context.Context, cl *client.Client, r client.ClassificationRule) (ruleTrial, error) {
	out := ruleTrial{Rule: r.Name}
	page, err := cl.Search(ctx, client.SearchRequest{Selection: o.of(r.Query), Limit: 1, Count: true, Fields: []string{"message"}})
	if err != nil {
		return out, inQuery(err, r.Query)
	}
	out.Events = *page.Total
	var is []string
	for _, f := range fieldsOf(r.Set) {
		for _, v := range f.values {
			is = append(is, fmt.Sprintf("%s:%q", f.name, v))
		}
	}
	other := fmt.Sprintf("(%s) AND NOT (%s)", r.Query, strings.Join(is, " AND "))
	page, err = cl.Search(ctx, client.SearchRequest{Selection: o.of(other), Limit: 1, Count: true, Fields: []string{"message"}})
	if err != nil {
		return out, inQuery(err, other)
	}
	out.Changes = *page.Total
	if len(page.Events) > 0 {
		out.Example = cell(page.Events[0]["message"])
	}
	return out, nil
}
