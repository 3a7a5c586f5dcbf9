package datasource

import (
	"context"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/logcenter/logcenter/grafana/pkg/frame"
	"github.com/logcenter/logcenter/grafana/pkg/model"
	"github.com/logcenter/logcenter/sdk/client"
)

const maxListPage = 1000 // alerts and dead letters that the host hands out at once

// alerts answers with the alerts recorded in the range, the newest first.
func (a *asking) alerts(ctx context.Context) (data.Frames, error) {
	limit := a.rows(a.q.Limit)
	f := client.AlertFilter{From: a.sel.From, To: a.sel.To}
	if q := a.q.Alerts; q != nil {
		f.States, f.Severities, f.Rules, f.Devices, f.Kinds, f.Text, f.Repeats = q.States, q.Severities, q.Rules, q.Devices, q.Kinds, q.Text, q.Repeats
	}
	var list []client.Alert
	for {
		f.Limit = min(maxListPage, limit-len(list))
		page, err := a.client.Alerts(ctx, f)
		if err != nil {
			return nil, err
		}
		list = append(list, page.Alerts...)
		if f.Cursor = page.Cursor; f.Cursor == "" || len(page.Alerts) == 0 || len(list) >= limit {
			break
		}
	}
	c, notices := listCut(f.Cursor, len(list), "alerts")
	if ignored := a.q.Text != "" || len(a.q.Filters) > 0; ignored {
		notices = append(notices, frame.Warn("Alerts are selected by their own filters: the query and the filters of the dashboard, which are about events, do not count."))
	}
	return data.Frames{frame.Alerts(list, a.uid, a.name, c, "alerts", notices...)}, nil
}

// rates answers with how good rules or devices are, by the alerts of the range.
func (a *asking) rates(ctx context.Context) (data.Frames, error) {
	by := "rule"
	if a.q.Alerts != nil && a.q.Alerts.By != "" {
		by = a.q.Alerts.By
	}
	rates, err := a.client.AlertRates(ctx, by, a.sel.From, a.sel.To)
	if err != nil {
		return nil, err
	}
	return data.Frames{frame.Rates(rates, by, "rates by "+by)}, nil
}

// listCut says of a list of which there is more that it is cut.
func listCut(cursor string, shown int, what string) (frame.Custom, []data.Notice) {
	if cursor == "" {
		total := int64(shown)
		return frame.Custom{Total: &total}, nil
	}
	return frame.Custom{Cursor: cursor, Limited: true}, []data.Notice{frame.Info("The newest %d %s are shown; there are more.", shown, what)}
}

// explanation answers with who wrote which field of one event.
func (a *asking) explanation(ctx context.Context) (data.Frames, error) {
	e, err := a.client.Explain(ctx, a.q.EventID)
	if client.IsCode(err, client.CodeNotFound) {
		return nil, &model.Error{Field: "eventId", Msg: "there is no event with this id", Hint: "it may be older than events are kept; ids are in the field event.id"}
	}
	if err != nil {
		return nil, err
	}
	return data.Frames{frame.Explain(e)}, nil
}

// deadLetters answers with events that could not be handled, received in the range.
func (a *asking) deadLetters(ctx context.Context) (data.Frames, error) {
	limit := a.rows(a.q.Limit)
	f := client.DeadLetterFilter{Query: a.sel.Query, From: a.sel.From, To: a.sel.To}
	var (
		list    []client.DeadLetter
		notices []data.Notice
	)
	for {
		f.Limit = min(maxListPage, limit-len(list))
		page, err := a.client.DeadLetters(ctx, f)
		if err != nil {
			return nil, err
		}
		if f.Cursor == "" {
			for _, n := range page.Notices {
				notices = append(notices, frame.Warn("%s", n))
			}
		}
		list = append(list, page.Letters...)
		if f.Cursor = page.Cursor; f.Cursor == "" || len(page.Letters) == 0 || len(list) >= limit {
			break
		}
	}
	c, more := listCut(f.Cursor, len(list), "dead letters")
	return data.Frames{frame.DeadLetters(list, c, a.sel.Query, append(notices, more...)...)}, nil
}
