package chart

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/logcenter/logcenter/grafana/pkg/model"
)

// drawing is a chart whose answers are there.
type drawing struct {
	ch     model.Chart
	runs   []*run
	legend string
}

// frames lays the chart out. There is at least one frame.
func (d drawing) frames() data.Frames {
	if d.runs[0].shape.time != nil {
		return d.series()
	}
	if d.ch.Kind == model.FieldStats && len(d.ch.By) == 0 {
		return data.Frames{d.wide()}
	}
	rows := d.rows()
	switch {
	case d.ch.Kind == model.Histogram && d.ch.As == "":
		return data.Frames{d.histogram(rows)}
	case d.ch.Kind == model.Geo:
		return data.Frames{d.geo(rows)}
	case d.ch.Kind == model.Percentiles:
		return data.Frames{d.percentiles(rows)}
	default:
		return data.Frames{d.long(rows)}
	}
}

// row is a group with the values of each run; nil where a run has no such group, or may have.
type row struct {
	group
	values [][]*float64 // of each run
}

// rows puts the groups of all runs side by side, in the order of the first one.
func (d drawing) rows() []row {
	var rows []row
	at := map[string]int{}
	for i, r := range d.runs {
		for _, g := range r.groups {
			k := g.key()
			n, ok := at[k]
			if !ok {
				n = len(rows)
				at[k] = n
				rows = append(rows, row{group: g, values: make([][]*float64, len(d.runs))})
			}
			rows[n].values[i] = g.points[0].values
		}
	}
	for _, one := range rows {
		for i, r := range d.runs {
			if one.values[i] == nil {
				one.values[i] = make([]*float64, len(r.shape.columns))
				for k, c := range r.shape.columns {
					if r.cut == 0 { // else it may be among what was left out
						one.values[i][k] = filled(nil, c)
					}
				}
			}
		}
	}
	return rows
}

func (d drawing) frame(kind data.FrameType, fields ...*data.Field) *data.Frame {
	f := data.NewFrame("", fields...)
	f.Meta = &data.FrameMeta{Type: kind, TypeVersion: data.FrameTypeVersion{0, 1}, PreferredVisualization: data.VisTypeTable}
	return f
}

// columnName names a column of a run.
func (d drawing) columnName(r *run, c column) string {
	switch {
	case r.name == "":
		return c.name
	case len(r.shape.columns) == 1:
		return r.name
	default:
		return r.name + " " + c.name
	}
}

// levelFields are the columns of what the groups are of.
func (d drawing) levelFields(rows []row) []*data.Field {
	var out []*data.Field
	for i, l := range d.runs[0].shape.levels {
		texts := make([]string, len(rows))
		for k, r := range rows {
			texts[k] = r.path[i].Text
		}
		out = append(out, data.NewField(l.Field, nil, texts))
	}
	return out
}

// valueFields are the columns of the values of each run.
func (d drawing) valueFields(rows []row) []*data.Field {
	var out []*data.Field
	for i, r := range d.runs {
		for k, c := range r.shape.columns {
			values := make([]*float64, len(rows))
			for n, one := range rows {
				values[n] = one.values[i][k]
			}
			f := data.NewField(d.columnName(r, c), nil, values)
			f.Config = &data.FieldConfig{Unit: c.unit}
			out = append(out, f)
		}
		if d.ch.Kind == model.DrillDown {
			out = append(out, d.share(i, r, rows))
		}
	}
	return out
}

// share is which part of a run's events each row is.
func (d drawing) share(i int, r *run, rows []row) *data.Field {
	values := make([]*float64, len(rows))
	for n, one := range rows {
		if v := one.values[i][0]; v != nil && r.res.Total > 0 {
			part := *v / float64(r.res.Total)
			values[n] = &part
		}
	}
	name := "share"
	if r.name != "" {
		name = r.name + " share"
	}
	f := data.NewField(name, nil, values)
	f.Config = &data.FieldConfig{Unit: "percentunit"}
	return f
}

// long is a row a group.
func (d drawing) long(rows []row) *data.Frame {
	return d.frame(data.FrameTypeNumericLong, append(d.levelFields(rows), d.valueFields(rows)...)...)
}

// wide is a single row.
func (d drawing) wide() *data.Frame {
	var fields []*data.Field
	for _, r := range d.runs {
		for k, c := range r.shape.columns {
			f := d.value(r, group{}, c, []*float64{filled(r.groups[0].points[0].values[k], c)})
			fields = append(fields, f)
		}
	}
	return d.frame(data.FrameTypeNumericWide, fields...)
}

// percentiles has a row for each of them.
func (d drawing) percentiles(rows []row) *data.Frame {
	columns := d.runs[0].shape.columns
	var names []string
	levels := make([][]string, len(d.runs[0].shape.levels))
	values := make([][]*float64, len(d.runs))
	for _, one := range rows {
		for k, c := range columns {
			names = append(names, c.name)
			for i := range levels {
				levels[i] = append(levels[i], one.path[i].Text)
			}
			for i := range values {
				values[i] = append(values[i], one.values[i][k])
			}
		}
	}
	var fields []*data.Field
	for i, l := range d.runs[0].shape.levels {
		fields = append(fields, data.NewField(l.Field, nil, levels[i]))
	}
	fields = append(fields, data.NewField("percentile", nil, names))
	for i, r := range d.runs {
		f := data.NewField(or(r.name, "value"), nil, values[i])
		f.Config = &data.FieldConfig{Unit: columns[0].unit}
		fields = append(fields, f)
	}
	return d.frame(data.FrameTypeNumericLong, fields...)
}

// histogram is the frame of Grafana's histogram panel.
func (d drawing) histogram(rows []row) *data.Frame {
	low := make([]float64, len(rows))
	high := make([]float64, len(rows))
	start := func(r row) float64 {
		v, err := strconv.ParseFloat(fmt.Sprint(r.path[0].Key), 64)
		if err != nil { // the host's keys of histograms are numbers
			return 0
		}
		return v
	}
	slices.SortStableFunc(rows, func(a, b row) int { return cmp.Compare(start(a), start(b)) })
	for i, r := range rows {
		low[i] = start(r)
		high[i] = low[i] + d.ch.Width
	}
	fields := []*data.Field{data.NewField("xMin", nil, low), data.NewField("xMax", nil, high)}
	for _, f := range fields {
		f.Config = &data.FieldConfig{Unit: unitOf(d.ch.Field)}
	}
	return d.frame(data.FrameTypeTable, append(fields, d.valueFields(rows)...)...)
}

// geo is the frame of Grafana's geomap: a row a tile, at the mean of the places in it.
func (d drawing) geo(rows []row) *data.Frame {
	lat, lon := make([]float64, len(rows)), make([]float64, len(rows))
	for i, r := range rows {
		if c := r.path[0].Center; c != nil {
			lat[i], lon[i] = c.Lat, c.Lon
		}
	}
	fields := []*data.Field{data.NewField("latitude", nil, lat), data.NewField("longitude", nil, lon)}
	for i, a := range d.runs[0].shape.inside {
		names := make([]string, len(rows))
		for k, r := range rows {
			if i < len(r.inside) && len(r.inside[i].Buckets) > 0 {
				names[k] = r.inside[i].Buckets[0].Text
			}
		}
		fields = append(fields, data.NewField(map[string]string{"country_name": "country", "city_name": "place"}[a.Name], nil, names))
	}
	return d.frame(data.FrameTypeTable, append(fields, d.valueFields(rows)...)...)
}
