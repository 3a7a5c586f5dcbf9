package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/logcenter/logcenter/host/canary"
	"github.com/logcenter/logcenter/sdk/client"
)

func newMaskingCommand(c *connection) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "masking",
		Short:   "prove that nothing secret comes out, and reveal what two people agree to",
		Example: "  logcenter masking canary\n  logcenter masking keygen /secure/tokens --holders li,wang",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newCanaryCommand(c), newKeygenCommand(), newRevealCommand(), newRevealsCommand())
	return cmd
}

func newCanaryCommand(c *connection) *cobra.Command {
	var (
		out   output
		input string
		rules []string
		wait  time.Duration
	)
	cmd := &cobra.Command{
		Use:   "canary",
		Short: "send made-up secrets through the host and look for them at its exits",
		Long: `Send lines with made-up secrets through a running host and look for them wherever it gives events out: search, export,
tail, values of fields, dead letters, explanations, health, and what is told of plugins. Secrets are looked for as they are and
in base64, hexadecimal digits, percent and JSON escapes.

The secrets are random and of all rules that are on by default, each in the forms in which they stand in logs. The lines
are stored like any others and stay, masked, as long as others; a word that is in all of them, told at the end, finds them.
A rule that was switched off on purpose is left out with --rules.

Exit code 1: a secret came out, or lines did not arrive.`,
		Example: `  logcenter masking canary
  logcenter masking canary --rules password,token,id-card -o json
  logcenter masking canary --input audit --wait 2m`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := out.check(); err != nil {
				return err
			}
			for _, r := range rules {
				if !slices.Contains(canary.Rules(), r) {
					return usagef("--rules: there are no canaries for %q: use %s", r, strings.Join(canary.Rules(), ", "))
				}
			}
			cl, err := c.client()
			if err != nil {
				return err
			}
			run := newCanaryRun(cl, rules)
			ctx, cancel := context.WithTimeout(cmd.Context(), wait)
			defer cancel()
			if err := run.all(ctx, input); err != nil {
				return err
			}
			if err := out.print(cmd.OutOrStdout(), run.table(), run); err != nil {
				return err
			}
			tell(cmd.ErrOrStderr(), "%d lines with made-up secrets, found with %s: %d secrets came out at %d exits\n", run.Lines, run.Mark, len(run.Leaks), len(run.Exits))
			if len(run.Leaks) > 0 {
				return &quietError{exitFailed}
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&input, "input", "http", "HTTP input that the lines are sent to, by `name`")
	f.StringSliceVar(&rules, "rules", nil, "only secrets of these `rules`, parted by commas (default all that are on by default)")
	f.DurationVar(&wait, "wait", time.Minute, "how long it may take until the lines are stored, as a `duration`")
	out.flags(f, "what was found")
	completeOutput(cmd)
	return cmd
}

// canaryRun is one run of canaries, and what the API shows of it.
type canaryRun struct {
	Mark  string       `json:"mark"`
	Lines int          `json:"lines"`
	Exits []string     `json:"exits"` // that were looked at
	Leaks []canaryLeak `json:"leaks"`

	cl     *client.Client
	lines  []canary.Line
	finder *canary.Finder
	ids    []string
}

type canaryLeak struct {
	Exit     string `json:"exit"`
	Rule     string `json:"rule"`
	Form     string `json:"form"`
	Spelling string `json:"spelling"`
}

func newCanaryRun(cl *client.Client, rules []string) *canaryRun {
	mark := "canary" + strings.ToLower(rand.Text()[:12])
	r := &canaryRun{Mark: mark, cl: cl, Leaks: []canaryLeak{}}
	r.lines = slices.DeleteFunc(canary.Lines(mark), func(l canary.Line) bool { return len(rules) > 0 && !slices.Contains(rules, l.Rule) })
	r.Lines, r.finder = len(r.lines), canary.NewFinder(r.lines)
	return r
}

// all sends the lines and looks at every exit.
func (r *canaryRun) all(ctx context.Context, input string) error {
	tailed, err := r.send(ctx, input)
	if err != nil {
		return err
	}
	name := "tail"
	if len(tailed) < r.Lines {
		name = fmt.Sprintf("tail (%d of %d events)", len(tailed), r.Lines)
	}
	if err := r.look(name, tailed); err != nil {
		return err
	}
	for _, exit := range []struct {
		name string
		of   func(context.Context) (any, error)
	}{
		{"search", r.search},
		{"export", r.export},
		{"field values", r.values},
		{"explain", r.explain},
		{"dead letters", func(ctx context.Context) (any, error) {
			return r.cl.DeadLetters(ctx, client.DeadLetterFilter{Limit: 1000})
		}},
		{"drift", func(ctx context.Context) (any, error) { return r.cl.Drift(ctx, client.DriftFilter{}) }},
		{"health", func(ctx context.Context) (any, error) { return r.cl.Health(ctx) }},
		{"plugins", func(ctx context.Context) (any, error) { return r.cl.Plugins(ctx) }},
	} {
		shown, err := exit.of(ctx)
		if err != nil {
			return fmt.Errorf("cannot look at %s: %w", exit.name, err)
		}
		if err := r.look(exit.name, shown); err != nil {
			return err
		}
	}
	return nil
}

// look searches what an exit shows for secrets.
func (r *canaryRun) look(exit string, shown any) error {
	text, ok := shown.([]byte)
	if !ok {
		var b bytes.Buffer
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false) // a secret is to stand there as it was
		if err := enc.Encode(shown); err != nil {
			return err
		}
		text = b.Bytes()
	}
	r.Exits = append(r.Exits, exit)
	for _, l := range r.finder.Find(text) {
		r.Leaks = append(r.Leaks, canaryLeak{exit, l.Line.Rule, l.Line.Form, l.Spelling})
	}
	return nil
}

func (r *canaryRun) selection() client.Selection {
	return client.Selection{Query: r.Mark, From: "2000-01-01T00:00:00Z", To: "2100-01-01T00:00:00Z"} // some lines say when they are of
}

// send sends the lines and waits until all are stored; it returns what a tail has shown meanwhile.
func (r *canaryRun) send(ctx context.Context, input string) (tailed []client.Event, err error) {
	following, stop := context.WithCancel(ctx)
	defer stop()
	done := make(chan error, 1)
	go func() {
		done <- r.cl.Tail(following, client.TailRequest{Query: r.Mark}, func(ev client.Event) error {
			tailed = append(tailed, ev)
			if len(tailed) == r.Lines {
				stop()
			}
			return nil
		})
	}()
	var body bytes.Buffer
	for _, l := range r.lines {
		body.WriteString(l.Text)
		body.WriteByte('\n')
	}
	if _, err := r.cl.Ingest(ctx, input, body.Bytes(), client.IngestOptions{}); err != nil {
		stop()
		return nil, errors.Join(err, ignoreCancelled(<-done))
	}
	stored := r.wait(ctx)
	end := time.AfterFunc(tailTime, stop)
	defer end.Stop()
	if err := ignoreCancelled(<-done); err != nil && stored == nil {
		return nil, fmt.Errorf("cannot look at tail: %w", err)
	}
	return tailed, stored
}

// tailTime is how long a tail may take for what is stored already: it may have connected too late to see all.
const tailTime = 2 * time.Second

func ignoreCancelled(err error) error {
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// wait waits until all lines are stored.
func (r *canaryRun) wait(ctx context.Context) error {
	again := time.NewTicker(200 * time.Millisecond)
	defer again.Stop()
	for {
		a, err := r.cl.Aggregate(ctx, client.AggregateRequest{Selection: r.selection(), Aggs: []client.Agg{{Kind: "count"}}})
		if err == nil && a.Total >= int64(r.Lines) {
			return nil
		}
		select {
		case <-ctx.Done():
			if err != nil && !errors.Is(err, context.DeadlineExceeded) {
				return err
			}
			return fmt.Errorf("of %d lines not all were stored in time: search for %s; those whose text was withheld do not show it", r.Lines, r.Mark)
		case <-again.C:
		}
	}
}

func (r *canaryRun) search(ctx context.Context) (any, error) {
	page, err := r.cl.Search(ctx, client.SearchRequest{Selection: r.selection(), Limit: 10000})
	if err != nil {
		return nil, err
	}
	for _, ev := range page.Events {
		r.ids = append(r.ids, ev.Text("event.id"))
	}
	return page, nil
}

func (r *canaryRun) export(ctx context.Context) (any, error) {
	var b bytes.Buffer
	_, err := r.cl.ExportOnline(ctx, client.OnlineRequest{ExportRequest: client.ExportRequest{Selection: r.selection(), Format: "ndjson"}}, &b)
	return b.Bytes(), err
}

// values are those of all fields that have some, as the field list and aggregations show them.
func (r *canaryRun) values(ctx context.Context) (any, error) {
	fields, err := r.cl.Fields(ctx, r.selection())
	if err != nil {
		return nil, err
	}
	all := []any{fields}
	for _, f := range fields {
		v, err := r.cl.FieldValues(ctx, f.Name, r.selection(), 1000)
		var refused *client.Error
		if errors.As(err, &refused) && refused.Status == 400 {
			continue // text has words, no values
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name, err)
		}
		all = append(all, v)
	}
	return all, nil
}

// explained bounds how many events are explained: each goes through all plugins again.
const explained = 200

func (r *canaryRun) explain(ctx context.Context) (any, error) {
	var all []*client.Explanation
	for _, id := range r.ids[:min(len(r.ids), explained)] {
		x, err := r.cl.Explain(ctx, id)
		if err != nil {
			return nil, err
		}
		all = append(all, x)
	}
	return all, nil
}

func (r *canaryRun) table() *table {
	t := newTable("exit", "rule", "form", "spelling")
	for _, l := range r.Leaks {
		t.add(l.Exit, l.Rule, l.Form, l.Spelling)
	}
	return t
}
