// Package tail hands events to those who follow, as they are finished: the same matcher as everywhere,
// over the batches that the store gets.
package tail

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/sdk/query"
	"github.com/logcenter/logcenter/sdk/wire"
)

// Hub is where batches come in and followers subscribe. The zero value is ready; safe for concurrent use.
type Hub struct {
	mu        sync.Mutex
	followers map[*follower]struct{}
	closed    bool
}

// Bounds of one follower: what it cannot take is dropped and counted.
const (
	waitingBatches = 64
	eventsAtOnce   = 1000
)

type follower struct {
	matcher *query.Matcher
	events  chan []store.Event
	dropped atomic.Uint64
	bits    []uint64
}

// Subscribe delivers the events that n selects within the scope, until ctx is done or the hub closes, which
// closes the channel. A slow reader loses events; dropped says how many since the start.
func (h *Hub) Subscribe(ctx context.Context, n query.Node, s store.Scope) (<-chan []store.Event, func() uint64, error) {
	f := &follower{events: make(chan []store.Event, waitingBatches)}
	if n = s.Narrow(n); n != nil { // nil: the scope sees nothing, and so does the follower
		m, err := query.Compile(n, query.Options{})
		if err != nil {
			return nil, nil, err
		}
		f.matcher = m
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		close(f.events)
		return f.events, f.dropped.Load, nil
	}
	if h.followers == nil {
		h.followers = map[*follower]struct{}{}
	}
	h.followers[f] = struct{}{}
	context.AfterFunc(ctx, func() { h.leave(f) })
	return f.events, f.dropped.Load, nil
}

func (h *Hub) leave(f *follower) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, ok := h.followers[f]; ok {
		delete(h.followers, f)
		close(f.events)
	}
}

// Publish offers a finished batch to all followers; it never waits for one.
func (h *Hub) Publish(b *wire.Batch) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for f := range h.followers {
		f.offer(b)
	}
}

func (f *follower) offer(b *wire.Batch) {
	if f.matcher == nil || b.Rows == 0 {
		return
	}
	f.bits = f.matcher.Match(b, f.bits)
	var out []store.Event
	for row := range int(b.Rows) {
		if f.bits[row>>6]>>(row&63)&1 == 0 {
			continue
		}
		if len(out) == eventsAtOnce {
			f.dropped.Add(1)
			continue
		}
		out = append(out, store.EventAt(b, row))
	}
	if len(out) == 0 {
		return
	}
	select {
	case f.events <- out:
	default:
		f.dropped.Add(uint64(len(out)))
	}
}

// Close ends all subscriptions.
func (h *Hub) Close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	for f := range h.followers {
		delete(h.followers, f)
		close(f.events)
	}
}
