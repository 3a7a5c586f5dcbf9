package chart

import (
	"context"

	"github.com/logcenter/logcenter/grafana/pkg/model"
	"github.com/logcenter/logcenter/grafana/pkg/selection"
	"github.com/logcenter/logcenter/sdk/client"
	"github.com/logcenter/logcenter/sdk/query"
)

// otherName is what stands for the values of a field that are not shown.
const otherName = "other"

// askOthers adds a group for the values of a field beyond the most frequent ones. Over time it is another request, of the
// events that have the field but none of the values shown, so that of a field with several values an event those count that
// have no other. Where that cannot be asked for, as the values are too many or too long, they stay a notice.
func (r *run) askOthers(ctx context.Context, c *client.Client, o Options) error {
	if r.cut == 0 {
		return nil
	}
	level := r.shape.levels[0]
	bucket := client.Bucket{Key: otherName, Text: otherName, Count: r.cut}
	if r.shape.time == nil {
		n := float64(r.cut)
		r.groups = append(r.groups, group{path: []client.Bucket{bucket}, count: r.cut, points: []point{{values: []*float64{&n}}}})
		r.cut = 0
		return nil
	}
	shown := model.Filter{Field: level.Field, Op: "!=|"}
	for _, g := range r.groups {
		if level.Missing == "" || g.path[0].Text != level.Missing {
			shown.Values = append(shown.Values, g.path[0].Text)
		}
	}
	rest := run{sel: r.sel, shape: r.shape, later: r.later}
	rest.shape.levels = nil
	not, bad := selection.Condition(shown)
	if bad != nil || not == nil {
		return nil //nolint:nilerr // see above
	}
	var err error
	has := &query.Exists{Field: query.Field{Name: level.Field}}
	if rest.sel, err = selection.Narrow(r.sel, selection.And(has, not)); err != nil || len(rest.sel.Query) > query.MaxText {
		return nil //nolint:nilerr // see above
	}
	if rest.res, err = o.aggregate(ctx, c, client.AggregateRequest{Selection: rest.sel, Aggs: rest.shape.aggs()}); err != nil {
		return err
	}
	if err := rest.read(); err != nil {
		return err
	}
	rest.groups[0].path = []client.Bucket{bucket}
	r.groups = append(r.groups, rest.groups...)
	r.cut = 0
	return nil
}
