package main

import (
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/logcenter/logcenter/sdk/client"
)

func newAggCommand(c *connection) *cobra.Command {
	var (
		s       selection
		out     output
		aggs    aggFlags
		empty   bool
		missing string
	)
	cmd := &cobra.Command{
		Use:   "agg [QUERY]",
		Short: "count and compute over events",
		Long: `Group events and compute over each group.

--hist, --terms, --ranges and --geo make groups, each within the one given before it. All other values are computed
for the innermost groups, or over all events where there is no group. Every line of the table is one innermost group.

` + queryHelp + "\n\n" + timesHelp,
		Example: `  logcenter agg 'event.dataset:nginx.access' --hist '@timestamp:1m' --terms http.response.status_code
  logcenter agg 'observer.type:firewall' --terms source.ip:20 --distinct destination.ip
  logcenter agg --ranges http.response.status_code:..300,300..400,400..500,500.. --stats http.response.body.bytes
  logcenter agg --percentiles event.duration:50,95,99.9 -o json
  logcenter agg 'observer.type:ips' --terms source.geo.country_iso_code --geo source.geo.location:4:100`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := out.check(); err != nil {
				return err
			}
			zone, err := s.location()
			if err != nil {
				return err
			}
			asked := aggs.request(empty, missing)
			if len(asked) == 0 {
				asked = []client.Agg{{Name: "count", Kind: "count"}}
			}
			cl, err := c.client()
			if err != nil {
				return err
			}
			query := queryOf(args)
			result, err := cl.Aggregate(cmd.Context(), client.AggregateRequest{Selection: s.of(query), Aggs: asked})
			if err != nil {
				return inQuery(err, query)
			}
			for _, n := range result.Notices {
				tell(cmd.ErrOrStderr(), "note: %s\n", n)
			}
			if out.format != "table" {
				zone = nil // machines want times as they are
			}
			if err := out.print(cmd.OutOrStdout(), flatten(&aggs, result, zone), aggJSON(result)); err != nil {
				return err
			}
			if out.format == "table" {
				tell(cmd.ErrOrStderr(), "%s%s\n", counted(int(result.Total), "event"), others(result.Aggs))
			}
			return nil
		},
	}
	s.flags(cmd)
	out.flags(cmd.Flags(), "the API's answer")
	aggs.flags(cmd.Flags())
	cmd.Flags().BoolVar(&empty, "empty", false, "show steps of histograms without events, too")
	cmd.Flags().StringVar(&missing, "missing", "", "count events without the field of --terms under this `name`")
	completeOutput(cmd)
	return cmd
}

// flatten makes a line of every innermost bucket: its keys, its count, its values. Times are shown in zone,
// unless that is nil.
func flatten(asked *aggFlags, result *client.Aggregation, zone *time.Location) *table {
	t := &table{}
	for _, b := range asked.buckets {
		t.columns = append(t.columns, column{name: b.Name, right: b.Kind == histogram})
		if b.Kind == geotile {
			t.columns = append(t.columns, column{name: b.Name + ".lat", right: true}, column{name: b.Name + ".lon", right: true})
		}
	}
	if len(asked.buckets) > 0 || len(asked.values) == 0 {
		t.columns = append(t.columns, column{name: "count", right: true})
	}
	for _, v := range asked.values {
		if v.Kind != percentiles {
			t.columns = append(t.columns, column{name: v.Name, right: true})
			continue
		}
		for _, p := range v.Percents {
			t.columns = append(t.columns, column{name: fmt.Sprintf("p%s(%s)", number(p), v.Field), right: true})
		}
	}
	f := flattener{table: t, asked: asked, zone: zone}
	if len(asked.buckets) == 0 {
		var row []string
		if len(asked.values) == 0 {
			row = append(row, fmt.Sprint(result.Total))
		}
		f.row(row, result.Aggs)
		return t
	}
	f.level(nil, result.Aggs, 0)
	return t
}

type flattener struct {
	table *table
	asked *aggFlags
	zone  *time.Location
}

// level goes through the buckets of one level; keys are those of the levels around it.
func (f *flattener) level(keys []string, aggs []client.AggResult, depth int) {
	if len(aggs) == 0 {
		return
	}
	for _, b := range aggs[0].Buckets {
		key := b.Text
		if f.asked.buckets[depth].Kind == dateHistogram {
			key = cell(b.Key)
			if f.zone != nil {
				key = localTime(key, f.zone)
			}
		}
		within := append(keys[:len(keys):len(keys)], key)
		if f.asked.buckets[depth].Kind == geotile {
			within = append(within, degrees(b.Center)...)
		}
		if depth+1 < len(f.asked.buckets) {
			f.level(within, b.Aggs, depth+1)
			continue
		}
		f.row(append(within, fmt.Sprint(b.Count)), b.Aggs)
	}
}

// row adds the values that belong to the innermost bucket with these cells.
func (f *flattener) row(cells []string, values []client.AggResult) {
	for i, asked := range f.asked.values {
		var got client.AggResult
		if i < len(values) {
			got = values[i]
		}
		if asked.Kind != percentiles {
			cells = append(cells, optional(got.Value))
			continue
		}
		for j := range asked.Percents {
			var v *float64
			if j < len(got.Values) {
				v = got.Values[j]
			}
			cells = append(cells, optional(v))
		}
	}
	f.table.add(cells...)
}

// degrees are a place to a centimetre, which is how exact it is.
func degrees(p *client.Point) []string {
	if p == nil {
		return []string{"", ""}
	}
	return []string{strconv.FormatFloat(p.Lat, 'f', 7, 64), strconv.FormatFloat(p.Lon, 'f', 7, 64)}
}

// optional is a number that may not be there.
func optional(f *float64) string {
	if f == nil {
		return ""
	}
	return number(*f)
}

// others tells how many events have values beyond the first N.
func others(aggs []client.AggResult) string {
	if len(aggs) == 1 && aggs[0].Other > 0 {
		flag := "--terms FIELD:N"
		if aggs[0].Kind == geotile {
			flag = "--geo FIELD:ZOOM:N"
		}
		return fmt.Sprintf(", %s of them with other values than these: %s shows more", grouped(aggs[0].Other), flag)
	}
	return ""
}

// aggJSON is an answer without what its kinds of aggregations do not have.
func aggJSON(a *client.Aggregation) any {
	return map[string]any{"from": a.From, "to": a.To, "total": a.Total, "aggs": aggsJSON(a.Aggs)}
}

func aggsJSON(aggs []client.AggResult) []any {
	list := make([]any, len(aggs))
	for i, a := range aggs {
		m := map[string]any{"name": a.Name, "kind": a.Kind}
		switch a.Kind {
		case percentiles:
			m["values"] = a.Values
		case terms, dateHistogram, histogram, ranges, geotile:
			buckets := make([]any, len(a.Buckets))
			for j, b := range a.Buckets {
				one := map[string]any{"key": b.Key, "text": b.Text, "count": b.Count}
				if b.Center != nil {
					one["center"] = b.Center
				}
				if len(b.Aggs) > 0 {
					one["aggs"] = aggsJSON(b.Aggs)
				}
				buckets[j] = one
			}
			m["buckets"] = buckets
			if a.Kind == terms || a.Kind == geotile {
				m["other"] = a.Other
			}
		default:
			m["value"] = a.Value
		}
		list[i] = m
	}
	return list
}
