package main

import (
	"cmp"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/logcenter/logcenter/sdk/client"
	"github.com/logcenter/logcenter/sdk/query"
)

// letterSelection is the argument and the flags that say which dead letters a command is about.
type letterSelection struct {
	selection
	stage, plugin, version, reason, device string
}

const lettersHelp = `The query is in the language of ` + "`logcenter search`" + `, over id, time, stage, plugin, version, reason, input, device (the
host's name or the sender's address), state (held, not_held or redriven) and text, the line; words without a field are
looked for in message and line. --plugin and so on are short for a part of it: --plugin nginx is plugin:nginx.`

func (l *letterSelection) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&l.stage, "stage", "", "those of this `stage`: parser, enricher, masker or store")
	f.StringVar(&l.plugin, "plugin", "", "those of the plugin with this `id`")
	f.StringVar(&l.version, "version", "", "those of this `version` of the plugin")
	f.StringVar(&l.reason, "reason", "", "those with this `reason`: dead_letter, poison, withheld or rejected")
	f.StringVar(&l.device, "device", "", "those of the device with this `name` or address")
	f.StringVar(&l.from, "from", "", "those whose event was received at this `time` or later")
	f.StringVar(&l.to, "to", "", "those whose event was received before this `time`")
	l.zoneFlag(cmd)
	complete(cmd, "stage", "parser", "enricher", "masker", "store")
	complete(cmd, "reason", "dead_letter", "poison", "withheld", "rejected")
}

// query is the argument with what the flags are short for; "" if there is neither.
func (l *letterSelection) query(args []string) string {
	var parts []string
	for _, f := range []struct{ name, value string }{
		{"stage", l.stage}, {"plugin", l.plugin}, {"version", l.version}, {"reason", l.reason}, {"device", l.device},
	} {
		if f.value != "" {
			parts = append(parts, query.Format(&query.Term{Field: query.Field{Name: f.name}, Value: f.value, Quoted: true}))
		}
	}
	switch {
	case len(args) == 0:
	case len(parts) == 0:
		return args[0]
	default:
		parts = append(parts, "("+args[0]+")")
	}
	return strings.Join(parts, " AND ")
}

func newDeadLettersCommand(c *connection) *cobra.Command {
	var (
		out   output
		sel   letterSelection
		by    []string
		limit int
	)
	cmd := &cobra.Command{
		Use:   "deadletters [QUERY]",
		Short: "show events that could not be handled, and why; handle them again",
		Long: `Show events that could not be handled, and why.

Reasons: dead_letter, a plugin can make nothing of the event; poison, a plugin does not survive it; withheld, it could
not be masked; rejected, the store refuses it. Those of poison and withheld are stored all the same, marked. The state
held says that the record is kept, for seven days, so that it can be redriven once the cause is mended.

` + lettersHelp + "\n\n" + timesHelp,
		Example: `  logcenter deadletters
  logcenter deadletters --by plugin,version,reason
  logcenter deadletters 'plugin:acmefw AND reason:poison AND version:1.2*'
  logcenter deadletters --plugin nginx --from -2h --limit 0 -o csv
  logcenter deadletters redrive --plugin nginx`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := out.check(); err != nil {
				return err
			}
			zone, err := sel.location()
			if err != nil {
				return err
			}
			cl, err := c.client()
			if err != nil {
				return err
			}
			f := client.DeadLetterFilter{Query: sel.query(args), From: sel.from, To: sel.to, TimeZone: sel.zone, Limit: limit}
			if len(by) > 0 {
				return countLetters(cmd, cl, &out, f, by, zone)
			}
			return listLetters(cmd, cl, &out, f, zone)
		},
	}
	out.flags(cmd.Flags(), "the API's answer")
	sel.flags(cmd)
	cmd.Flags().StringSliceVar(&by, "by", nil, "count letters by these `fields`: stage, plugin, version, reason, input, device, state")
	cmd.Flags().IntVar(&limit, "limit", 100, "at most so many; 0 is all")
	completeOutput(cmd)
	complete(cmd, "by", "stage", "plugin", "version", "reason", "input", "device", "state")
	cmd.AddCommand(newRedriveCommand(c))
	return cmd
}

const lettersPage = 1000 // letters of one request

// listLetters prints the letters that f selects, up to its limit, 0 being none.
func listLetters(cmd *cobra.Command, cl *client.Client, out *output, f client.DeadLetterFilter, zone *time.Location) error {
	limit, all := f.Limit, client.DeadLetterPage{Letters: []client.DeadLetter{}}
	for {
		f.Limit = lettersPage
		if limit > 0 {
			f.Limit = min(lettersPage, limit-len(all.Letters))
		}
		page, err := cl.DeadLetters(cmd.Context(), f)
		if err != nil {
			return inQuery(err, f.Query)
		}
		all.Letters, all.Cursor, all.Notices = append(all.Letters, page.Letters...), page.Cursor, page.Notices
		if f.Cursor = page.Cursor; f.Cursor == "" || limit > 0 && len(all.Letters) >= limit {
			break
		}
	}
	tellNotices(cmd, all.Notices)
	if err := out.print(cmd.OutOrStdout(), letterTable(all.Letters, zone), all); err != nil {
		return err
	}
	if all.Cursor != "" {
		tell(cmd.ErrOrStderr(), "there are more: --limit 0 shows all, a query selects, --by counts\n")
	}
	return nil
}

func tellNotices(cmd *cobra.Command, notices []string) {
	for _, n := range notices {
		tell(cmd.ErrOrStderr(), "note: %s\n", n)
	}
}

// countLetters prints how many letters have which values.
func countLetters(cmd *cobra.Command, cl *client.Client, out *output, f client.DeadLetterFilter, by []string, zone *time.Location) error {
	if f.Limit == 0 {
		f.Limit = lettersPage
	}
	counts, err := cl.CountDeadLetters(cmd.Context(), f, by...)
	if err != nil {
		return inQuery(err, f.Query)
	}
	tellNotices(cmd, counts.Notices)
	t := newTable(append(slices.Clone(by), "letters", "held", "first", "last")...).numbers("letters", "held")
	for _, n := range counts.Counts {
		var row []string
		for _, name := range by {
			row = append(row, n.Values[name])
		}
		t.add(append(row, strconv.Itoa(n.Letters), strconv.Itoa(n.Held), momentIn(n.First, zone), momentIn(n.Last, zone))...)
	}
	if err := out.print(cmd.OutOrStdout(), t, counts); err != nil {
		return err
	}
	if more := counts.TotalCounts - len(counts.Counts); more > 0 {
		tell(cmd.ErrOrStderr(), "%s more: raise --limit, or select by a query\n", grouped(int64(more)))
	}
	return nil
}

func letterTable(list []client.DeadLetter, zone *time.Location) *table {
	t := newTable("time", "id", "stage", "plugin", "version", "reason", "device", "state", "message", "line")
	for _, l := range list {
		t.add(momentIn(l.Time, zone), l.ID, l.Stage, l.Plugin, l.Version, l.Reason, letterDevice(l), letterState(l, zone), l.Message, l.Text)
	}
	return t
}

// letterDevice is what a letter's event came from.
func letterDevice(l client.DeadLetter) string {
	host, _, err := net.SplitHostPort(l.Address)
	if err != nil {
		host = l.Address
	}
	return cmp.Or(l.Host, host, l.Input)
}

func letterState(l client.DeadLetter, zone *time.Location) string {
	switch {
	case !l.Redriven.IsZero():
		return "redriven " + momentIn(l.Redriven, zone)
	case l.Held:
		return "held"
	default:
		return "not held"
	}
}

func newRedriveCommand(c *connection) *cobra.Command {
	var (
		out output
		sel letterSelection
		q   client.RedriveRequest
		yes bool
	)
	cmd := &cobra.Command{
		Use:   "redrive [QUERY]",
		Short: "handle events again whose cause is mended",
		Long: `Handle events again whose cause is mended: a plugin, or what the store refused them for.

The record of each selected letter is given to the pipeline again, as it came and under the input it came by; what the
store refused, as it was masked. It becomes a new event, parsed and masked as any, with the old one's id in
logcenter.redriven_from. The old event stays, where it was stored. Each letter is redriven once: asking again, also
after an interruption, stores nothing twice. What fails again becomes a new letter.

` + lettersHelp + " The query * is all letters.\n\n" + timesHelp,
		Example: `  logcenter deadletters redrive 'plugin:acmefw AND version:1.2*'
  logcenter deadletters redrive --plugin nginx --reason poison
  logcenter deadletters redrive --stage store --from -2h --yes
  logcenter deadletters redrive '*'
  logcenter deadletters redrive --id q0bXf3nXQXGk1hXo0f3zXw-0-17-3`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := out.check(); err != nil {
				return err
			}
			if _, err := sel.location(); err != nil {
				return err
			}
			q.Query, q.From, q.To, q.TimeZone = sel.query(args), sel.from, sel.to, sel.zone
			if len(q.IDs) == 0 && q.Query+q.From+q.To == "" {
				return usagef("say which: a query (* is all), --plugin, --stage, --version, --reason, --device, --from and --to, or --id")
			}
			cl, err := c.client()
			if err != nil {
				return err
			}
			if !yes {
				if ok, err := askRedrive(cmd, cl, q); err != nil || !ok {
					return err
				}
			}
			r, err := cl.Redrive(cmd.Context(), q)
			if err != nil {
				return inQuery(err, q.Query)
			}
			if err := out.print(cmd.OutOrStdout(), redriveTable(r), r); err != nil {
				return err
			}
			if r.Failed > 0 {
				return fmt.Errorf("%s could not be redriven; run this again: %s", counted(r.Failed, "letter"), r.Error)
			}
			return nil
		},
	}
	out.flags(cmd.Flags(), "the API's answer")
	sel.flags(cmd)
	f := cmd.Flags()
	f.StringSliceVar(&q.IDs, "id", nil, "the letters with these `ids`, up to 1000, and no others")
	f.BoolVar(&yes, "yes", false, "do not ask")
	completeOutput(cmd)
	return cmd
}

// askRedrive shows what would be done and asks a person.
func askRedrive(cmd *cobra.Command, cl *client.Client, q client.RedriveRequest) (bool, error) {
	q.DryRun = true
	r, err := cl.Redrive(cmd.Context(), q)
	if err != nil {
		return false, inQuery(err, q.Query)
	}
	tellNotices(cmd, r.Notices)
	tell(cmd.ErrOrStderr(), "%s selected: %s can be redriven, %s redriven before, %s not held, %s unknown\n", counted(r.Selected, "letter"),
		grouped(int64(r.Redriven)), grouped(int64(r.Already)), grouped(int64(r.NotHeld)), grouped(int64(r.Unknown)))
	if r.Redriven == 0 {
		return false, nil
	}
	return confirmed(cmd, fmt.Sprintf("Handle %s again?", counted(r.Redriven, "event")))
}

func redriveTable(r *client.RedriveResult) *table {
	t := newTable("redriven", "redriven before", "not held", "unknown", "failed").numbers("redriven", "redriven before", "not held", "unknown", "failed")
	t.add(strconv.Itoa(r.Redriven), strconv.Itoa(r.Already), strconv.Itoa(r.NotHeld), strconv.Itoa(r.Unknown), strconv.Itoa(r.Failed))
	return t
}
