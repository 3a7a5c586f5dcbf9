package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/logcenter/logcenter/host/loadgen"
	"github.com/logcenter/logcenter/sdk/schema"
)

// loadgenOptions are the flags of loadgen.
type loadgenOptions struct {
	file, to, framing   string
	size                string
	lines               int64
	duration            time.Duration
	rate                float64
	seed                uint64
	start, mix          string
	attacks, malformed  float64
	spread              time.Duration
	public, quiet       bool
	demo                bool
	bytes               int64 // of size
	connection          *connection
	eventRate           float64
	out                 io.Writer
	errs                io.Writer
	until               time.Time // of duration
	progress            *progress
	linesSent, byteSent int64
}

func newLoadgenCommand(c *connection) *cobra.Command {
	o := &loadgenOptions{connection: c}
	cmd := &cobra.Command{
		Use:   "loadgen",
		Short: "make the log traffic of a small bank under attack",
		Long: `Make realistic firewall, intrusion prevention, web server and WAF lines: into a file, to standard output, or to a
log center by syslog or HTTP. All people, cards and addresses are made up; the same seed makes the same lines.

It stops at --size, --lines or --duration, whichever comes first. Without any of them it writes 1,000 lines,
or sends until it is interrupted.

Where --to leads:
  udp://HOST:PORT   syslog, one line a datagram
  tcp://HOST:PORT   syslog, lines parted by newlines, or as --framing says
  input:NAME        the host's HTTP input NAME, in batches with idempotency keys, sent again until answered`,
		Example: `  logcenter loadgen --lines 20
  logcenter loadgen -f traffic.log --size 1GB
  logcenter loadgen --to tcp://127.0.0.1:5514 --rate 2000 --duration 1m
  logcenter loadgen --to input:http --lines 100000
  logcenter loadgen --demo -f hour.log`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.out, o.errs = cmd.OutOrStdout(), cmd.ErrOrStderr()
			return o.run(cmd.Context())
		},
	}
	f := cmd.Flags()
	f.StringVarP(&o.file, "file", "f", "", "write into this `file`, which is replaced")
	f.StringVar(&o.to, "to", "", "send to this `address`")
	f.StringVar(&o.framing, "framing", "newline", "how lines are parted on TCP: newline or octet (RFC 6587 octet counting)")
	f.StringVar(&o.size, "size", "", "stop after so many `bytes`, e.g. 100MB")
	f.Int64Var(&o.lines, "lines", 0, "stop after so many lines")
	f.DurationVar(&o.duration, "duration", 0, "stop after this time, e.g. 1m")
	f.Float64Var(&o.rate, "rate", 0, "lines a second; 0 is as many as possible")
	f.Float64Var(&o.eventRate, "event-rate", 0, "lines to a second of the times in the lines; 0 is --rate, or else 500")
	f.Uint64Var(&o.seed, "seed", 1, "the same seed makes the same lines")
	f.StringVar(&o.start, "start", "", "`time` of the first line, e.g. 2026-10-11T12:00:00+08:00; default is now when sending, 2026-10-11 12:00 else")
	f.StringVar(&o.mix, "mix", "5:2:3", "firewall, intrusion prevention and web lines in relation, and a fourth number for lines of a WAF")
	f.Float64Var(&o.attacks, "attacks", 0.03, "share of lines that belong to an attack, at most 0.25")
	f.Float64Var(&o.malformed, "malformed", 0.001, "share of lines that are damaged")
	f.DurationVar(&o.spread, "spread", 0, "how far the times in the lines lag at random")
	f.BoolVar(&o.public, "public-addresses", false, "random public addresses instead of those for documentation, so that GeoIP finds something")
	f.BoolVar(&o.demo, "demo", false, "the hour before --start, or before now, as run --demo feeds it; only --seed counts beside it")
	f.BoolVarP(&o.quiet, "quiet", "q", false, "no progress")
	complete(cmd, "framing", "newline", "octet")
	return cmd
}

func (o *loadgenOptions) run(ctx context.Context) error {
	options, err := o.options()
	if err != nil {
		return err
	}
	to, err := o.open(ctx)
	if err != nil {
		return err
	}
	if o.duration > 0 {
		o.until = time.Now().Add(o.duration)
	}
	o.progress = newProgress(o.errs, o.quiet || o.file == "" && o.to == "")
	begun := time.Now()
	next := loadgen.New(options).Next
	if o.demo {
		next = demoPast(o.seed, options.Start).Next
	}
	err = o.generate(ctx, next, to)
	if cerr := to.close(); err == nil {
		err = cerr
	}
	took := time.Since(begun).Seconds()
	o.progress.end("%s lines, %s in %.1f s: %s lines/s, %.2f MB/s", grouped(o.linesSent), megabytes(o.byteSent), took,
		grouped(int64(float64(o.linesSent)/max(took, 1e-3))), float64(o.byteSent)/1e6/max(took, 1e-3))
	if errors.Is(err, context.Canceled) && o.to != "" {
		return nil // interrupted, as is the way to end it
	}
	return err
}

// options reads the flags.
func (o *loadgenOptions) options() (loadgen.Options, error) {
	none := loadgen.Options{}
	if o.file != "" && o.to != "" {
		return none, usagef("--file and --to exclude each other")
	}
	if o.framing != "newline" && o.framing != "octet" {
		return none, usagef("--framing %s is not possible: use newline or octet", o.framing)
	}
	if o.size != "" {
		b, err := schema.ParseBytes(o.size)
		if err != nil {
			return none, usagef("--size: %v", err)
		}
		o.bytes = int64(b)
	}
	if o.demo && o.lines == 0 {
		o.lines = demoLines
	}
	if o.size == "" && o.lines == 0 && o.duration == 0 && o.to == "" {
		o.lines = 1000
	}
	if o.eventRate == 0 {
		o.eventRate = o.rate
	}
	if o.eventRate == 0 {
		o.eventRate = 500
	}
	mix, err := parseMix(o.mix)
	if err != nil {
		return none, err
	}
	start, err := o.startTime()
	if err != nil {
		return none, err
	}
	return loadgen.Options{
		Seed: o.seed, Start: start, Rate: o.eventRate, Spread: o.spread, Mix: mix, Attacks: orNone(o.attacks),
		Malformed: orNone(o.malformed), PublicAddresses: o.public,
	}, nil
}

// startTime is the time of the first line. What is sent as fast as possible ends now, so that no line lies
// in the future; zero is the generator's own.
func (o *loadgenOptions) startTime() (time.Time, error) {
	if o.start != "" {
		for _, layout := range []string{time.RFC3339, "2006-01-02 15:04:05", "2006-01-02T15:04:05", "2006-01-02"} {
			if t, err := time.ParseInLocation(layout, o.start, time.Local); err == nil {
				return t, nil
			}
		}
		return time.Time{}, usagef("--start %s is no time: use e.g. 2026-10-11T12:00:00+08:00", o.start)
	}
	if o.demo {
		return time.Now().UTC(), nil
	}
	if o.to == "" {
		return time.Time{}, nil
	}
	back := 0.0
	if o.rate == 0 {
		back = float64(max(o.lines, o.bytes/200)) / o.eventRate
	}
	return time.Now().Add(-time.Duration(back * float64(time.Second))), nil
}

// orNone says none in the generator's words, where zero means the default.
func orNone(share float64) float64 {
	if share == 0 {
		return -1
	}
	return share
}

func parseMix(s string) (loadgen.Mix, error) {
	var n [4]uint16
	parts := strings.Split(s, ":")
	for i, p := range parts {
		v, err := strconv.ParseUint(p, 10, 16)
		if err != nil || len(parts) < 3 || len(parts) > len(n) {
			return loadgen.Mix{}, usagef("--mix %s is not possible: use three or four numbers such as 5:2:3", s)
		}
		n[i] = uint16(v)
	}
	mix := loadgen.Mix{Firewall: n[0], IPS: n[1], Web: n[2], WAF: n[3]}
	if mix == (loadgen.Mix{}) {
		return mix, usagef("--mix %s makes no lines", s)
	}
	return mix, nil
}

// pause is how often a limited rate is kept.
const pause = 10 * time.Millisecond

// generate makes lines until it is enough or ctx is done.
func (o *loadgenOptions) generate(ctx context.Context, next func([]byte) []byte, to sink) error {
	begun := time.Now()
	var line []byte
	for {
		due := int64(1 << 62)
		if o.rate > 0 {
			due = int64(time.Since(begun).Seconds()*o.rate) + 1
		}
		for range 1000 {
			if o.enough() || o.linesSent >= due {
				break
			}
			line = next(line[:0])
			if err := to.send(line); err != nil {
				return err
			}
			o.linesSent++
			o.byteSent += int64(len(line)) + 1
		}
		o.progress.tell(func() string {
			return fmt.Sprintf("%s lines, %s", grouped(o.linesSent), megabytes(o.byteSent))
		})
		if o.enough() || !o.until.IsZero() && time.Now().After(o.until) {
			return to.flush()
		}
		if ctx.Err() != nil {
			return errors.Join(to.flush(), ctx.Err())
		}
		if o.linesSent >= due {
			if err := to.flush(); err != nil {
				return err
			}
			select {
			case <-ctx.Done():
			case <-time.After(pause):
			}
		}
	}
}

func (o *loadgenOptions) enough() bool {
	return o.lines > 0 && o.linesSent >= o.lines || o.bytes > 0 && o.byteSent >= o.bytes
}

// megabytes shows a size with three digits.
func megabytes(n int64) string {
	switch f := float64(n); {
	case f < 1e3:
		return fmt.Sprintf("%d B", n)
	case f < 1e6:
		return fmt.Sprintf("%.3g kB", f/1e3)
	case f < 1e9:
		return fmt.Sprintf("%.3g MB", f/1e6)
	default:
		return fmt.Sprintf("%.4g GB", f/1e9)
	}
}
