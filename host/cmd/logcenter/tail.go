package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/logcenter/logcenter/sdk/client"
)

func newTailCommand(c *connection) *cobra.Command {
	var (
		s      selection
		asJSON bool
		fields []string
	)
	cmd := &cobra.Command{
		Use:   "tail [QUERY]",
		Short: "follow new events as they are stored",
		Long: `Follow new events as they are stored, until interrupted. When the connection is lost it is made again; what was
missed then is told, so that search can find it.

` + queryHelp,
		Example: `  logcenter tail 'log.level:Error'
  logcenter tail 'source.ip:203.0.113.0/24' --fields source.ip,event.action,message
  logcenter tail --stream ips-errors -o json | jq .message`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			form, _ := cmd.Flags().GetString("output") // the flag is below
			if form != "line" && form != "json" {
				return usagef("--output %s is not possible: use line or json", form)
			}
			asJSON = form == "json"
			zone, err := s.location()
			if err != nil {
				return err
			}
			cl, err := c.client()
			if err != nil {
				return err
			}
			errs := cmd.ErrOrStderr()
			r := client.TailRequest{
				Query: queryOf(args), Stream: s.stream, Fields: fields,
				OnDropped: func(n uint64) {
					tell(errs, "note: %s events were skipped, they come too fast for this terminal\n", grouped(int64(n)))
				},
				OnReconnect: func(lost time.Time, reason error) {
					tell(errs, "note: connected again; events since %s may be missing (%v)\n", lost.In(zone).Format(shownTime), reason)
				},
			}
			show := linePrinter(cmd.OutOrStdout(), fields, zone)
			if asJSON {
				enc := json.NewEncoder(cmd.OutOrStdout())
				enc.SetEscapeHTML(false)
				show = func(ev client.Event) error { return enc.Encode(ev) }
			}
			err = cl.Tail(cmd.Context(), r, show)
			if errors.Is(err, context.Canceled) {
				return nil // interrupted, as is the way to end it
			}
			return inQuery(err, r.Query)
		},
	}
	f := cmd.Flags()
	f.StringVar(&s.stream, "stream", "", "only events of the stream with this `name`")
	s.zoneFlag(cmd)
	f.StringSliceVar(&fields, "fields", nil, "only these `fields`, parted by commas")
	f.StringP("output", "o", "line", "`form` of the output: line, or json (one event a line)")
	complete(cmd, "output", "line", "json")
	return cmd
}

// linePrinter prints an event as one line: its fields one behind the other, those it lacks as a dash.
func linePrinter(w io.Writer, fields []string, zone *time.Location) func(client.Event) error {
	p := newEventPrinter(w, &output{}, fields, zone)
	return func(ev client.Event) error {
		row := p.row(ev, zone)
		for i, c := range row {
			if row[i] = printable(c); c == "" {
				row[i] = "-"
			}
		}
		_, err := fmt.Fprintln(w, strings.Join(row, gap))
		return err
	}
}
