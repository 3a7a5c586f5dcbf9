package main

import (
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// ticked is a stream whose ticks come where luck has them, and tell what is true: what comes behind one is newer.
func (s stream) ticked(rnd *rand.Rand, share float64, batch int) stream {
	ticks, coming := map[int]time.Duration{}, s.ticks[len(s.events)]
	ticks[len(s.events)] = coming
	for n := len(s.events) - 1; n > 0; n-- {
		if coming = min(coming, s.events[n].at); rnd.Float64() < share {
			ticks[n] = coming - 1
		}
	}
	return stream{s.events, ticks, batch, nil}
}

// TestBatchesAndTicksDoNotMatter: whatever batches the same events come in, in the same order, and wherever time is told
// between them, the same alerts are raised and told to be over. Events are late by less than how long ticks wait.
func TestBatchesAndTicksDoNotMatter(t *testing.T) {
	streams := 12
	if os.Getenv("LOGCENTER_LONG") != "" {
		streams = 500
	}
	for name, of := range allTrials() {
		t.Run(name, func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(3, hash([]byte(name))))
			fired, streams := 0, streams
			few := 0.0
			if name == "deviation" { // they are weeks, of which it can remember five without a tick
				few, streams = 0.05, streams/4
			}
			for range streams {
				tr, s := draw(rnd, of)
				each := sorted(watch(t, New, tr, s.ticked(rnd, 1, 1), rnd))
				for _, other := range []stream{s.ticked(rnd, few, 1), s.ticked(rnd, few, 1000), s.ticked(rnd, 0.1, 30), s.ticked(rnd, 0.3, 5)} {
					require.Equal(t, each, sorted(watch(t, New, tr, other, rnd)), "rule %v over %+v with ticks %v", tr.rule, s.events, other.ticks)
				}
				if len(each) > 0 {
					fired++
				}
			}
			require.Greater(t, fired, streams/10, "streams that raise something")
		})
	}
}
