package deadletter_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

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
	page, _, _ = l.Page(deadletter.Filter{Plugin: "dptech", Text: "line 5"}, "", 10)
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
