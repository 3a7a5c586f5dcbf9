package main

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/logcenter/logcenter/sdk/client"
)

// selection are the flags that say which events a command is about.
type selection struct {
	from, to string
	stream   string
	zone     string
}

const timesHelp = `Times of --from and --to: -15m, -1h, now-7d, now, 2026-10-11, "2026-10-11 12:00:00",
2026-10-11T12:00:00+08:00, or milliseconds since 1970. --from is inclusive, --to exclusive.`

func (s *selection) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&s.from, "from", "-1h", "`time` from which on events are looked at")
	f.StringVar(&s.to, "to", "now", "`time` before which events are looked at")
	f.StringVar(&s.stream, "stream", "", "only events of the stream with this `name`")
	s.zoneFlag(cmd)
}

func (s *selection) zoneFlag(cmd *cobra.Command) {
	cmd.Flags().StringVar(&s.zone, "time-zone", zoneName(), "IANA `name` of the zone in which times are read and shown")
}

// location is the zone; a wrong name is told.
func (s *selection) location() (*time.Location, error) {
	if !validZone(s.zone) {
		return nil, usagef("--time-zone %s is not known: use an IANA name, e.g. Asia/Shanghai", s.zone)
	}
	return time.LoadLocation(s.zone)
}

// of is the selection in the API's words.
func (s *selection) of(query string) client.Selection {
	return client.Selection{Query: query, Stream: s.stream, From: s.from, To: s.to, TimeZone: s.zone}
}

// queryOf is the optional argument QUERY.
func queryOf(args []string) string {
	if len(args) == 0 {
		return "*"
	}
	return args[0]
}
