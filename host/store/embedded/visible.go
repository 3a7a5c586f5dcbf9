package embedded

import (
	"context"
	"slices"
	"time"
)

// visible is a snapshot of what searches show: without the partitions whose online time is over. It must be released.
func (s *Store) visible(ctx context.Context) (*snapshot, error) {
	if s.opts.OldestOnline == nil {
		return s.snapshot()
	}
	if s.late() {
		// Only a flush tells which partitions the tail's events belong to.
		if err := s.Flush(ctx); err != nil {
			return nil, err
		}
	}
	p, err := s.snapshot()
	if err != nil {
		return nil, err
	}
	for i, e := range p.tail { // they came since; the snapshot is of the moment before
		if e.late() {
			p.tail, p.offset = p.tail[:i], min(p.offset, e.offset-1)
			break
		}
	}
	p.hide(s.opts.OldestOnline)
	return p, nil
}

// lateAfter is how old events in the tail may be without a look at their class: no class is online for less.
const lateAfter = 24 * time.Hour

func (e *entry) late() bool { return e.minIngested < time.Now().Add(-lateAfter).UnixNano() }

// late says whether events in the tail may be past their online time already: the store catches up.
func (s *Store) late() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.ContainsFunc(s.tail, (*entry).late)
}

// hide leaves out segments of days before the first one of their class that is online.
func (p *snapshot) hide(oldest func(class string) string) {
	first := map[string]string{}
	p.segments = slices.DeleteFunc(p.segments, func(g *segment) bool {
		if g.Restored != "" {
			return false // it goes when it expires
		}
		day, ok := first[g.Class]
		if !ok {
			day = oldest(g.Class)
			first[g.Class] = day
		}
		if g.Day >= day {
			return false
		}
		g.release()
		return true
	})
}
