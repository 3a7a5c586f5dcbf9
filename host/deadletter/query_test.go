package deadletter_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/deadletter"
	"github.com/logcenter/logcenter/sdk/query"
)

var noon = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

// few is a list of letters of all kinds. Records from before noon are gone from the hold.
func few(t *testing.T) *deadletter.List {
	t.Helper()
	l, err := deadletter.Open(filepath.Join(t.TempDir(), "letters.ndjson"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.Close()) })
	l.Holds = func(at time.Time) bool { return !at.Before(noon) }
	require.NoError(t, l.Add([]deadletter.Letter{
		{
			EventID: "a-1", Time: noon.Add(-time.Hour), Stage: "parser", Plugin: "acmefw", Version: "1.2.0", Reason: "poison", Input: "syslog",
			Message: "the parser does not survive this line", Text: "login port=22 KILL password=******", Address: "192.0.2.1:514", Host: "fw01", Held: noon.Add(-time.Hour),
		},
		{
			EventID: "a-2", Time: noon, Stage: "parser", Plugin: "acmefw", Version: "1.3.0", Reason: "dead_letter", Input: "syslog",
			Message: "no use: permanent", Text: "logout port=80", Address: "[2001:db8::1]:514", Held: noon,
		},
		{EventID: "a-3", Time: noon.Add(time.Hour), Stage: "masker", Plugin: "masking", Version: "2.0", Reason: "withheld", Input: "http", Message: "timeout", Held: noon},
		{EventID: "a-4", Time: noon.Add(2 * time.Hour), Stage: "store", Reason: "rejected", Input: "http", Text: "登录失败 user=张三", Address: "/run/log.sock"},
	}))
	require.NoError(t, l.MarkRedriven([]string{"a-3"}, noon.Add(3*time.Hour)))
	return l
}

func TestQuery(t *testing.T) {
	l := few(t)
	f := func(text string, want ...string) {
		t.Helper()
		assert.Equal(t, want, ids(l.Select(deadletter.Filter{Query: parse(t, text)})), text)
	}
	f("*", "a-1", "a-2", "a-3", "a-4")
	f("plugin:acmefw AND reason:poison AND version:1.2*", "a-1")
	f("plugin:acmefw AND NOT version:1.2*", "a-2")
	f("reason:(poison OR rejected)", "a-1", "a-4")
	f("id:a-3", "a-3")
	f("_exists_:plugin AND stage:masker", "a-3")
	f("NOT _exists_:plugin", "a-4")
	f("KILL", "a-1")
	f("survive", "a-1")
	f(`"not survive this"`, "a-1")
	f("text:survive")
	f("text:log*", "a-1", "a-2")
	f("登录失败", "a-4")
	f("device:fw01", "a-1")
	f("device:192.0.2.1", "a-1")
	f(`device:"2001:db8::1"`, "a-2")
	f("device:/run.*/", "a-4")
	f("state:held", "a-2")
	f("state:not_held", "a-1", "a-4")
	f("state:redriven", "a-3")
	f("time:2026-11-25 AND input:http", "a-3", "a-4")
	f(`time:["2026-11-25 12:00:00" TO "2026-11-25 13:30:00"]`, "a-2", "a-3")
	f("plugin:nobody")
}

func TestQueryInAZone(t *testing.T) {
	l := few(t)
	q, _, err := deadletter.ParseQuery(`time:>="2026-11-25 21:00:00"`, time.FixedZone("", 8*3600)) // 13:00 UTC
	require.NoError(t, err)
	assert.Equal(t, []string{"a-3", "a-4"}, ids(l.Select(deadletter.Filter{Query: q})))
}

func TestQueriesThatAreWrong(t *testing.T) {
	f := func(text, message, place string) {
		t.Helper()
		_, _, err := deadletter.ParseQuery(text, nil)
		var wrong *query.Error
		require.ErrorAs(t, err, &wrong, text)
		assert.Contains(t, wrong.Error(), message, text)
		assert.Equal(t, place, text[wrong.Pos.Start:wrong.Pos.End], text)
	}
	f("plugin:x AND plugn:y", "dead letters have no field plugn", "plugn")
	f("host.name:x", "they have id, stage, plugin", "host.name")
	f("time:soon", "soon", "time:soon")
	_, notices, err := deadletter.ParseQuery("plugin:x and stage:parser", nil)
	require.NoError(t, err)
	assert.NotEmpty(t, notices)
}

func TestCountBy(t *testing.T) {
	l := few(t)
	f := func(text, by string, want ...string) {
		t.Helper()
		var got []string
		for _, c := range l.CountBy(deadletter.Filter{Query: parse(t, text)}, strings.Split(by, ",")) {
			got = append(got, fmt.Sprintf("%s: %d, %d held, %s to %s", strings.Join(c.Values, " "), c.Letters, c.Held, c.First.Format("15:04"), c.Last.Format("15:04")))
		}
		assert.Equal(t, want, got)
	}
	f("*", "plugin", "acmefw: 2, 1 held, 11:00 to 12:00", ": 1, 0 held, 14:00 to 14:00", "masking: 1, 0 held, 13:00 to 13:00")
	f("plugin:acmefw", "version,reason,device", "1.2.0 poison fw01: 1, 0 held, 11:00 to 11:00", "1.3.0 dead_letter 2001:db8::1: 1, 1 held, 12:00 to 12:00")
	f("*", "state", "not_held: 2, 0 held, 11:00 to 14:00", "held: 1, 1 held, 12:00 to 12:00", "redriven: 1, 0 held, 13:00 to 13:00")
	f("plugin:nobody", "plugin")
}

// Pages of a query are the same letters, whatever comes and goes between them, and each is there once.
func TestPagesOfAQuery(t *testing.T) {
	l, err := deadletter.Open(filepath.Join(t.TempDir(), "letters.ndjson"))
	require.NoError(t, err)
	defer l.Close()
	ds := letters(0, 3000)
	for i := range ds {
		ds[i].Version = fmt.Sprint(i % 3)
	}
	require.NoError(t, l.Add(ds))
	var got []string
	q, cursor := parse(t, "version:1"), ""
	for {
		page, next, ok := l.Page(deadletter.Filter{Query: q}, cursor, 300)
		require.True(t, ok)
		got = append(got, ids(page)...)
		if cursor = next; cursor == "" {
			break
		}
		require.NoError(t, l.Add(letters(len(got)+5000, len(got)+5001))) // newer ones
	}
	require.Len(t, got, 1000)
	require.Equal(t, "e-2998", got[0])
	require.Equal(t, "e-1", got[999])
}

func BenchmarkQuery(b *testing.B) {
	l, err := deadletter.Open(filepath.Join(b.TempDir(), "letters.ndjson"))
	require.NoError(b, err)
	defer l.Close()
	ds := letters(0, deadletter.MaxLetters)
	for i := range ds {
		ds[i].Text = strings.Repeat("login port=22 password=****** ", 10)
	}
	require.NoError(b, l.Add(ds))
	q, _, err := deadletter.ParseQuery("plugin:dptech AND nowhere", nil)
	require.NoError(b, err)
	for b.Loop() {
		if ds := l.Select(deadletter.Filter{Query: q}); len(ds) > 0 {
			b.Fatal(len(ds))
		}
	}
}
