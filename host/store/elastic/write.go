package elastic

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"github.com/logcenter/logcenter/host/retention"
	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/sdk/wire"
)

// chunk is the body of one bulk.
type chunk struct {
	buf   []byte
	docs  []document
	first uint64 // offset of its first document
	born  time.Time
	busy  bool  // Append writes into it; under Store.mu
	tries int   // that failed
	err   error // why it is not sent, while it flies; under Store.mu
}

// maxChunks bounds what waits, in bulks: Append waits then.
const maxChunks = 4

// slack is how much longer than a bulk a chunk may become with its last document, before it is copied.
const slack = 256 << 10

// Pauses between tries. They grow, and are random so that hosts do not come at once.
const (
	firstPause = 100 * time.Millisecond
	mostPause  = 10 * time.Second
)

// Append implements [store.Store]. A batch that lacks what every event has is rejected as a whole.
func (s *Store) Append(ctx context.Context, offset uint64, batches []*wire.Batch) error {
	if err := s.ready(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	old := offset <= s.appended
	s.mu.Unlock()
	if old {
		return nil
	}
	if err := s.reserve(ctx, offset); err != nil {
		return s.notTaken(ctx, err)
	}
	var rows []placed
	for _, b := range batches {
		if b.Rows == 0 {
			continue
		}
		e, err := newBatchEncoder(offset, 0, b, s.product(), s.known())
		if err != nil {
			s.rejectBatch(offset, b, err)
			continue
		}
		p, err := s.place(ctx, e)
		if err != nil {
			return s.notTaken(ctx, err)
		}
		rows = append(rows, p)
	}
	if err := s.room(ctx); err != nil {
		return err
	}
	s.render(offset, rows)
	return nil
}

// notTaken notes why an entry was not taken, unless the caller gave up.
func (s *Store) notTaken(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		s.note(&s.appendErr, err)
	}
	return err
}

// placed is a batch of which is known where its rows go.
type placed struct {
	*batchEncoder
	at      []int64 // @timestamp
	targets []*generation
}

// place finds the index of each row.
func (s *Store) place(ctx context.Context, e *batchEncoder) (placed, error) {
	at, ingested := e.times()
	p := placed{e, at, make([]*generation, len(at))}
	var classes classifier
	known := map[partitionKey]*generation{}
	var last partitionKey
	var g *generation
	for row := range p.targets {
		key := partitionKey{class: classes.of(e, row, s.opts.Classify), day: day(ingested[row])}
		if g == nil || key != last {
			if g = known[key]; g == nil {
				var err error
				if g, err = s.target(ctx, key, e.from.offset); err != nil {
					return p, err
				}
				known[key] = g
			}
			last = key
		}
		p.targets[row] = g
	}
	return p, nil
}

func day(ns int64) int64 {
	d := ns / dayNanos
	if ns < 0 && ns%dayNanos != 0 {
		d--
	}
	return d
}

// classifier finds the class of rows that are asked for in order.
type classifier struct {
	observer, logType wire.Cursor
	key               []byte
	classes           map[string]string // by observer type, a zero and log type
}

func (c *classifier) of(e *batchEncoder, row int, classify func(observerType, logType string) retention.Class) string {
	c.key = appendText(c.key[:0], e.observer, &c.observer, row, e.message)
	n := len(c.key)
	c.key = appendText(append(c.key, 0), e.logType, &c.logType, row, e.message)
	name, ok := c.classes[string(c.key)]
	if !ok {
		if c.classes == nil {
			c.classes = map[string]string{}
		}
		name = classify(string(c.key[:n]), string(c.key[n+1:])).Name
		c.classes[string(c.key)] = name
	}
	return name
}

func appendText(dst []byte, c *wire.Column, at *wire.Cursor, row int, message *wire.Column) []byte {
	if c == nil || len(c.Lists) > 0 {
		return dst
	}
	k := at.At(c, row)
	if k < 0 {
		return dst
	}
	return append(dst, c.Text(k, row, message)...)
}

// room waits until there is some for an entry.
func (s *Store) room(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer context.AfterFunc(ctx, func() { s.mu.Lock(); s.changed.Broadcast(); s.mu.Unlock() })()
	for s.bytes >= int64((maxChunks-1)*s.opts.BulkBytes) && !s.closed {
		switch {
		case ctx.Err() != nil && s.failing() != nil:
			return fmt.Errorf("%w while writing fails: %w", ctx.Err(), s.failing())
		case ctx.Err() != nil:
			return ctx.Err()
		}
		s.changed.Wait()
	}
	if s.closed {
		return store.ErrClosed
	}
	return nil
}

// render appends an entry's documents to the open chunk, and goes on with another when it is full. It works outside of
// the lock; the senders leave a busy chunk alone.
func (s *Store) render(offset uint64, batches []placed) {
	c := s.take(offset)
	for _, b := range batches {
		for row, g := range b.targets {
			begin := len(c.buf)
			c.buf = b.document(c.buf, row, b.at[row], g.line())
			c.docs = append(c.docs, document{
				index: g, from: b.from, row: row, raw: len(b.message.Bytes(row)), begin: begin, end: len(c.buf),
			})
			if len(c.buf) >= s.opts.BulkBytes {
				s.give(c)
				c = s.take(offset)
			}
		}
	}
	s.give(c)
	s.mu.Lock()
	s.appended, s.appendErr = offset, nil
	s.changed.Broadcast()
	s.mu.Unlock()
}

// take makes the open chunk Append's own.
func (s *Store) take(offset uint64) *chunk {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open == nil {
		c := s.spare
		s.spare = nil
		if c == nil {
			c = &chunk{buf: make([]byte, 0, s.opts.BulkBytes+slack)}
		}
		c.first, c.born = offset, time.Now()
		s.open = c
	}
	s.open.busy = true
	s.bytes -= int64(len(s.open.buf))
	s.docs -= int64(len(s.open.docs))
	return s.open
}

// give hands the open chunk to the senders.
func (s *Store) give(c *chunk) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.busy = false
	s.bytes += int64(len(c.buf))
	s.docs += int64(len(c.docs))
	switch {
	case len(c.docs) == 0:
		s.open, s.spare = nil, c
	case len(c.buf) >= s.opts.BulkBytes:
		s.open, s.queue = nil, append(s.queue, c)
		s.changed.Broadcast()
	}
}

// add copies a document whose bytes lie in buf.
func (c *chunk) add(buf []byte, d document) {
	begin := len(c.buf)
	c.buf = append(c.buf, buf[d.begin:d.end]...)
	d.begin, d.end = begin, len(c.buf)
	c.docs = append(c.docs, d)
}

func (s *Store) rejectBatch(offset uint64, b *wire.Batch, err error) {
	for _, r := range store.Rejections(offset, b, err) {
		s.reject(r)
	}
}

// rejectDocument gives back a document of a chunk.
func (s *Store) rejectDocument(c *chunk, d document, err error) {
	r := store.Rejection{Offset: d.from.offset, Source: d.from.source, Row: d.row, Reason: err.Error()}
	var action struct{ Index hit }
	lines := json.NewDecoder(bytes.NewReader(c.buf[d.begin:d.end])) // the action and the document
	lines.UseNumber()
	if lines.Decode(&action) == nil && lines.Decode(&action.Index.Source) == nil {
		r.Event = action.Index.event(s.product(), func(field string) bool { return !strings.Contains(field, "#") })
	}
	s.reject(r)
}

// maxReason bounds a rejection's text: the cluster may show the value it refuses.
const maxReason = 4 << 10

func cut(text string, size int) string {
	if len(text) <= size {
		return text
	}
	return strings.ToValidUTF8(text[:size], "") + "…"
}

func (s *Store) reject(r store.Rejection) {
	s.rejected.Add(1)
	r.Reason = cut(r.Reason, maxReason)
	if s.opts.Rejected != nil {
		s.opts.Rejected(r)
	}
}

// acknowledged is the last offset whose predecessors and itself the cluster has.
func (s *Store) acknowledged() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.acked()
}

// acked is acknowledged with s.mu held.
func (s *Store) acked() uint64 {
	last := s.appended
	for _, c := range s.flying {
		last = min(last, c.first-1)
	}
	for _, c := range s.queue {
		last = min(last, c.first-1)
	}
	if s.open != nil {
		last = min(last, s.open.first-1)
	}
	return last
}

// drain waits until all that was appended is acknowledged. It does not wait for a cluster that refuses.
func (s *Store) drain(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer context.AfterFunc(ctx, func() { s.mu.Lock(); s.changed.Broadcast(); s.mu.Unlock() })()
	target := s.appended
	for s.acked() < target {
		switch {
		case s.closed:
			return store.ErrClosed
		case ctx.Err() != nil:
			return ctx.Err()
		case s.failing() != nil:
			return s.failing()
		}
		if !s.urgent {
			s.urgent = true
			s.changed.Broadcast()
		}
		s.changed.Wait()
	}
	return nil
}

// sender sends chunk after chunk.
func (s *Store) sender() {
	defer s.done.Done()
	for {
		c := s.next()
		if c == nil {
			return
		}
		began := time.Now()
		sent := s.deliver(c)
		s.mu.Lock()
		for i, f := range s.flying {
			if f == c {
				s.flying = append(s.flying[:i], s.flying[i+1:]...)
				break
			}
		}
		if sent {
			s.bytes -= int64(len(c.buf))
			s.docs -= int64(len(c.docs))
			if c.tries == 0 { // else the transport may still read it
				c.buf, c.docs = c.buf[:0], c.docs[:0]
				s.spare = c
			}
			s.flushTime.Store(int64(time.Since(began)))
			s.flushed.Store(time.Now().UnixNano())
		} else {
			s.queue = append([]*chunk{c}, s.queue...) // the store closes
		}
		s.changed.Broadcast()
		s.mu.Unlock()
		if !sent {
			return
		}
	}
}

// next waits for a chunk that is full, old, or waited for; nil when the store closes.
func (s *Store) next() *chunk {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		if s.closed {
			return nil
		}
		if len(s.queue) == 0 && s.open != nil && !s.open.busy {
			left := s.opts.Linger - time.Since(s.open.born)
			if s.urgent || left <= 0 {
				s.queue, s.open, s.urgent = append(s.queue, s.open), nil, false
			} else {
				wake := time.AfterFunc(left, func() { s.mu.Lock(); s.changed.Broadcast(); s.mu.Unlock() })
				s.changed.Wait()
				wake.Stop()
				continue
			}
		}
		if len(s.queue) > 0 {
			c := s.queue[0]
			s.queue = s.queue[1:]
			s.flying = append(s.flying, c)
			return c
		}
		if s.open == nil {
			s.urgent = false
		}
		s.changed.Wait()
	}
}

// deliver sends a chunk until every document is kept or rejected; false when the store closes.
func (s *Store) deliver(c *chunk) bool {
	todo := []*chunk{{buf: c.buf, docs: c.docs, first: c.first}}
	pause := firstPause
	for len(todo) > 0 {
		again, err := s.bulk(todo[0])
		if err != nil {
			c.tries++
		}
		if s.ctx.Err() != nil && err != nil {
			return false
		}
		if err == nil {
			todo, pause = todo[1:], firstPause
			s.note(&c.err, nil)
			continue
		}
		if isStatus(err, http.StatusRequestEntityTooLarge) {
			todo = append(s.split(todo[0], err), todo[1:]...)
			continue
		}
		if again != nil {
			todo[0] = again
		}
		s.note(&c.err, err) // whatever becomes of other chunks
		select {
		case <-s.ctx.Done():
			return false
		case <-time.After(pause/2 + rand.N(pause/2)):
		}
		pause = min(2*pause, mostPause)
	}
	return true
}

// split halves a chunk that is too large for the cluster; a single document is rejected.
func (s *Store) split(c *chunk, err error) []*chunk {
	if len(c.docs) == 1 {
		d := c.docs[0]
		s.rejectDocument(c, d, err)
		return nil
	}
	half := len(c.docs) / 2
	return []*chunk{{buf: c.buf, docs: c.docs[:half], first: c.first}, {buf: c.buf, docs: c.docs[half:], first: c.first}}
}

type bulkAnswer struct {
	Errors bool `json:"errors"`
	Items  []map[string]struct {
		Status int             `json:"status"`
		Result string          `json:"result"`
		Error  json.RawMessage `json:"error"`
	} `json:"items"`
}

// What of the answer to a bulk is wanted. Whether a document is new matters only where it may have been sent before.
const (
	bulkPath   = "/_bulk?filter_path=errors,items.*.status,items.*.error"
	replayPath = bulkPath + ",items.*.result"
)

// allKept begins an answer that tells of no failure.
var allKept = []byte(`{"errors":false`)

// readBulk has an answer for each document of a chunk.
func (s *Store) readBulk(answer []byte, c *chunk) (*bulkAnswer, error) {
	a := &bulkAnswer{}
	if err := s.client.decode(answer, "a bulk", a); err != nil {
		return nil, err
	}
	if len(a.Items) != len(c.docs) {
		return nil, fmt.Errorf("%s answers %d of %d documents", s.product(), len(a.Items), len(c.docs))
	}
	return a, nil
}

// bulk sends a chunk once. With an error, the chunk returned holds what is to be sent again; nil means all.
func (s *Store) bulk(c *chunk) (again *chunk, err error) {
	if len(c.docs) == 0 {
		return nil, nil //nolint:nilnil // nothing again
	}
	replay := c.first <= s.resent.Load() // what is there already is counted
	path := bulkPath
	if replay {
		path = replayPath
	}
	body := c.buf[c.docs[0].begin:c.docs[len(c.docs)-1].end]
	arrived := s.departs(len(body))
	answer, err := s.client.call(s.ctx, http.MethodPost, path+"&timeout="+s.patience(), "application/x-ndjson", body)
	arrived()
	if err != nil {
		return nil, err
	}
	if !replay && bytes.HasPrefix(answer, allKept) {
		s.kept(c.docs)
		return nil, nil //nolint:nilnil // nothing again
	}
	a, err := s.readBulk(answer, c)
	if err != nil {
		return nil, err
	}
	again = &chunk{first: c.first, tries: c.tries}
	for i, d := range c.docs {
		item := a.Items[i]["index"]
		if item.Status < 300 {
			if !replay || item.Result == "created" {
				s.kept(c.docs[i : i+1])
			}
			continue
		}
		e := s.itemError(item.Status, item.Error)
		var why error = e
		switch {
		case item.Status == http.StatusNotFound:
			if cerr := s.createIndex(s.ctx, d.index); cerr != nil {
				why = errors.Join(e, cerr)
			}
		case e.ofIndex(): // another document would fare no better
		case item.Status == http.StatusBadRequest || item.Status == http.StatusRequestEntityTooLarge || item.Status == http.StatusConflict:
			s.rejectDocument(c, d, e)
			continue
		}
		again.add(c.buf, d)
		err = why
	}
	return again, err
}

// kept counts new documents.
func (s *Store) kept(docs []document) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range docs {
		d.index.docs++
		d.index.raw += int64(d.raw)
	}
}

func (s *Store) itemError(status int, raw json.RawMessage) *Error {
	e := &Error{Product: s.product().String(), Status: status}
	var c errorCause
	if json.Unmarshal(raw, &c) == nil {
		d := c.deepest()
		e.Type, e.Reason = c.Type, cut(c.Reason, maxReason/4)
		if d != &c && d.Reason != c.Reason {
			e.Reason += ": " + d.Reason
		}
	}
	return e
}
