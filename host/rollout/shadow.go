package rollout

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/logcenter/logcenter/host/pipeline"
	"github.com/logcenter/logcenter/host/plugin"
	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/wire"
)

const (
	// shadowQueue is how many batches wait for a shadow; further ones are skipped, so that the pipeline never waits.
	shadowQueue = 4
	// shadowBytes bounds one of them, with its answer.
	shadowBytes = 32 << 20
	showTimeout = 2 * time.Second
	// shownBytes bounds a line, and a value, of a report.
	shownBytes = 1024
)

// shadow has another version answer what the one in service answered, and compares.
type shadow struct {
	r       *rollout
	masker  bool
	room    chan struct{} // has room while a batch may be copied
	jobs    chan job
	skipped atomic.Int64 // batches

	mu     sync.Mutex
	rows   int64 // compared
	fanOut [2]int64
	fields map[uint32]*diff
}

// job is a batch with the answer of the version in service, in memory of their own.
type job struct {
	batch   *wire.Batch
	message *wire.Column
	answer  *wire.Result
	memory  [2]*[]byte // that they lie in
}

func (j job) release() {
	for _, m := range j.memory {
		if m != nil {
			wire.Pool.Put(m)
		}
	}
}

func newShadow(r *rollout) *shadow {
	return &shadow{
		r: r, masker: r.old.Manifest().Kind == wire.Kind_MASKER, room: make(chan struct{}, shadowQueue), jobs: make(chan job, shadowQueue), fields: map[uint32]*diff{},
	}
}

func (s *shadow) compared() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rows
}

// offer is an observer of [pipeline.Observed]: it copies what it is shown, if there is room.
func (s *shadow) offer(b *wire.Batch, message *wire.Column, a *plugin.Answer, took time.Duration) {
	s.r.oldTally.observe(b, message, a, took)
	if len(a.Parts) != 1 || a.Parts[0].Reply == nil || b.Rows == 0 { // there is no whole answer to compare with
		s.skipped.Add(1)
		return
	}
	select {
	case s.room <- struct{}{}:
	default:
		s.skipped.Add(1)
		return
	}
	j, err := copied(b, message, a.Parts[0].Reply.Result)
	if err != nil {
		<-s.room
		s.skipped.Add(1)
		return
	}
	s.jobs <- j // there is room, as there is in s.room
}

var errTooLarge = errors.New("batch is too large to be looked at twice")

// copied makes a job. A batch without lines gets them, so that it can be shown.
func copied(b *wire.Batch, message *wire.Column, r *wire.Result) (j job, err error) {
	whole := &wire.Batch{Seq: b.Seq, Rows: b.Rows, Partition: b.Partition, Offset: b.Offset, Columns: b.Columns}
	if b.Column(uint32(ecs.Message)) == nil && message != nil {
		whole.Columns = append(append([]*wire.Column(nil), b.Columns...), message)
	}
	sizes := [2]int{whole.SizeVT(), r.SizeVT()}
	if sizes[0]+sizes[1] > shadowBytes {
		return j, errTooLarge
	}
	j.memory = [2]*[]byte{wire.Pool.Get(sizes[0]), wire.Pool.Get(sizes[1])}
	j.batch, j.answer = &wire.Batch{}, &wire.Result{}
	defer func() {
		if err != nil {
			j.release()
		}
	}()
	if _, err = whole.MarshalToSizedBufferVT((*j.memory[0])[:sizes[0]]); err != nil {
		return j, err
	}
	if err = j.batch.UnmarshalVTUnsafe((*j.memory[0])[:sizes[0]]); err != nil {
		return j, err
	}
	if _, err = r.MarshalToSizedBufferVT((*j.memory[1])[:sizes[1]]); err != nil {
		return j, err
	}
	j.message = j.batch.Column(uint32(ecs.Message))
	err = j.answer.UnmarshalVTUnsafe((*j.memory[1])[:sizes[1]])
	return j, err
}

// run works off what was offered until ctx is done. Then it takes all room, so that no more batches are copied, and lets
// go of those that wait: a report is kept for long.
func (s *shadow) run(ctx context.Context) {
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case j := <-s.jobs:
			s.do(ctx, j)
			j.release()
			<-s.room
		}
	}
	for range shadowQueue {
		select {
		case j := <-s.jobs: // its room stays taken
			j.release()
		case s.room <- struct{}{}:
		}
	}
}

func (s *shadow) do(ctx context.Context, j job) {
	next := s.r.next
	b := &wire.Batch{Seq: j.batch.Seq, Rows: j.batch.Rows, Partition: j.batch.Partition, Offset: j.batch.Offset}
	for _, c := range j.batch.Columns { // lines that are there to be shown only are not sent
		if f := ecs.Field(c.Field); f != ecs.Message || j.sent(next.Manifest()) {
			b.Columns = append(b.Columns, c)
		}
	}
	begun := time.Now()
	a, err := next.Process(ctx, b)
	if err != nil {
		if ctx.Err() == nil {
			s.skipped.Add(1)
		}
		return
	}
	defer a.Release()
	s.r.newTally.observe(b, j.message, a, time.Since(begun))
	if len(a.Parts) != 1 || a.Parts[0].Reply == nil {
		s.skipped.Add(1)
		return
	}
	now := a.Parts[0].Reply.Result
	o := compare(int(j.batch.Rows), j.message, j.answer, now, s.masker, s.wanted)
	s.book(int64(j.batch.Rows), o, j.answer, now)
	if len(o.show) > 0 && j.message != nil {
		s.sample(ctx, j, o.show)
	}
}

// sent says whether a version is sent the lines.
func (j job) sent(m *plugin.Manifest) bool {
	if m.Kind != wire.Kind_ENRICHER {
		return true
	}
	for _, c := range j.batch.Columns {
		if c.Encoding == wire.Encoding_SPAN {
			return true // they need the lines they point into
		}
	}
	for _, f := range m.Reads {
		if f == ecs.Message {
			return true
		}
	}
	return false
}

func (s *shadow) wanted(f uint32, w way) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.fields[f]
	return d == nil || d.shown[w] < s.r.o.Samples
}

func (s *shadow) book(rows int64, o *outcome, was, is *wire.Result) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rows += rows
	for i, r := range [2]*wire.Result{was, is} {
		if r.Fanout != nil {
			s.fanOut[i] += int64(r.Fanout.Rows)
		}
	}
	for f, n := range o.counts {
		d := s.fields[f]
		if d == nil {
			d = &diff{}
			s.fields[f] = d
		}
		for w, c := range n {
			d.n[w] += c
		}
	}
}

// sample shows rows as people may see them: both versions handle them once more, and maskers what comes out.
func (s *shadow) sample(ctx context.Context, j job, list []candidate) {
	var rows []int32
	at := map[int]int{}
	for _, c := range list {
		if _, ok := at[c.row]; !ok {
			at[c.row] = len(rows)
			rows = append(rows, int32(c.row))
		}
	}
	b := &wire.Batch{Rows: uint32(len(rows))}
	for _, c := range j.batch.Columns {
		if g := c.Gather(int(j.batch.Rows), rows); g != nil {
			b.Columns = append(b.Columns, g)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, showTimeout)
	defer cancel()
	was, err := s.events(ctx, b, s.r.old)
	if err != nil {
		return // maskers are out of service: nothing is shown
	}
	is, err := s.events(ctx, b, s.r.next)
	if err != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range list {
		d, i := s.fields[c.field], at[c.row]
		if d.shown[c.way] >= s.r.o.Samples {
			continue
		}
		d.shown[c.way]++
		sample := Sample{Way: wayNames[c.way], Line: short(was[i]["message"])}
		if s.masker {
			// Each is shown masked by the version in service as well, as the new one may hide less.
			sample.New = short(is[i][name(c.field)])
		} else {
			if c.way != onlyNew {
				sample.Old = short(was[i][name(c.field)])
			}
			if c.way != onlyOld {
				sample.New = short(is[i][name(c.field)])
			}
		}
		d.samples = append(d.samples, sample)
	}
}

func (s *shadow) events(ctx context.Context, b *wire.Batch, p *plugin.Plugin) (all []store.Event, err error) {
	f, err := s.r.m.show.Show(ctx, b, pipeline.Stage(p))
	if err != nil {
		return nil, err
	}
	defer f.Release()
	if f.Batch.Rows < b.Rows {
		return nil, fmt.Errorf("%d rows became %d", b.Rows, f.Batch.Rows)
	}
	for row := range int(b.Rows) {
		all = append(all, store.EventAt(f.Batch, row))
	}
	return all, nil
}

// short is a value for people, cut.
func short(v any) string {
	if v == nil {
		return ""
	}
	s := fmt.Sprint(v)
	if t, ok := v.(time.Time); ok {
		s = t.Format("2006-01-02 15:04:05.999999999")
	}
	if len(s) <= shownBytes {
		return s
	}
	cut := shownBytes
	for cut > 0 && s[cut]&0xc0 == 0x80 { // not within a character
		cut--
	}
	return s[:cut] + "…"
}
