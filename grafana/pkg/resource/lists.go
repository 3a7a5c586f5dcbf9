package resource

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/logcenter/logcenter/grafana/pkg/complete"
	"github.com/logcenter/logcenter/grafana/pkg/model"
	"github.com/logcenter/logcenter/sdk/client"
)

type fieldInfo struct {
	Name        string `json:"name"`
	Type        string `json:"type"`
	List        bool   `json:"list"` // several values an event
	Count       int64  `json:"count"`
	Description string `json:"description,omitempty"`
}

func (h *handler) listFields(r *http.Request) (any, error) {
	sel, err := h.selection(aboutOf(r))
	if err != nil {
		return nil, err
	}
	fields, err := h.fields.of(r.Context(), h.client, sel)
	if err != nil {
		return nil, err
	}
	out := make([]fieldInfo, len(fields))
	for i, f := range fields {
		out[i] = fieldInfo{f.Name, f.Type, f.List, f.Count, f.Description}
	}
	return map[string]any{"fields": out}, nil
}

func (h *handler) fieldValues(r *http.Request) (any, error) {
	v := r.URL.Query()
	n, err := number(v.Get("size"))
	if err != nil {
		return nil, err
	}
	values, distinct, err := h.values(r.Context(), aboutOf(r), v.Get("field"), v.Get("prefix"), n)
	if err != nil {
		return nil, err
	}
	return map[string]any{"values": values, "distinct": distinct}, nil
}

func (h *handler) values(ctx context.Context, a about, name, prefix string, n int) ([]complete.Value, int64, error) {
	if err := field(name); err != nil {
		return nil, 0, err
	}
	n, err := size(n)
	if err != nil {
		return nil, 0, err
	}
	sel, err := h.selection(a)
	if err != nil {
		return nil, 0, err
	}
	return complete.Values(ctx, h.client, sel, name, prefix, n)
}

type streamInfo struct {
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
}

func (h *handler) listStreams(ctx context.Context) ([]streamInfo, error) {
	streams, err := h.client.Streams(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]streamInfo, len(streams))
	for i, s := range streams {
		out[i] = streamInfo{s.Name, s.Description}
	}
	return out, nil
}

func (h *handler) streams(r *http.Request) (any, error) {
	out, err := h.listStreams(r.Context())
	return map[string]any{"streams": out}, err
}

type watchlistInfo struct {
	Name        string `json:"name"`
	Type        string `json:"type"` // ip, domain, hash, user or keyword
	Entries     int    `json:"entries"`
	Description string `json:"description,omitempty"`
}

func (h *handler) watchlists(r *http.Request) (any, error) {
	all, err := h.client.Watchlists(r.Context())
	if err != nil {
		return nil, err
	}
	out := make([]watchlistInfo, len(all.Watchlists))
	for i, l := range all.Watchlists {
		out[i] = watchlistInfo{l.Name, l.Type, l.Entries, l.Description}
	}
	return map[string]any{"watchlists": out}, nil
}

type ruleInfo struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Severity string `json:"severity"`
	Type     string `json:"type"`
}

func (h *handler) listRules(ctx context.Context) ([]ruleInfo, error) {
	out := []ruleInfo{}
	for f := (client.RuleFilter{Limit: 1000}); len(out) < maxListed; {
		page, err := h.client.Rules(ctx, f)
		if err != nil {
			return nil, err
		}
		for _, r := range page.Rules {
			out = append(out, ruleInfo{r.ID, r.Name, r.Severity, r.Type})
		}
		if len(page.Rules) == 0 || len(out) >= page.Total {
			break
		}
		f.After = out[len(out)-1].ID
	}
	return out, nil
}

func (h *handler) rules(r *http.Request) (any, error) {
	out, err := h.listRules(r.Context())
	return map[string]any{"rules": out}, err
}

// assetInfo is an asset that events of the range came from.
type assetInfo struct {
	ID          string `json:"id"`
	Name        string `json:"name,omitempty"`
	Type        string `json:"type,omitempty"`
	System      string `json:"system,omitempty"`
	Criticality string `json:"criticality,omitempty"`
	Count       int64  `json:"count"` // events
}

// listAssets finds the assets in the events: the list of assets itself is in the host's enricher, and of what it has only
// what sends logs is of use in a query.
func (h *handler) listAssets(ctx context.Context, a about, n int) ([]assetInfo, error) {
	n, err := size(n)
	if err != nil {
		return nil, err
	}
	sel, err := h.selection(a)
	if err != nil {
		return nil, err
	}
	var most []client.Agg
	for _, f := range []string{"asset.name", "asset.type", "asset.system", "asset.criticality"} {
		most = append(most, client.Agg{Name: f, Kind: "terms", Field: f, Size: 1})
	}
	res, err := h.client.Aggregate(ctx, client.AggregateRequest{Selection: sel, Aggs: []client.Agg{
		{Kind: "terms", Field: "asset.id", Size: n, Aggs: most},
	}})
	if err != nil {
		return nil, err
	}
	out := []assetInfo{}
	if len(res.Aggs) == 0 {
		return nil, errors.New("the answer is not Logcenter's: it lacks the assets")
	}
	for _, b := range res.Aggs[0].Buckets {
		one := assetInfo{ID: b.Text, Count: b.Count}
		for i, to := range []*string{&one.Name, &one.Type, &one.System, &one.Criticality} {
			if i < len(b.Aggs) && len(b.Aggs[i].Buckets) > 0 {
				*to = b.Aggs[i].Buckets[0].Text
			}
		}
		out = append(out, one)
	}
	return out, nil
}

func (h *handler) assets(r *http.Request) (any, error) {
	n, err := number(r.URL.Query().Get("size"))
	if err != nil {
		return nil, err
	}
	out, err := h.listAssets(r.Context(), aboutOf(r), n)
	return map[string]any{"assets": out}, err
}

// option is a value of a template variable.
type option struct {
	Text  string `json:"text"`
	Value string `json:"value"`
}

type variableRequest struct {
	about
	Kind  string `json:"kind"`
	Field string `json:"field"`
	Size  int    `json:"size"`
}

func (h *handler) variable(r *http.Request) (any, error) {
	q, err := body[variableRequest](r)
	if err != nil {
		return nil, err
	}
	out, err := h.options(r.Context(), q)
	if err != nil {
		return nil, err
	}
	return map[string]any{"values": out}, nil
}

func (h *handler) options(ctx context.Context, q variableRequest) ([]option, error) {
	out := []option{}
	add := func(text, value string) {
		if strings.TrimSpace(text) == "" {
			text = value
		}
		out = append(out, option{text, value})
	}
	switch q.Kind {
	case "fields":
		sel, err := h.selection(q.about)
		if err != nil {
			return nil, err
		}
		fields, err := h.fields.of(ctx, h.client, sel)
		if err != nil {
			return nil, err
		}
		for _, f := range fields {
			add(f.Name, f.Name)
		}
	case "values":
		values, _, err := h.values(ctx, q.about, q.Field, "", q.Size)
		if err != nil {
			return nil, err
		}
		for _, v := range values {
			add(v.Text, v.Text)
		}
	case "streams":
		streams, err := h.listStreams(ctx)
		if err != nil {
			return nil, err
		}
		for _, s := range streams {
			add(s.Name, s.Name)
		}
	case "rules":
		rules, err := h.listRules(ctx)
		if err != nil {
			return nil, err
		}
		for _, one := range rules {
			add(one.Name, one.ID)
		}
	case "assets":
		assets, err := h.listAssets(ctx, q.about, q.Size)
		if err != nil {
			return nil, err
		}
		for _, a := range assets {
			add(a.Name, a.ID)
		}
	default:
		return nil, &model.Error{Field: "kind", Msg: "there is no kind of variable " + clip(q.Kind), Hint: "known are fields, values, streams, rules, assets"}
	}
	return out, nil
}
