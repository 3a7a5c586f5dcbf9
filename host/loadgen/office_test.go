package loadgen_test

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/loadgen"
	"github.com/logcenter/logcenter/sdk/rule"
)

func TestOffice(t *testing.T) {
	days := func(seed uint64) (list []loadgen.Written) {
		for w := range loadgen.Office(loadgen.OfficeOptions{Seed: seed, Days: 2}) {
			list = append(list, w)
		}
		return list
	}
	list := days(1)
	assert.True(t, reflect.DeepEqual(list, days(1)), "the same seed makes the same days")
	assert.False(t, reflect.DeepEqual(list, days(2)))
	require.Greater(t, len(list), 50_000)
	last, senders, all := time.Time{}, map[string]bool{}, bytes.Buffer{}
	for _, w := range list {
		senders[w.Sender] = true
		if day := list[0].At.Add(24 * time.Hour); w.At.Before(day) {
			require.False(t, w.At.Before(last), "in the order of time")
			last = w.At
		}
		all.Write(w.Line)
	}
	for _, name := range []string{"{user}", "{client}", "{server}", "{outside}", "{home}", "{app}", "{port}", "{k}", "{n", "{time", "{unix", "{admin}"} {
		assert.False(t, bytes.Contains(all.Bytes(), []byte(name)), "%s is left in a line", name)
	}
	assert.Greater(t, len(senders), 15)
	n := 0
	for range loadgen.Office(loadgen.OfficeOptions{Days: 30}) {
		if n++; n == 3 {
			break // who has enough gets no more
		}
	}
}

func TestScript(t *testing.T) {
	long, short := 2*time.Minute, time.Minute
	rules := []*rule.Rule{
		{ID: "a", Examples: []rule.Example{
			{Name: "fires", Alerts: 1, Events: []rule.ExampleEvent{{Line: "first {n}", Times: 2, Every: long}}},
			{Name: "does not", Events: []rule.ExampleEvent{{Line: "never", Times: 1}}},
		}},
		{ID: "b", Examples: []rule.Example{{Name: "fires", Alerts: 1, Events: []rule.ExampleEvent{{At: &short, Line: "second", Times: 1}}}}},
		{ID: "c", Examples: []rule.Example{{Name: "at night", Start: "2026-10-13T03:00:00+08:00", Alerts: 1, Events: []rule.ExampleEvent{{Line: "late", Times: 1}}}}},
		{ID: "d", Examples: []rule.Example{{Name: "fields", Alerts: 1, Events: []rule.ExampleEvent{{Fields: map[string]any{"x": "y"}, Times: 1}}}}},
		{ID: "e", Examples: []rule.Example{{Name: "both", Alerts: 1, Events: []rule.ExampleEvent{{Fields: map[string]any{"x": "y"}, Times: 1}, {Line: "fifth", Times: 1}}}}},
	}
	start := time.Date(2026, 11, 2, 10, 0, 0, 0, time.UTC) // a Monday
	list, told := loadgen.Script(rules, start)
	var got []string
	for _, w := range list {
		text := string(w.Line)
		if w.Fields != nil {
			text = fmt.Sprint(w.Fields)
		}
		got = append(got, w.At.Sub(start).String()+" "+text)
	}
	assert.Equal(t, "0s first 1, 0s map[x:y], 0s fifth, 1m0s second, 2m0s first 2, 17h0m0s late", strings.Join(got, ", "))
	assert.Equal(t, map[string]loadgen.Told{"a": {Lines: 2}, "b": {Lines: 1}, "c": {Lines: 1}, "d": {Fields: 1}, "e": {Lines: 1}}, told)
}
