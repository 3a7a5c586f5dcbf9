package main

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// TestClockOfQueries: relative dates are relative to the events, so that a replay decides as the first run did.
func TestClockOfQueries(t *testing.T) {
	r := newRun(t, `{"rules":[{"id":"r","name":"R","query":"event.outcome:failure AND @timestamp:>now-1d","threshold":1}]}`)
	// Lines are received 24 hours behind start.
	r.send(login{-time.Minute, "192.0.2.1"}, login{-time.Second, "192.0.2.1"})
	assert.Empty(t, r.alerts, "older than a day when they were received")
	r.send(login{time.Minute, "192.0.2.1"}, login{time.Minute + 1, "192.0.2.1"})
	assert.Len(t, r.alerts, 1)
}

// TestEvidenceIsBounded: an alert of many events carries the ids of the newest hundred.
func TestEvidenceIsBounded(t *testing.T) {
	r := newRun(t, `{"rules":[{"id":"r","name":"R","query":"event.outcome:failure","threshold":149}]}`)
	for i := range 150 {
		r.send(login{time.Duration(i) * time.Second, fmt.Sprintf("192.0.2.%d", i)})
	}
	if assert.Len(t, r.alerts, 1) {
		assert.EqualValues(t, 150, r.alerts[0].Count)
		assert.Len(t, r.alerts[0].EventIDs, 100)
		assert.Equal(t, "journal-3-0-149", r.alerts[0].EventIDs[99])
	}
}
