package loadgen_test

import (
	"bytes"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/loadgen"
)

// TestTheDemoIsCalm: an hour of the demo has something to see of every device, and no more than people can read.
func TestTheDemoIsCalm(t *testing.T) {
	const lines = 20000
	for seed := range uint64(5) {
		d := loadgen.NewDemo(seed, time.Now().Add(-time.Hour), lines/time.Hour.Seconds())
		var broken, changed, severe, waf, stopped int
		for range lines {
			line := d.Next(nil)
			is := func(mark string) bool { return bytes.Contains(line, []byte(mark)) }
			if is("%%FW/ENV/0/") || is("%%FW/HA/1/") {
				broken++
			}
			if is("%%FW/CONFIG/") { // by night and on days off each is an alert
				changed++
			}
			if is("danger_degree:3;breaking_sighn:0") {
				severe++
			}
			if is(` ASM:unit_hostname="`) {
				waf++
			}
			if is(`request_status="blocked"`) {
				stopped++
			}
		}
		assert.GreaterOrEqual(t, broken, 1)
		assert.LessOrEqual(t, broken, 2)
		assert.GreaterOrEqual(t, changed, 1)
		assert.LessOrEqual(t, changed, 5)
		assert.GreaterOrEqual(t, severe, 1)
		assert.LessOrEqual(t, severe, 40)
		assert.GreaterOrEqual(t, waf, 200)
		assert.LessOrEqual(t, waf, 600)
		assert.GreaterOrEqual(t, stopped, 30)

		names := map[string]int{}
		for _, a := range d.Attacks() {
			names[a.Name] += a.Lines
			assert.True(t, a.From.IsValid())
			assert.False(t, a.Last.Before(a.First))
		}
		assert.Equal(t, lines/1600, names["slow sql injection"])
		assert.GreaterOrEqual(t, len(names), 3, "an attack on the network and one on web servers beside the slow one: %v", names)
		assert.LessOrEqual(t, len(d.Attacks()), 8)
	}
}

var asm = regexp.MustCompile(`^<13[14]>[A-Z][a-z][a-z] [ \d]\d \d\d:\d\d:\d\d waf-01\.bank\.example ASM:unit_hostname="[^"]+"(,[a-z0-9_]+="[^"]*")+$`)

// A WAF is in front of the web servers: these do not see what it stops.
func TestWAF(t *testing.T) {
	actions := map[string]int{}
	refused := 0
	for _, l := range collect(loadgen.Options{Seed: 3, Attacks: 0.2, Malformed: -1, Mix: loadgen.Mix{Web: 50, WAF: 50}}, 20_000) {
		if l.Format != loadgen.WAF {
			if l.Attack != "" && bytes.Contains([]byte(l.text), []byte(`HTTP/1.1" 403`)) {
				refused++
			}
			continue
		}
		require.Regexp(t, asm, l.text)
		require.Less(t, len(l.text), 1500)
		action := regexp.MustCompile(`request_status="(\w+)"`).FindStringSubmatch(l.text)[1]
		if l.Attack != "" {
			action += " attack"
			require.Contains(t, l.text, `,ip_client="`+l.Attacker.String()+`"`)
		}
		actions[action]++
	}
	for _, a := range []string{"passed", "alerted", "blocked", "alerted attack", "blocked attack"} {
		assert.Positive(t, actions[a], a)
	}
	assert.Zero(t, actions["passed attack"])
	assert.Zero(t, refused, "a web server has refused what the WAF had stopped")
}
