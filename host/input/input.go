// Package input is where records enter the host: it stamps them, groups them into batches and makes them
// durable in the raw journal.
//
// The one idea: there is one door, [Intake], and behind it everything is durable. Inputs (the packages
// below this one) cut bytes into records and give them to a [Feed], which decodes them to UTF-8, joins
// lines that belong together and bounds their size. Feeds of one input share a [Batcher], so that many
// small senders make few large batches. What has passed the Intake survives kill -9 and power loss, and
// only then an HTTP request is answered and a file's checkpoint advances.
//
//	socket, file, request → Feed → Batcher → Intake → raw journal
//
// Back-pressure goes the other way, in bytes: while the journal is full the Batcher's buffers fill, Feeds
// wait, readers stop reading, senders wait. Only UDP loses then; the kernel counts it.
package input

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/logcenter/logcenter/host/input/decode"
)

// Input is a place where records come in. Its constructor checks the configuration and touches nothing.
type Input interface {
	// Name is unique among the inputs of a host.
	Name() string
	// Run takes records in until ctx is done, then stops accepting, makes durable what it received and
	// returns nil. An error says what does not work and what to do; Run may be called again.
	Run(ctx context.Context) error
	// Stats is a snapshot. Safe for concurrent use, also while Run is not running.
	Stats() Stats
}

// Opener is implemented by inputs that can acquire what they need, such as a port, before Run; the host opens
// all inputs first to say where they listen, and starts without those that do not open. Run opens by itself what is
// not open yet.
type Opener interface {
	Open() error
}

// Bounds of Common.
const (
	DefaultMaxRecordBytes = 256 << 10
	minRecordBytes        = 1 << 10
	mostRecordBytes       = 16 << 20
	mostTags              = 64
)

// Common is what can be set for every kind of input.
type Common struct {
	// Name of the input, unique; it becomes logcenter.input of its events. 1 to 64 letters, digits, '.',
	// '_' or '-'.
	Name string
	// Parser is the id of the parser plugin for all records of this input. Empty: the parsers' own
	// recognisers decide for each record.
	Parser string
	// Timezone is the IANA zone, e.g. Asia/Shanghai, of times that are sent without one; it becomes
	// event.timezone. Empty: the parser's setting.
	Timezone string
	// Encoding of the records, a name that package decode knows. Empty means auto.
	Encoding string
	// Tags are put on every event of this input, at most 64.
	Tags []string
	// MaxRecordBytes bounds a record; what is longer is cut and marked truncated. 1 KiB to 16 MiB; 0 means
	// 256 KiB.
	MaxRecordBytes int
	// Multiline joins lines that belong to one record. The zero value joins nothing.
	Multiline Multiline
}

var nameRule = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// Check fills in what zero values mean and says what is wrong.
func (c *Common) Check() error {
	if !nameRule.MatchString(c.Name) {
		return fmt.Errorf("input name %q: want 1 to 64 letters, digits, '.', '_' or '-', the first a letter or digit", c.Name)
	}
	if _, err := time.LoadLocation(c.Timezone); err != nil {
		return fmt.Errorf("input %s: timezone %q: want an IANA zone such as Asia/Shanghai", c.Name, c.Timezone)
	}
	if _, err := decode.New(c.Encoding); err != nil {
		return fmt.Errorf("input %s: encoding: %w", c.Name, err)
	}
	if c.MaxRecordBytes == 0 {
		c.MaxRecordBytes = DefaultMaxRecordBytes
	}
	if c.MaxRecordBytes < minRecordBytes || c.MaxRecordBytes > mostRecordBytes {
		return fmt.Errorf("input %s: a record of %d bytes at most; it must be from %d to %d", c.Name, c.MaxRecordBytes, minRecordBytes, mostRecordBytes)
	}
	if len(c.Tags) > mostTags {
		return fmt.Errorf("input %s: %d tags; at most %d", c.Name, len(c.Tags), mostTags)
	}
	if err := c.Multiline.check(); err != nil {
		return fmt.Errorf("input %s: multiline: %w", c.Name, err)
	}
	return nil
}

// Env is what the host gives an input.
type Env struct {
	Intake *Intake
	// Dir is where an input may keep a file named after it, e.g. checkpoints. Created if need be.
	Dir string
	// Logf is told what an admin should know. nil = nobody.
	Logf func(format string, args ...any)
}

// Log calls Logf if there is one.
func (e Env) Log(format string, args ...any) {
	if e.Logf != nil {
		e.Logf(format, args...)
	}
}

// How long RunAll waits before it runs a failed input again; it doubles.
const (
	retryFirst = time.Second
	retryMost  = 30 * time.Second
)

// RunAll runs inputs side by side until ctx is done and all have returned. One that fails is reported, once for
// each reason, and tried again until it works, which is reported as well; the others do not notice.
func RunAll(ctx context.Context, inputs []Input, logf func(format string, args ...any)) {
	if logf == nil {
		logf = func(string, ...any) {}
	}
	var all sync.WaitGroup
	for _, in := range inputs {
		all.Go(func() {
			said, wait := "", retryFirst
			for ctx.Err() == nil {
				var err error
				if o, ok := in.(Opener); ok {
					if err = o.Open(); err == nil && said != "" {
						logf("input %s is open now: %s", in.Name(), strings.Join(in.Stats().Address, ", "))
						said = ""
					}
				}
				if err == nil {
					began := time.Now()
					err = in.Run(ctx)
					if time.Since(began) > retryMost {
						said, wait = "", retryFirst
					}
				}
				if err == nil || errors.Is(err, context.Canceled) {
					continue
				}
				if err.Error() != said {
					said = err.Error()
					logf("%v; it is tried again by itself, and until then nothing comes in there", err)
				}
				select {
				case <-ctx.Done():
				case <-time.After(wait):
				}
				wait = min(2*wait, retryMost)
			}
		})
	}
	all.Wait()
}

// Parsers maps the names of inputs to the parser ids that their configuration asks for.
func Parsers(inputs []Input) map[string]string {
	m := map[string]string{}
	for _, in := range inputs {
		if p := in.Stats().Parser; p != "" {
			m[in.Name()] = p
		}
	}
	return m
}
