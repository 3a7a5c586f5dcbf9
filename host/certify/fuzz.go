package certify

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/logcenter/logcenter/host/plugin"
	"github.com/logcenter/logcenter/sdk/sample"
	"github.com/logcenter/logcenter/sdk/wire"
)

// How much is fuzzed.
const (
	fuzzLines      = 50_000
	fuzzLinesQuick = 4_000
	fuzzBatch      = 250 // lines a batch
	fuzzFaults     = 3   // that end it
	longLine       = 64 << 10
	// slowest is the processor time that a byte of any line may take: a batch of a megabyte is then answered within
	// the host's deadline of ten seconds. Ordinary lines take a hundredth of it or less.
	slowest = 10 * time.Microsecond
)

// pieces are put into lines: what device logs are made of, and what parsers stumble over.
var pieces = []string{
	" ", "  ", "\t", "=", "==", ":", ";", ",", "|", "%", "%%", "\"", "'", "\\", "\\\"", "\"\"", "[", "]", "(", ")", "{", "}", "<", ">", "<999>",
	"/", "?", "&", "#", "\x00", "\r", "\u202e", "密码", "\uFFFD", "é", "-", "-1", "0", "00", "+5", "1e9", "99999999999999999999", "0x1f", "NaN",
	"2026-02-30 25:61:61", "Feb 29 12:00:00", "1970-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999+14:00", "999.999.999.999", "::ffff:1.2.3.4",
	"fe80::1%eth0", "ff:ff:ff:ff:ff:ff", "http://[::1", "%zz", "\\u12", "${jndi:ldap://x}", "true", "null", "{}", "[]",
}

// mutator makes lines of the samples' lines. The same seed makes the same ones.
type mutator struct {
	r     *rand.Rand
	seeds [][]byte
}

func (m *mutator) line() []byte {
	l := bytes.Clone(m.seeds[m.r.IntN(len(m.seeds))])
	for range 1 + m.r.IntN(4) {
		l = m.change(l)
	}
	return sample.Clean(l)
}

func (m *mutator) change(l []byte) []byte {
	from, to := m.r.IntN(len(l)+1), m.r.IntN(len(l)+1)
	if from > to {
		from, to = to, from
	}
	piece := []byte(pieces[m.r.IntN(len(pieces))])
	switch m.r.IntN(8) {
	case 0:
		return l[:from]
	case 1:
		return l[from:]
	case 2:
		return append(l[:from:from], l[to:]...)
	case 3: // the same part again
		return append(l[:to:to], l[from:]...)
	case 4:
		other := m.seeds[m.r.IntN(len(m.seeds))]
		return append(l[:from:from], other[m.r.IntN(len(other)+1):]...)
	case 5:
		if len(l) > 0 {
			l[m.r.IntN(len(l))] = byte(m.r.IntN(256))
		}
		return l
	case 6:
		return append(append(l[:from:from], bytes.Repeat(piece, 1+m.r.IntN(64))...), l[from:]...)
	default:
		return append(append(l[:from:from], piece...), l[to:]...)
	}
}

// fuzz sends lines that no device should send: the plugin must not crash, answer nonsense, let a line change what comes
// of others, or take too long.
func (t *tester) fuzz(ctx context.Context, c *check) {
	total := fuzzLines
	if t.o.Quick {
		total = fuzzLinesQuick
	}
	m := &mutator{r: rand.New(rand.NewPCG(1, 2))} // the same lines each time, so that a fault is found again
	f := sample.Usual(t.files)
	for i := range t.files {
		for _, l := range t.files[i].Lines {
			if len(l) > 0 {
				m.seeds = append(m.seeds, l)
			}
		}
		if t.files[i].HasFields() {
			f = &t.files[i]
		}
	}
	if len(m.seeds) == 0 {
		c.note("no sample has a line that is not empty")
		m.seeds = [][]byte{[]byte("a line")}
	}
	p, err := t.open(ctx, t.setup)
	if err != nil {
		c.fault("%v", err)
		return
	}
	h := &hunt{t: t, c: c, p: p, m: m, f: f, beside: sample.Usual(t.files).Lines[0]}
	defer func() { _ = h.p.Close() }() // its folder is below a temporary one
	if !h.begin(ctx) {
		return
	}
	for done := 0; done < total && !h.over() && ctx.Err() == nil; done += fuzzBatch {
		t.tell("fuzz", done, total)
		h.batch(ctx)
	}
	if !h.over() {
		h.long(ctx)
	}
	c.note("%d lines made of %d", total, len(m.seeds))
	c.note("no crash, no span outside its line")
}

// hunt is the search for lines that a plugin cannot stand.
type hunt struct {
	t      *tester
	c      *check
	p      *plugin.Single
	m      *mutator
	f      *sample.File // whose events the lines are put into
	beside []byte       // a line that stands beside those under test
	alone  []byte       // what becomes of it alone
	deaths int          // lines found that end the process
}

// over says whether enough was found. A line that ends the process takes several processes to find, and hides others.
func (h *hunt) over() bool { return h.deaths > 0 || len(h.c.faults) >= fuzzFaults }

func (h *hunt) begin(ctx context.Context) bool {
	shown, err := h.ask(ctx, [][]byte{h.beside})
	if err != nil {
		h.c.fault("%v", err)
		return false
	}
	h.alone = shown[0]
	return true
}

// ask sends lines, within events of the sample where it has fields, and checks the answer.
func (h *hunt) ask(ctx context.Context, lines [][]byte) ([][]byte, error) {
	b, err := h.f.With(lines)
	if err != nil {
		return nil, err
	}
	r, err := h.p.Process(ctx, b)
	if err != nil {
		return nil, err
	}
	defer r.Release()
	if n := r.Counters["panics"]; n > 0 {
		return nil, errPanicked
	}
	return sample.Show(b, r.Result)
}

var errPanicked = errors.New("the plugin panicked")

// batch sends lines between two of the samples', whose events they must leave alone.
func (h *hunt) batch(ctx context.Context) {
	lines := [][]byte{h.beside}
	for range fuzzBatch {
		lines = append(lines, h.m.line())
	}
	lines = append(lines, h.beside)
	shown, err := h.ask(ctx, lines)
	if err != nil {
		h.blame(ctx, lines[1:len(lines)-1], err)
		return
	}
	// What stands beside the line in events of the sample, and what a detector has seen before, is not the same.
	if h.t.m.Kind == wire.Kind_PARSER {
		for _, at := range []int{0, len(lines) - 1} {
			if !bytes.Equal(shown[at], h.alone) {
				h.c.fault("lines change what comes of another one: %s\n     got %s\n    want %s", quote(h.beside), shown[at], h.alone)
				return
			}
		}
	}
}

// blame looks for the line that err is about.
func (h *hunt) blame(ctx context.Context, lines [][]byte, err error) {
	for len(lines) > 1 && ctx.Err() == nil {
		if !h.fresh(ctx) {
			return
		}
		half := lines[:len(lines)/2]
		if _, e := h.ask(ctx, half); e != nil {
			lines, err = half, e
			continue
		}
		rest := lines[len(lines)/2:]
		_, e := h.ask(ctx, rest)
		if e == nil {
			h.c.fault("%v, at %d lines together, of which the first is %s", err, len(lines), quote(lines[0]))
			return
		}
		lines, err = rest, e
	}
	if ctx.Err() == nil {
		h.c.fault("%v, at the line %s", err, quote(lines[0]))
		if h.p.Failure() != nil {
			h.deaths++
		}
	}
}

// fresh starts another process if this one is of no more use.
func (h *hunt) fresh(ctx context.Context) bool {
	if h.p.Failure() == nil {
		return true
	}
	p, err := h.t.open(ctx, h.t.setup)
	if err != nil {
		h.c.fault("it does not start again: %v", err)
		return false
	}
	_ = h.p.Close() // its folder is below a temporary one
	h.p = p
	return true
}

// long looks for lines whose cost grows faster than their length.
func (h *hunt) long(ctx context.Context) {
	const seeds, most = 6, 14
	var worst time.Duration
	count := 0
	for i := range min(seeds, len(h.m.seeds)) {
		seed := h.m.seeds[i*len(h.m.seeds)/min(seeds, len(h.m.seeds))]
		for k := range most {
			h.t.tell("fuzz", count, seeds*most)
			count++
			piece := pieces[(i+k*5)%len(pieces)]
			at := len(seed) * (k % 4) / 4
			line := sample.Clean(append(append(bytes.Clone(seed[:at]), bytes.Repeat([]byte(piece), longLine/len(piece))...), seed[at:]...))
			cpu := h.p.CPU()
			_, err := h.ask(ctx, [][]byte{line})
			if ctx.Err() != nil {
				return
			}
			if err != nil {
				h.c.fault("%v, at a line of %d bytes that repeats %q: %s", err, len(line), piece, quote(line))
				if h.p.Failure() != nil {
					return
				}
				continue
			}
			cpu = h.p.CPU() - cpu
			worst = max(worst, cpu/time.Duration(len(line)/1024))
			if bound := slowest * time.Duration(len(line)); cpu > bound {
				h.c.fault("a line of %d bytes that repeats %q takes %v, over %v a byte: its cost grows faster than its length", len(line), piece, cpu, slowest)
			}
			if h.over() {
				return
			}
		}
	}
	h.c.note("lines of %d KiB take up to %.2f µs a byte", longLine>>10, float64(worst.Nanoseconds())/1024/1e3)
}
