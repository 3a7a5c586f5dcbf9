package deadletter_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/deadletter"
)

func letters(from, to int) (ds []deadletter.Letter) {
	for i := from; i < to; i++ {
		ds = append(ds, deadletter.Letter{EventID: fmt.Sprint("e-", i), Plugin: []string{"nginx", "dptech"}[i%2], Reason: "dead_letter", Message: "bad", Text: fmt.Sprint("Line ", i)})
	}
	return ds
}

func ids(ds []deadletter.Letter) (s []string) {
	for _, d := range ds {
		s = append(s, d.EventID)
	}
	return s
}

func TestListSurvivesAndPages(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dead", "letters.ndjson")
	l, err := deadletter.Open(path)
	require.NoError(t, err)
	require.NoError(t, l.Add(letters(0, 5)))
	require.NoError(t, l.Add(letters(3, 7))) // a replay
	require.NoError(t, l.Close())

	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = f.WriteString(`{"event_id":"torn`)
	require.NoError(t, err)
	require.NoError(t, f.Close())

	l, err = deadletter.Open(path)
	require.NoError(t, err)
	page, next, ok := l.Page(deadletter.Filter{}, "", 4)
	require.True(t, ok)
	require.Equal(t, []string{"e-6", "e-5", "e-4", "e-3"}, ids(page))
	require.NoError(t, l.Add(letters(7, 9)))
	page, next, ok = l.Page(deadletter.Filter{}, next, 4)
	require.True(t, ok)
	require.Empty(t, next)
	require.Equal(t, []string{"e-2", "e-1", "e-0"}, ids(page))
	page, _, _ = l.Page(deadletter.Filter{Query: parse(t, `plugin:dptech AND "line 5"`)}, "", 10)
	require.Equal(t, []string{"e-5"}, ids(page))
	_, _, ok = l.Page(deadletter.Filter{}, "e-100", 1)
	require.False(t, ok)
}

func TestOldestGoFirst(t *testing.T) {
	l, err := deadletter.Open(filepath.Join(t.TempDir(), "letters.ndjson"))
	require.NoError(t, err)
	require.NoError(t, l.Add(letters(0, deadletter.MaxLetters)))
	require.NoError(t, l.Add(letters(deadletter.MaxLetters, deadletter.MaxLetters+10)))
	kept, added, dropped := l.Counts()
	require.Equal(t, deadletter.MaxLetters, kept)
	require.EqualValues(t, deadletter.MaxLetters+10, added)
	require.EqualValues(t, 10, dropped)
	_, _, ok := l.Page(deadletter.Filter{}, "e-3", 1)
	require.False(t, ok)
}

func TestRedrivenIsRemembered(t *testing.T) {
	path := filepath.Join(t.TempDir(), "letters.ndjson")
	l, err := deadletter.Open(path)
	require.NoError(t, err)
	require.NoError(t, l.Add(letters(0, 3)))
	at := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	require.NoError(t, l.MarkRedriven([]string{"e-1", "e-9"}, at))
	require.NoError(t, l.Add(letters(1, 2))) // a replay
	require.EqualValues(t, 1, l.Redriven())
	require.NoError(t, l.Close())

	for range 2 { // as it was written, and as Open brought it to what is kept
		l, err = deadletter.Open(path)
		require.NoError(t, err)
		got, unknown := l.Get([]string{"e-1", "e-2", "e-9"})
		require.Equal(t, []string{"e-1", "e-2"}, ids(got))
		require.Equal(t, []string{"e-9"}, unknown)
		require.Equal(t, at, got[0].Redriven)
		require.Zero(t, got[1].Redriven)
		require.NoError(t, l.Close())
	}
}

func parse(t *testing.T, text string) *deadletter.Query {
	t.Helper()
	q, _, err := deadletter.ParseQuery(text, nil)
	require.NoError(t, err)
	return q
}

func TestSelect(t *testing.T) {
	l, err := deadletter.Open(filepath.Join(t.TempDir(), "letters.ndjson"))
	require.NoError(t, err)
	at := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	ds := letters(0, 6)
	for i := range ds {
		ds[i].Time = at.Add(time.Duration(i) * time.Hour)
		ds[i].Stage = []string{"parser", "store", "masker"}[i%3]
	}
	require.NoError(t, l.Add(ds))
	require.Equal(t, []string{"e-1", "e-4"}, ids(l.Select(deadletter.Filter{Query: parse(t, "stage:store")})))
	require.Equal(t, []string{"e-2", "e-3"}, ids(l.Select(deadletter.Filter{From: at.Add(2 * time.Hour), To: at.Add(4 * time.Hour)})))
	require.Len(t, l.Select(deadletter.Filter{}), 6)
}

// A letter's file can be read again whatever its event was.
func TestLongTextsAreCut(t *testing.T) {
	path := filepath.Join(t.TempDir(), "letters.ndjson")
	l, err := deadletter.Open(path)
	require.NoError(t, err)
	long := strings.Repeat("\x01", 16<<20)
	require.NoError(t, l.Add([]deadletter.Letter{{EventID: "e", Text: long, Message: long}}))
	require.NoError(t, l.Close())
	l, err = deadletter.Open(path)
	require.NoError(t, err)
	got, _ := l.Get([]string{"e"})
	require.Len(t, got, 1)
	require.NoError(t, l.Close())
}

// A line that is no letter costs itself only: a full disk may have cut one in the middle of the file.
func TestDamagedLines(t *testing.T) {
	path := filepath.Join(t.TempDir(), "deadletters.ndjson")
	l, err := deadletter.Open(path)
	require.NoError(t, err)
	require.NoError(t, l.Add([]deadletter.Letter{{EventID: "one", Reason: "poison"}}))
	require.NoError(t, l.Close())
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	whole := string(b)
	two := strings.ReplaceAll(whole, "one", "two")
	require.NoError(t, os.WriteFile(path, []byte(whole+whole[:20]+two+two[:15]), 0o600))
	l, err = deadletter.Open(path)
	require.NoError(t, err)
	kept, _, dropped := l.Counts()
	require.Equal(t, 1, kept)
	require.EqualValues(t, 1, dropped, "the torn last line comes again, what was glued to half a letter does not")
	require.NoError(t, l.Close())
}
