package main

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// TestTheDemoIsCalm: an hour of the demo has something to see, and no more than people can read.
func TestTheDemoIsCalm(t *testing.T) {
	for seed := range uint64(5) {
		d := newDemo(seed, time.Now().Add(-demoHistory), demoLines/demoHistory.Seconds())
		var broken, severe int
		for range demoLines {
			line := d.next(nil)
			if bytes.Contains(line, []byte("%%FW/ENV/0/")) || bytes.Contains(line, []byte("%%FW/HA/1/")) {
				broken++
			}
			if bytes.Contains(line, []byte("danger_degree:3;breaking_sighn:0")) {
				severe++
			}
		}
		assert.GreaterOrEqual(t, broken, 1)
		assert.LessOrEqual(t, broken, 2)
		assert.GreaterOrEqual(t, severe, 1)
		assert.LessOrEqual(t, severe, 40)
	}
}
