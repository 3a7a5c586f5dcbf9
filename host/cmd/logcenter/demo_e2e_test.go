package main_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/sdk/client"
)

// The demo's hour ends now, has a WAF in it, and alerts with verdicts that are true.
func TestTheDemoIsJudged(t *testing.T) {
	t.Parallel()
	begun := time.Now().UTC()
	h := newHost(t, onlyPlugins(t, "dptech", "nsfocus", "nginx", "f5", "masking", "correlation"))
	h.args = []string{"--demo"}
	h.start()
	rates := func() (sum client.AlertRate) {
		answer, err := h.client().AlertRates(t.Context(), "rule", client.At(begun.Add(-2*time.Hour)), "")
		if err != nil {
			return sum
		}
		for _, r := range answer {
			sum.Alerts += r.Alerts
			sum.TruePositives += r.TruePositives
			sum.FalsePositives += r.FalsePositives
			sum.Unjudged += r.Unjudged
			sum.Missed += r.Missed
		}
		return sum
	}
	h.waitFor("the verdicts", 2*time.Minute, func() bool { return rates().Missed > 0 }) // what the demo does last
	all := rates()
	assert.Positive(t, all.TruePositives)
	assert.Positive(t, all.FalsePositives)
	assert.Positive(t, all.Unjudged, "something is left to judge")
	assert.LessOrEqual(t, all.Alerts, int64(60), "alerts that people can read")

	page, err := h.client().Alerts(t.Context(), client.AlertFilter{Verdicts: []string{"true_positive"}})
	require.NoError(t, err)
	for _, a := range page.Alerts {
		detail, err := h.client().Alert(t.Context(), a.ID)
		require.NoError(t, err)
		assert.Contains(t, fmt.Sprint(detail), "The demo has woven in an attack from "+a.Keys["source.ip"])
	}
	assert.Greater(t, h.count("observer.type:waf AND event.type:denied"), int64(30))
	ahead, err := h.client().Aggregate(t.Context(), client.AggregateRequest{
		Selection: client.Selection{From: client.At(time.Now().Add(5 * time.Second)), To: client.At(time.Now().Add(time.Hour))}, Aggs: []client.Agg{{Kind: "count"}},
	})
	require.NoError(t, err)
	assert.Zero(t, ahead.Total, "lines of the demo are of the future")
}
