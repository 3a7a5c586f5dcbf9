package plugin

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/logcenter/logcenter/sdk/wire"
)

// NotifyError is why a notifier has not delivered an alert.
type NotifyError struct {
	// Answered says that the plugin itself said so. Else it crashed or hung over the alert, which may have been delivered.
	Answered bool
	// Final says that another try is in vain.
	Final bool
	// RetryAfter is how long the plugin asks to be left alone; 0 if it does not ask.
	RetryAfter time.Duration

	err error
}

func (e *NotifyError) Error() string { return e.err.Error() }
func (e *NotifyError) Unwrap() error { return e.err }

// Notify has a notifier deliver an alert within a time that begins once its process is there. An error is
// [ErrUnavailable] when the plugin is out of service, a *[NotifyError] when the alert was not delivered, or else ctx's.
//
// A notifier that does not answer in time is started again, unless it answers others meanwhile: then it is one of its targets
// that hangs, and the rest goes on. It is quarantined when it does not answer answersFailed times in a row, of which one of
// several targets counts for half.
func (p *Plugin) Notify(ctx context.Context, a *wire.Alert, within time.Duration) error {
	proc, err := p.running(ctx)
	if err != nil {
		return err
	}
	bounded, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	others := proc.answered.Load()
	r, err := proc.notify(bounded, a)
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		hangs := errors.Is(err, context.DeadlineExceeded)
		if hangs {
			err = fmt.Errorf("no answer within %v", within)
		}
		err = proc.explain(err)
		p.Failures.Add(1)
		if !hangs || proc.answered.Load() == others {
			proc.fail(fmt.Errorf("notify: %w", err))
		}
		if p.owes(a.Target) {
			p.quarantine(fmt.Sprintf("%d alerts in a row were not answered, last: %v", answersFailed, err))
		}
		return &NotifyError{err: err}
	}
	proc.answered.Add(1)
	p.mu.Lock()
	clear(p.owed)
	p.mu.Unlock()
	p.Calls.Add(1)
	if r.Error != "" {
		p.RowErrors.Add(1)
		return &NotifyError{
			Answered: true, Final: r.RetryAfterMs == 0, RetryAfter: time.Duration(r.RetryAfterMs) * time.Millisecond,
			err: errors.New(proc.words.hide(r.Error)),
		}
	}
	return nil
}

// notify is one call. The error is ctx's if its time is over, which the other end of the call may see, and say, first.
func (p *process) notify(ctx context.Context, a *wire.Alert) (*wire.NotifyResponse, error) {
	r, err := p.stage.Notify(ctx, a)
	if status.Code(err) == codes.DeadlineExceeded {
		return nil, context.DeadlineExceeded
	}
	return r, err
}

// owes notes that an alert was not answered, and says whether the notifier is to be quarantined for it.
func (p *Plugin) owes(target string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	most := answersFailed
	if len(p.targets) > 1 {
		most = answersFailed / 2
	}
	if p.owed == nil {
		p.owed = map[string]int{}
	}
	p.owed[target] = min(p.owed[target]+1, most)
	total := 0
	for _, n := range p.owed {
		total += n
	}
	return total >= answersFailed
}

// Targets are the places that a notifier tells alerts to, as its last process said; none: it has just one, without a
// name. known is false until a process was there.
func (p *Plugin) Targets() (targets []string, known bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.targets), p.generation > 0
}

// checkTargets refuses names that nobody could write in a configuration, or too many.
func checkTargets(names []string) error {
	if len(names) > targetsMost {
		return fmt.Errorf("it has %d targets, the most are %d", len(names), targetsMost)
	}
	for i, n := range names {
		odd := strings.ContainsFunc(n, func(r rune) bool { return unicode.IsControl(r) || unicode.IsSpace(r) || r == '*' })
		if n == "" || len(n) > targetBytes || !utf8.ValidString(n) || odd {
			return fmt.Errorf("its target %.40q needs a name of up to %d bytes without blanks and *", n, targetBytes)
		}
		if slices.Contains(names[:i], n) {
			return fmt.Errorf("its target %s is there twice", n)
		}
	}
	return nil
}
