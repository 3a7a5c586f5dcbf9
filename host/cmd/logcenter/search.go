package main

import (
	"context"
	"encoding/json"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/logcenter/logcenter/sdk/client"
)

const queryHelp = `A query is Lucene's syntax as Kibana and Graylog users know it:
  denied                             a word anywhere in the line, "two words" as a phrase
  source.ip:10.0.0.0/8               a field; networks for addresses
  log.level:(Error OR Fatal)         several values
  http.response.status_code:>=500    comparisons, ranges [a TO b]
  host.name:/app[0-2][0-9]/          regular expressions, wildcards *
  _exists_:user.name AND NOT a       AND, OR, NOT and parentheses
Put it into single quotes, so that the shell leaves it alone.`

// searchOptions are the flags of search.
type searchOptions struct {
	selection
	output
	limit  int
	fields []string
	oldest bool
	count  bool
}

// shownFields are the columns when none are asked for.
var shownFields = []string{"@timestamp", "log.level", "event.dataset", "host.name", "message"}

// searchPage is how many events are asked for at once.
const searchPage = 1000

func newSearchCommand(c *connection) *cobra.Command {
	o := &searchOptions{}
	cmd := &cobra.Command{
		Use:   "search [QUERY]",
		Short: "find events",
		Long:  "Find events, the newest first.\n\n" + queryHelp + "\n\n" + timesHelp,
		Example: `  logcenter search 'observer.type:ips AND log.level:(Error OR Fatal)' --from -1h
  logcenter search 'host.name:/app[0-2][0-9]/ AND source.ip:10.0.0.0/8' --from -24h -o json
  logcenter search 登录失败 --fields @timestamp,user.name,source.ip -o csv
  logcenter search --from '2026-10-11 08:00:00' --to '2026-10-11 09:00:00' --oldest-first --limit 500`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd, c, queryOf(args)) },
	}
	f := cmd.Flags()
	o.selection.flags(cmd)
	o.output.flags(f, "one event a line")
	f.IntVar(&o.limit, "limit", 100, "at most so many `events`; for many, export is faster")
	f.StringSliceVar(&o.fields, "fields", nil, "only these `fields`, parted by commas")
	f.BoolVar(&o.oldest, "oldest-first", false, "begin with the oldest event")
	f.BoolVar(&o.count, "count", false, "also count all events that match")
	completeOutput(cmd)
	return cmd
}

func (o *searchOptions) run(cmd *cobra.Command, c *connection, query string) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	return o.pages(cmd, cl.Search, searchPage, query)
}

// pages searches page by page, each of at most so many events, and prints them.
func (o *searchOptions) pages(cmd *cobra.Command, search func(context.Context, client.SearchRequest) (*client.Page, error), most int, query string) error {
	if err := o.check(); err != nil {
		return err
	}
	if o.limit < 1 {
		return usagef("--limit %d is not possible: at least 1", o.limit)
	}
	zone, err := o.location()
	if err != nil {
		return err
	}
	p := newEventPrinter(cmd.OutOrStdout(), &o.output, o.fields, zone)
	r := client.SearchRequest{Selection: o.of(query), OldestFirst: o.oldest, Fields: o.fields, Count: o.count}
	var total *int64
	notices := map[string]bool{}
	for shown := 0; shown < o.limit; {
		r.Limit = min(most, o.limit-shown)
		page, err := search(cmd.Context(), r)
		if err != nil {
			return inQuery(err, query)
		}
		for _, n := range page.Notices {
			if !notices[n] {
				tell(cmd.ErrOrStderr(), "note: %s\n", n)
			}
			notices[n] = true
		}
		if err := p.print(page.Events); err != nil {
			return err
		}
		if r.Cursor == "" {
			total = page.Total
		}
		shown += len(page.Events)
		r.Cursor, r.Count = page.Cursor, false
		if page.Cursor == "" || len(page.Events) == 0 {
			break
		}
	}
	if err := p.end(); err != nil {
		return err
	}
	o.summary(cmd.ErrOrStderr(), p.printed, total, r.Cursor != "")
	return nil
}

// summary tells people how much that was; programs that read JSON or CSV get nothing but a count they asked for.
func (o *searchOptions) summary(w io.Writer, shown int, total *int64, more bool) {
	switch {
	case total != nil:
		tell(w, "%s of %s\n", grouped(int64(shown)), counted(int(*total), "event"))
	case o.format != "table":
	case shown == 0:
		tell(w, "no events; is the time range right? --from and --to say which, the last hour is the default\n")
	case more:
		tell(w, "%s; there are more: --limit shows them, --count counts them\n", counted(shown, "event"))
	default:
		tell(w, "%s\n", counted(shown, "event"))
	}
}

// eventPrinter prints pages of events in one of the forms of output.
type eventPrinter struct {
	w       io.Writer
	o       *output
	fields  []string
	zone    *time.Location
	csv     *csvWriter
	table   *table
	printed int
}

func newEventPrinter(w io.Writer, o *output, fields []string, zone *time.Location) *eventPrinter {
	if len(fields) == 0 {
		fields = shownFields
	}
	return &eventPrinter{w: w, o: o, fields: fields, zone: zone, table: newTable(fields...)}
}

func (p *eventPrinter) print(events []client.Event) error {
	p.printed += len(events)
	switch p.o.format {
	case "json":
		enc := json.NewEncoder(p.w)
		enc.SetEscapeHTML(false)
		for _, ev := range events {
			if err := enc.Encode(ev); err != nil {
				return err
			}
		}
		return nil
	case "csv":
		if p.csv == nil {
			p.csv = newCSVWriter(p.w)
			p.csv.write(slices.Clone(p.fields))
		}
		for _, ev := range events {
			p.csv.write(p.row(ev, nil))
		}
		return p.csv.flush()
	default:
		for _, ev := range events {
			p.table.add(p.row(ev, p.zone)...)
		}
		return nil
	}
}

// row is one event; zone, unless it is nil, is where times are shown.
func (p *eventPrinter) row(ev client.Event, zone *time.Location) []string {
	row := make([]string, len(p.fields))
	for i, name := range p.fields {
		row[i] = cell(ev[name])
		if zone != nil && (name == "@timestamp" || strings.HasPrefix(name, "event.") && len(row[i]) >= len(time.DateTime)) {
			row[i] = localTime(row[i], zone)
		}
	}
	return row
}

// end prints what was gathered: the columns of a table are as wide as their widest cell.
func (p *eventPrinter) end() error {
	if p.o.format == "csv" && p.csv == nil {
		return p.print(nil)
	}
	if p.o.format != "table" || p.printed == 0 {
		return nil
	}
	return p.table.print(p.w, p.o.limit(p.w))
}
