package certify

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/logcenter/logcenter/host/plugin"
	"github.com/logcenter/logcenter/sdk/sample"
	"github.com/logcenter/logcenter/sdk/wire"
)

// How many alerts are sent in search of leaks, and for how long: a receiver that is not there may cost a timeout each.
const (
	deliveries    = 500
	deliveriesFew = 50
	deliverFor    = 20 * time.Second
	// answerWithin is how long one alert may take, as in service: many wait behind it.
	answerWithin = 10 * time.Second
)

// usualAlert is one as detectors raise them.
func usualAlert() *wire.Alert {
	at := sample.Received.UnixNano()
	return &wire.Alert{
		Id: "5f2d", Rule: "login-failures", Name: "多次登录失败", Description: `Somebody guesses "passwords" of fw\01.`, Type: "frequency", Severity: "Error",
		Priority: 2, Keys: map[string]string{"source.ip": "203.0.113.9"}, EventIds: []string{"raw-0-1-0"}, EventCount: 21, FirstNs: at, LastNs: at,
	}
}

// deliver has a notifier deliver alerts by the first configuration in testdata. Whether they arrive depends on what that
// names; what a notifier owes is an answer, in time and whatever the alert: delivered, or why not.
func (t *tester) deliver(ctx context.Context, c *check) {
	if t.setup.Config == nil {
		c.note("nothing was delivered, for want of a testdata/NAME.config.yaml")
		return
	}
	t.with(ctx, c, t.setup, func(p *plugin.Single) {
		r := t.notify(ctx, c, p, "an alert", usualAlert())
		switch {
		case r == nil:
			return
		case r.Error == "" && r.RetryAfterMs > 0:
			c.fault("an alert is to be tried again, and no error says why")
		case r.Error == "":
			c.note("an alert is delivered")
		case r.RetryAfterMs > 0:
			c.note("an alert is to be tried again after %v: %s", time.Duration(r.RetryAfterMs)*time.Millisecond, r.Error)
		default:
			c.note("an alert is refused: %s", r.Error)
		}
		for _, odd := range []struct {
			name  string
			alert *wire.Alert
		}{
			{"an empty alert", &wire.Alert{}},
			{"an alert of control characters", &wire.Alert{Id: "\x00", Name: "\r\n\u202e", Description: "\x00\uFFFD"}},
			{"an alert of 1 MiB", &wire.Alert{Id: "5f2e", Description: strings.Repeat("密", 1<<20/3)}},
			{"an alert of 10000 events", &wire.Alert{Id: "5f2f", EventIds: make([]string, 10000), EventCount: 10000}},
		} {
			if t.notify(ctx, c, p, odd.name, odd.alert) == nil {
				return
			}
		}
		short, cancel := context.WithTimeout(ctx, 2*time.Millisecond)
		_, _ = p.Notify(short, usualAlert()) // that its end comes first is likely, and not sure
		cancel()
		if t.notify(ctx, c, p, "the alert after a cancelled one", usualAlert()) != nil {
			c.note("odd ones and a cancelled call are survived")
			t.deliveries(ctx, c, p)
		}
	})
}

// notify is one delivery. Without an answer it is nil, and said why.
func (t *tester) notify(ctx context.Context, c *check, p *plugin.Single, what string, a *wire.Alert) *wire.NotifyResponse {
	in, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	r, err := p.Notify(in, a)
	switch {
	case err == nil:
		return r
	case errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil:
		c.fault("%s is not answered within %v: bound how long the receiver may take, and heed the context", what, answerWithin)
	default:
		c.fault("%s: %v", what, err)
	}
	return nil
}

// deliveries looks at what the process has grown by after many alerts.
func (t *tester) deliveries(ctx context.Context, c *check, p *plugin.Single) {
	total := deliveries
	if t.o.Quick {
		total = deliveriesFew
	}
	var before, after held
	sent, end := 0, time.Now().Add(deliverFor)
	for ; sent < total && time.Now().Before(end); sent++ {
		a := usualAlert()
		a.Id = fmt.Sprint(sent)
		if t.notify(ctx, c, p, "an alert", a) == nil {
			return
		}
		if after = holdings(p.PID()); sent == total/10 {
			before = after
		}
		t.tell("deliver", sent, total)
	}
	if sent > total/10+1 {
		grew(c, before, after, fmt.Sprintf("a tenth of %d alerts", total), "an alert")
		if n := after.memory - before.memory; n > grown {
			c.fault("memory grew by %d MB over %d alerts: bound what is kept", n>>20, sent)
		}
	}
	c.note("after %d alerts %d files (%d sockets), %d threads", sent, after.files, after.sockets, after.tasks)
}
