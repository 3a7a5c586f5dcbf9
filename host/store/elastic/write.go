package elastic

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/sdk/wire"
)

// chunk is the body of one bulk.
type chunk struct {
	buf   []byte
	docs  []document
	first uint64 // offset of its first document
	born  time.Time
	err   error // why it is not sent, while it flies; under Store.mu
}

// maxChunks bounds what waits, in bulks: Append waits then.
const maxChunks = 4

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
	entry := &chunk{}
	for _, b := range batches {
		if b.Rows == 0 {
			continue
		}
		e, err := newBatchEncoder(offset, b, s.product(), s.known())
		if err != nil {
			s.rejectBatch(offset, b, err)
			continue
		}
		if err := s.render(ctx, entry, e, offset); err != nil {
			return s.notTaken(ctx, err)
		}
	}
	return s.enqueue(ctx, offset, entry)
}

// notTaken notes why an entry was not taken, unless the caller gave up.
func (s *Store) notTaken(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		s.note(&s.appendErr, err)
	}
	return err
}

// render appends a batch's documents to a chunk.
func (s *Store) render(ctx context.Context, c *chunk, e *batchEncoder, offset uint64) error {
	at, ingested := e.times()
	targets := map[partitionKey]*generation{}
	for row := range int(e.batch.Rows) {
		key := partitionKey{
			class: s.opts.Classify(string(textOf(e.observer, row, e.message)), string(textOf(e.logType, row, e.message))).Name,
			day:   ingested[row] / dayNanos,
		}
		if ingested[row] < 0 && ingested[row]%dayNanos != 0 {
			key.day--
		}
		g := targets[key]
		if g == nil {
			var err error
			if g, err = s.target(ctx, key, offset); err != nil {
				return err
			}
			targets[key] = g
		}
		from := len(c.buf)
		c.buf = e.document(c.buf, row, at[row], offset, g.index)
		c.docs = append(c.docs, document{
			index: g, from: from, to: len(c.buf), offset: offset, source: e.source, row: row, raw: int64(len(e.message.Bytes(row))),
		})
	}
	return nil
}

// enqueue hands an entry's documents to the senders, in chunks of the size wanted.
func (s *Store) enqueue(ctx context.Context, offset uint64, entry *chunk) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer context.AfterFunc(ctx, func() { s.mu.Lock(); s.changed.Broadcast(); s.mu.Unlock() })()
	size := int64(len(entry.buf))
	for s.bytes > 0 && s.bytes+size > int64(maxChunks*s.opts.BulkBytes) {
		switch {
		case s.closed:
			return store.ErrClosed
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
	for _, d := range entry.docs {
		if s.open == nil {
			s.open = &chunk{first: offset, born: time.Now(), buf: make([]byte, 0, min(s.opts.BulkBytes+64<<10, len(entry.buf)+64<<10))}
		}
		s.open.add(entry.buf, d)
		if len(s.open.buf) >= s.opts.BulkBytes {
			s.queue, s.open = append(s.queue, s.open), nil
		}
	}
	s.bytes += size
	s.docs += int64(len(entry.docs))
	s.appended, s.appendErr = offset, nil
	s.changed.Broadcast()
	return nil
}

// add copies a document whose bytes lie in buf.
func (c *chunk) add(buf []byte, d document) {
	from := len(c.buf)
	c.buf = append(c.buf, buf[d.from:d.to]...)
	d.from, d.to = from, len(c.buf)
	c.docs = append(c.docs, d)
}

func (s *Store) rejectBatch(offset uint64, b *wire.Batch, err error) {
	src := store.EventID{Journal: b.Journal, Partition: b.Partition}.Source()
	for row := range int(b.Rows) {
		s.reject(store.Rejection{Offset: offset, Source: src, Row: row, Reason: err.Error()})
	}
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
		if len(s.queue) == 0 && s.open != nil {
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
		s.urgent = false
		s.changed.Wait()
	}
}

// deliver sends a chunk until every document is kept or rejected; false when the store closes.
func (s *Store) deliver(c *chunk) bool {
	todo := []*chunk{{buf: c.buf, docs: c.docs}}
	pause := firstPause
	for len(todo) > 0 {
		again, err := s.bulk(todo[0])
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
		s.reject(store.Rejection{Offset: d.offset, Source: d.source, Row: d.row, Reason: err.Error()})
		return nil
	}
	half := len(c.docs) / 2
	return []*chunk{{buf: c.buf, docs: c.docs[:half]}, {buf: c.buf, docs: c.docs[half:]}}
}

type bulkAnswer struct {
	Errors bool `json:"errors"`
	Items  []map[string]struct {
		Status int             `json:"status"`
		Result string          `json:"result"`
		Error  json.RawMessage `json:"error"`
	} `json:"items"`
}

// bulk sends a chunk once. With an error, the chunk returned holds what is to be sent again; nil means all.
func (s *Store) bulk(c *chunk) (again *chunk, err error) {
	if len(c.docs) == 0 {
		return nil, nil //nolint:nilnil // nothing again
	}
	var a bulkAnswer
	body := c.buf[c.docs[0].from:c.docs[len(c.docs)-1].to]
	path := "/_bulk?filter_path=errors,items.*.status,items.*.result,items.*.error&timeout=" + s.patience()
	if err := s.client.send(s.ctx, http.MethodPost, path, "application/x-ndjson", body, &a); err != nil {
		return nil, err
	}
	if len(a.Items) != len(c.docs) {
		return nil, fmt.Errorf("%s answers %d of %d documents", s.product(), len(a.Items), len(c.docs))
	}
	again = &chunk{}
	for i, d := range c.docs {
		item := a.Items[i]["index"]
		if item.Status < 300 {
			if item.Result == "created" {
				s.mu.Lock()
				d.index.docs++
				d.index.raw += d.raw
				s.mu.Unlock()
			}
			continue
		}
		var e error = s.itemError(item.Status, item.Error)
		switch {
		case item.Status == http.StatusNotFound:
			if cerr := s.createIndex(s.ctx, d.index); cerr != nil {
				e = errors.Join(e, cerr)
			}
		case item.Status == http.StatusBadRequest || item.Status == http.StatusRequestEntityTooLarge || item.Status == http.StatusConflict:
			s.reject(store.Rejection{Offset: d.offset, Source: d.source, Row: d.row, Reason: e.Error()})
			continue
		}
		again.add(c.buf, d)
		err = e
	}
	return again, err
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
