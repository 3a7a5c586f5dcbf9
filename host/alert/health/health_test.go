package health_test

import (
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/alert/health"
	"github.com/logcenter/logcenter/sdk/wire"
)

func TestCountsAddUpOverProcesses(t *testing.T) {
	now := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	h := health.New(func() time.Time { return now })
	say := func(generation, matched, cost uint64) {
		h.Report("correlation", generation, []*wire.RuleStat{
			{Rule: "a", Matched: matched, CostNs: cost, Groups: 3, LastMatchNs: now.Add(-time.Minute).UnixNano()}, {Rule: "b", CostNs: 100},
		})
	}
	say(1, 10, 300)
	say(1, 15, 300)
	say(2, 4, 0) // a fresh process
	say(2, 6, 0)
	rules := h.Rules()
	require.Len(t, rules, 2)
	assert.EqualValues(t, 21, rules[0].Matched)
	assert.EqualValues(t, 3, rules[0].Groups)
	assert.Equal(t, now.Add(-time.Minute), rules[0].LastMatch)
	assert.Equal(t, now, rules[0].LastRun)
	assert.InDelta(t, 0.6, rules[0].Share, 1e-9)
	assert.Zero(t, rules[1].LastAlert)
}

// TestNamesAreKept: what a reply says lies in its memory, which is used again.
func TestNamesAreKept(t *testing.T) {
	h := health.New(time.Now)
	memory := []byte("rule-one")
	name := unsafe.String(&memory[0], len(memory))
	h.Report("correlation", 1, []*wire.RuleStat{{Rule: name}})
	h.Raised(name)
	copy(memory, "xxxxxxxx")
	require.Len(t, h.Rules(), 1)
	assert.Equal(t, "rule-one", h.Rules()[0].ID)
	assert.False(t, h.Rules()[0].LastAlert.IsZero())
}

func TestAlertsADayAreThoseOfAWeek(t *testing.T) {
	now := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	h := health.New(func() time.Time { return now })
	for range 24 {
		h.Raised("a")
	}
	assert.InDelta(t, 24*24, h.Rules()[0].PerDay, 1e-9, "an hour is the least that is known of")
	now = now.Add(4 * 24 * time.Hour)
	h.Raised("a")
	assert.InDelta(t, 25.0/4, h.Rules()[0].PerDay, 1e-9)
	assert.Equal(t, now, h.Rules()[0].LastAlert)
	now = now.Add(6 * 24 * time.Hour)
	assert.InDelta(t, 1.0/7, h.Rules()[0].PerDay, 1e-9)
	now = now.Add(30 * 24 * time.Hour)
	assert.Zero(t, h.Rules()[0].PerDay)
}

func TestRulesAreBounded(t *testing.T) {
	h := health.New(nil)
	stats := make([]*wire.RuleStat, health.MostRules+10)
	for i := range stats {
		stats[i] = &wire.RuleStat{Rule: time.Duration(i).String()}
	}
	h.Report("liar", 1, stats)
	assert.Len(t, h.Rules(), health.MostRules)
	(*health.Tracker)(nil).Report("liar", 1, stats)
	assert.Empty(t, (*health.Tracker)(nil).Rules())
}
