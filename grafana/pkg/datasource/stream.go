package datasource

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/logcenter/logcenter/grafana/pkg/frame"
	"github.com/logcenter/logcenter/grafana/pkg/model"
	"github.com/logcenter/logcenter/grafana/pkg/panics"
	"github.com/logcenter/logcenter/grafana/pkg/selection"
	"github.com/logcenter/logcenter/sdk/client"
)

// Live tail: a channel tail/HASH, whose subscriber sends the query along. Grafana runs one stream for all who look at the
// same channel, and ends it when nobody does.

const (
	tailPath = "tail/"
	// maxTailing bounds the queries that are kept of subscriptions, in case a Grafana does not send them along when it runs
	// the stream.
	maxTailing = 1000
)

// SubscribeStream checks a tail's query before anybody waits for its lines.
func (d *Datasource) SubscribeStream(ctx context.Context, req *backend.SubscribeStreamRequest) (*backend.SubscribeStreamResponse, error) {
	if !strings.HasPrefix(req.Path, tailPath) || req.Path == tailPath {
		return &backend.SubscribeStreamResponse{Status: backend.SubscribeStreamStatusNotFound}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	_, sel, err := d.tailOf(req.PluginContext.User, req.Data)
	if err == nil {
		err = d.ready(ctx)
	}
	if err == nil && sel.Stream != "" {
		_, err = d.client.Stream(ctx, sel.Stream)
	}
	if err != nil {
		f := explain(err, sel.Query)
		if f.status == backend.StatusForbidden {
			return &backend.SubscribeStreamResponse{Status: backend.SubscribeStreamStatusPermissionDenied}, nil
		}
		return nil, told(f)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.tailing) >= maxTailing {
		clear(d.tailing)
	}
	d.tailing[req.Path] = req.Data
	return &backend.SubscribeStreamResponse{Status: backend.SubscribeStreamStatusOK}, nil
}

// told is an error that says what explain found, with whose fault it is.
func told(f failure) error {
	source := backend.ErrorSourceDownstream
	if f.ours {
		source = backend.ErrorSourcePlugin
	}
	return backend.NewErrorWithSource(errors.New(f.text), source)
}

// PublishStream refuses: events come in by the host's inputs.
func (d *Datasource) PublishStream(context.Context, *backend.PublishStreamRequest) (*backend.PublishStreamResponse, error) {
	return &backend.PublishStreamResponse{Status: backend.PublishStreamStatusPermissionDenied}, nil
}

// tailOf is what a tail is about. Its selection has no range of time.
func (d *Datasource) tailOf(user *backend.User, b json.RawMessage) (model.Query, client.Selection, error) {
	if d.broken != nil {
		return model.Query{}, client.Selection{}, d.broken
	}
	q, _, err := model.Decode(b)
	if err != nil {
		return q, client.Selection{}, err
	}
	if q.Kind != "" && q.Kind != model.Logs {
		return q, client.Selection{}, &model.Error{Field: "kind", Msg: fmt.Sprintf("%s cannot be followed", q.Kind), Hint: "live tail shows logs"}
	}
	now := time.Now()
	sel, err := selection.Of(q, d.settings, backend.TimeRange{From: now.Add(-time.Minute), To: now}, time.Second)
	if err != nil {
		return q, sel, err
	}
	sel.From, sel.To = "", ""
	return q, narrowed(user, sel), nil
}

// RunStream sends new lines until Grafana ends it. A lost connection is made again and what was missed is searched for; what
// cannot get better by that ends the stream with an error, after a frame that says so.
func (d *Datasource) RunStream(ctx context.Context, req *backend.RunStreamRequest, sender *backend.StreamSender) error {
	b := req.Data
	if len(b) == 0 {
		d.mu.Lock()
		b = d.tailing[req.Path]
		d.mu.Unlock()
	}
	q, sel, err := d.tailOf(req.PluginContext.User, b)
	if err == nil {
		t := &tail{c: d.client, q: q, sel: sel, level: d.level(), send: sender.SendFrame}
		err = panics.Catch(func() error { return t.run(ctx) })
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err == nil {
		return nil
	}
	f := explain(err, sel.Query)
	notice := frame.Warn("%s", f.text)
	_ = panics.Catch(func() error { // that nobody takes it changes nothing
		return sender.SendFrame(frame.NewLogs(d.level(), 0).Frame(frame.Custom{}, sel.Query, notice), data.IncludeAll)
	})
	return told(f)
}
