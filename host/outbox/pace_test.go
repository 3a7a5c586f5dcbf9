package outbox_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/outbox"
	"github.com/logcenter/logcenter/host/plugin"
)

func TestRateIsRead(t *testing.T) {
	for text, want := range map[string]outbox.Rate{
		"5/s": {Count: 5, Per: time.Second}, "60/m": {Count: 60, Per: time.Minute}, " 1/h ": {Count: 1, Per: time.Hour},
	} {
		var r outbox.Rate
		require.NoError(t, r.UnmarshalText([]byte(text)), text)
		assert.Equal(t, want, r, text)
	}
	for _, text := range []string{"", "5", "5/", "/m", "0/m", "-1/m", "5/d", "5/min", "5.5/m", "99999999/s"} {
		var r outbox.Rate
		require.ErrorContains(t, r.UnmarshalText([]byte(text)), "e.g. 60/m", text)
	}
}

func TestRateHolds(t *testing.T) {
	clock := newClock()
	o := newOffice(t, func(o *office, p map[string]plugin.Settings) {
		p["one"], p["two"] = o.notifier("one"), o.notifier("two")
		o.o.Now = clock.now
		o.o.Settings.Channels = map[string]outbox.Pace{"one": {Rate: outbox.Rate{Count: 6, Per: time.Minute}, Burst: 3}}
	})
	list, ids := alerts(10)
	o.add(list...)
	o.eventually("the other channel", func() bool { return len(o.told("two")) == 10 })
	o.eventually("the burst", func() bool { return len(o.told("one")) == 3 })
	o.eventually("the pause", func() bool { return o.state("one").State == "paused" })
	assert.Equal(t, "for its rate", o.state("one").Reason)
	for n := 4; n <= 10; n++ {
		clock.advance(9 * time.Second)
		o.look()
		assert.Len(t, o.told("one"), n-1)
		clock.advance(time.Second)
		o.look()
		o.eventually("one every ten seconds", func() bool { return len(o.told("one")) == n })
	}
	assert.Equal(t, ids, o.told("one"))
}

func TestQuietHours(t *testing.T) {
	shanghai := time.FixedZone("CST", 8*3600)
	clock := newClock() // 20:00 on a Monday in Shanghai
	o := newOffice(t, func(o *office, p map[string]plugin.Settings) {
		p["one"] = o.notifier("one")
		o.o.Now = clock.now
		o.o.Settings.Channels = map[string]outbox.Pace{"one": {
			Through: []string{"Fatal"},
			Quiet:   []outbox.Quiet{{Days: []time.Weekday{time.Monday}, From: 22 * time.Hour, To: 7 * time.Hour, Location: shanghai}},
		}}
	})
	n := 0
	at := func(hours float64, wait bool) {
		t.Helper()
		clock.advance(time.Duration(hours * float64(time.Hour)))
		n++
		o.add(alert(time.Duration(n).String()))
		if wait {
			o.settled()
		}
	}
	at(0, true)
	assert.Equal(t, []string{"1ns"}, o.told("one"))
	at(2, false) // 22:00
	at(8, false) // 06:00 on Tuesday
	fatal := alert("fatal")
	fatal.Severity = "Fatal"
	o.add(fatal)
	o.eventually("what is grave goes through", func() bool { return len(o.told("one")) == 2 })
	assert.Equal(t, []string{"1ns", "fatal"}, o.told("one"))
	assert.Equal(t, "quiet", o.state("one").State)
	at(1, true) // 07:00
	assert.Equal(t, []string{"1ns", "fatal", "2ns", "3ns", "4ns"}, o.told("one"))
	at(15.5, true) // 22:30, Tuesday's evening is not quiet
	assert.Len(t, o.told("one"), 6)
}
