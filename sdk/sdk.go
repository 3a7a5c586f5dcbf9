// Package sdk is all that a plugin of Logcenter is made with.
//
// A plugin is a program of its own that the host starts. Its author writes one type with one method and
// a one-line main:
//
//	func main() { sdk.ServeParser(New) }
//
// New takes the plugin's config struct, which is its only description (see package schema), and returns
// a [Parser], [Enricher], [Masker], [Detector] or [Notifier]. The SDK talks to the host, moves events in
// columns, loops over them, recovers panics event by event and reports errors event by event.
//
// All arguments of the methods below are dead after return: copy what must live on. One value serves
// several calls at once, so it must be safe for concurrent use, except a Detector, which sees one batch
// at a time in journal order.
package sdk

import (
	"context"
	"errors"
	"io"
	"math"
	"time"

	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/rule"
	"github.com/logcenter/logcenter/sdk/wire"
)

// Version of the SDK, told to the host.
const Version = "0.1.0"

// Parser understands the lines of one device.
type Parser interface {
	// Parse sets what it finds in line on ev. No I/O. An error keeps the event, with what was set so far,
	// marked unparsed; ErrSkip drops it, if the manifest permits; ErrPermanent makes it a dead letter.
	// line is valid UTF-8 and has no line end.
	Parse(line []byte, ev *Event) error
}

// ManyParser is a Parser whose lines may hold several events.
type ManyParser interface {
	// ParseMany is called instead of Parse. next returns the cursor of the line's next event, the first
	// time the line's own; at most MaxFanOut a line.
	ParseMany(line []byte, next func() *Event) error
}

// MaxFanOut is how many events one line can become.
const MaxFanOut = 256

// Enricher adds what is known elsewhere of an event.
type Enricher interface {
	// Enrich reads and sets fields of ev. It may do I/O until ctx is done. An error keeps the event, with what
	// was set so far, marked unenriched; RetryAfter has it sent again; ErrPermanent makes it a dead letter.
	Enrich(ctx context.Context, ev *Event) error
}

// Masker says what of a line must not be stored.
type Masker interface {
	// Mask adds edits for the secrets in text, which is a line or the value of a field that is not part of
	// its line (see Edits.Field). An error withholds the event's text.
	Mask(text []byte, e *Edits) error
}

// Prefilter is an optional method of a Masker: one pass over all lines of a batch at once is far cheaper
// than one a line.
type Prefilter interface {
	// Prefilter appends to hits ascending positions in arena, the lines of a batch one behind the other,
	// such that a line in whose range none lies needs no Mask.
	Prefilter(arena []byte, hits []int) []int
}

// Chooser is an optional method of a Masker that does not treat all events alike.
type Chooser interface {
	// Choose says of each event of b how its texts are to be masked: choices has a 0 for each row, and what is put there is
	// what Edits.Choice returns at texts of that event. b has all fields that plugin.yaml reads, or those that Reads says,
	// and must not be changed. A panic withholds the texts of all events of b.
	Choose(b *wire.Batch, choices []int)
}

// BatchEnricher is an optional method of an Enricher: for those who want the columns, as lookups in large tables do
// that wait for memory one by one but not together. An error or a panic has Enrich called for each event instead.
type BatchEnricher interface {
	// EnrichBatch reads b, which must not be changed, and sets fields through rows.
	EnrichBatch(ctx context.Context, b *wire.Batch, rows *Rows) error
}

// Detector watches events in journal order and raises alerts. Events of a batch stand by their parsers, those of each
// parser in the order in which they came in. Where the order among devices matters, logcenter.position has it: it grows
// with each event that comes in, in every batch.
type Detector interface {
	Detect(ev *Event, emit func(Alert)) error
}

// BatchDetector is an optional method of a Detector, called instead of Detect: for those who want the columns.
type BatchDetector interface {
	DetectBatch(b *wire.Batch, emit func(Alert)) error
}

// Ticker is an optional method of a Detector, for what is decided by time that passes rather than by an event:
// windows that end, events that stay away.
type Ticker interface {
	// Tick is called behind a batch when event time has moved on: events from before watermark are late and rare
	// from here on, so windows that end before it can be closed. It is the newest @timestamp so far, as far as the
	// event had been received by then, less a minute for those that are late; while nothing comes in, the clock less
	// that minute. It never goes back. After a crash the same batches and the same ticks come again in the same order,
	// so nothing but them may decide: no clock of the plugin's own. An alert needs First, the start of its window, or
	// an ID, to be the same then.
	Tick(watermark time.Time, emit func(Alert)) error
}

// Resumer is an optional method of a Detector that is a Ticker, for those who conclude something from what is not received.
type Resumer interface {
	// Resumed is called between two batches, before any later Tick, when the host has started, or events that this detector
	// was to see are gone: that something was not received until at says nothing, because nobody was there to receive it. What
	// was received before comes in the batches before. It follows from the same journal as batches and ticks, and comes again
	// with them.
	Resumed(at time.Time, emit func(Alert)) error
}

// Stateful is an optional method pair of a Detector. The host restores the last snapshot into a fresh
// process and replays from there, so that a crash neither loses nor repeats an alert.
type Stateful interface {
	Snapshot(w io.Writer) error
	Restore(r io.Reader) error
}

// Notifier delivers alerts.
type Notifier interface {
	// Notify may be called again with the same a.ID. An error is final, RetryAfter asks for another try.
	Notify(ctx context.Context, a Alert) error
}

// Opener is an optional method of all kinds, called once before the first event, for plugins whose config names
// fields: reads are those that plugin.yaml lists, and no others are sent. An error refuses the config; its text
// is for the admin.
type Opener interface {
	Opened(reads []ecs.Field) error
}

// Narrower is an optional method of all kinds, called once behind Opened, for plugins that read fewer fields under
// their config than plugin.yaml lists: what is not sent costs nothing.
type Narrower interface {
	// Reads are the fields to be sent. Others are not, whatever plugin.yaml lists; message comes all the same where
	// one of them may be a part of the line. Maskers are sent all texts besides.
	Reads() []ecs.Field
}

// RuleTaker is an optional method of a Detector that looks for what rules say: those that plugins ship and the admin and
// analysts write, kept by the host. It is called once, before Opened, with all rules that are on, which rule.Rule.Validate has passed. An
// error refuses them, its path begins with the rule's place in the list (e.g. "[3].query"); see package schema.
type RuleTaker interface {
	SetRules(rules []rule.Rule) error
}

// Targeter is an optional method of a Notifier that tells alerts to several places under one config.
type Targeter interface {
	// Targets are their names. Alert.Target is one of them, or of a config of before: a name that is not known is a
	// final error.
	Targets() []string
}

// RuleReporter is an optional method of a Detector: how its rules fare.
type RuleReporter interface {
	// RuleStats appends the figures of rules to stats. It is called behind a batch or a tick, every few seconds and when the
	// host asks.
	RuleStats(stats []*wire.RuleStat) []*wire.RuleStat
}

// Closer is an optional method of all kinds, called once before the process ends.
type Closer interface{ Close() error }

// Alert is what a detector raises.
type Alert struct {
	ID          string // deterministic: made from rule, keys and window; empty has the SDK make it from them
	Rule        string // id of the rule
	RuleVersion string
	Name        string
	Description string
	Topic       string // stream or query it watches
	Type        string // frequency, keyword, sequence, ...
	Method      string // how it is told: channels
	Frequency   string // how often it is checked; "continuous" for streaming rules
	Remarks     string
	Severity    string // one of the five severities
	Priority    int    // 1 (at once) to 5
	Keys        map[string]string
	Fields      map[string]string
	EventIDs    []string
	Count       uint64 // events behind it
	First, Last time.Time
	Tags        []string
	Kind        AlertKind // AlertRaised, which is the zero value, or what else is told of one
	Recovers    string    // of a recovery: ID of the alert that is over
	Channels    []string  // where the rule wants it told, PLUGIN or PLUGIN/TARGET; none has the admin's routes decide
	Silent      bool      // it is recorded, and nobody is told
	Target      string    // for notifiers: which of their targets this goes to; empty is the only one
	URL         string    // for notifiers: where a person can look at it; may be empty
}

// AlertKind is what is told of an alert.
type AlertKind string

// Kinds of alerts.
const (
	AlertRaised     AlertKind = ""           // something happened
	AlertRecovery   AlertKind = "recovery"   // what an alert was about is over
	AlertSummary    AlertKind = "summary"    // stands for many that were raised at once
	AlertEscalation AlertKind = "escalation" // an alert that nobody has acknowledged
	AlertTest       AlertKind = "test"       // somebody tries whether a channel works
)

// ErrSkip drops an event, counted; only if the manifest has drop: true.
var ErrSkip = errors.New("skip")

// ErrPermanent makes the event a dead letter. Wrap it with the reason: fmt.Errorf("...: %w", sdk.ErrPermanent).
var ErrPermanent = errors.New("permanent")

// RetryError asks for another try after a while.
type RetryError struct {
	After time.Duration
	Err   error
}

// RetryAfter makes an enricher's or notifier's error one that is tried again after d, for this event or alert
// alone. It is asked for no more than a few times. Events wait only briefly, because those behind them wait as well:
// with d over two seconds, or when that much has passed, an event goes on unenriched.
func RetryAfter(d time.Duration, err error) error { return &RetryError{d, err} }

func (e *RetryError) Error() string {
	if e.Err == nil {
		return "try again after " + e.After.String()
	}
	return e.Err.Error()
}

func (e *RetryError) Unwrap() error { return e.Err }

// milliseconds is After as the protocol has it. What is too long for it is told as long, a negative time as none.
func (e *RetryError) milliseconds() uint32 {
	return uint32(min(max(e.After.Milliseconds(), 0), math.MaxUint32))
}
