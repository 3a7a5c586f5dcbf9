package complete_test

import (
	"context"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/grafana/pkg/complete"
	"github.com/logcenter/logcenter/sdk/client"
	"github.com/logcenter/logcenter/sdk/query"
	"github.com/logcenter/logcenter/sdk/query/querytest"
)

func TestUnits(t *testing.T) {
	const text = "a登😀b"
	for at, want := range map[int]int{-1: 0, 0: 0, 1: 1, 4: 2, 8: 4, 9: 5, 99: 5} {
		assert.Equal(t, want, complete.Units(text, at))
	}
	for units, want := range map[int]int{-1: 0, 0: 0, 1: 1, 2: 4, 3: 8, 4: 8, 5: 9, 99: 9} {
		assert.Equal(t, want, complete.Offset(text, units))
	}
}

// Wherever the caret is and whatever the text: what is offered is replaced around the caret, and what is typed with a field
// is a query, or was none before.
func FuzzAt(f *testing.F) {
	for _, p := range querytest.Pieces {
		f.Add("a "+p, 3)
		f.Add("NOT x:("+p+" b", 9)
	}
	nobody, err := client.New(client.Options{URL: "http://127.0.0.1:1", Retries: -1})
	require.NoError(f, err)
	s := complete.Source{Client: nobody, Fields: func(context.Context, *client.Client, client.Selection) ([]client.Field, error) {
		return []client.Field{{Name: "source.ip", Type: "ip", Count: 1}, {Name: "user.name", Type: "keyword", List: true, Count: 1234567}}, nil
	}}
	f.Fuzz(func(t *testing.T, text string, units int) {
		if !utf8.ValidString(text) || len(text) > 1000 {
			return
		}
		caret := complete.Offset(text, units)
		require.Equal(t, caret, complete.Offset(text, complete.Units(text, caret)))
		require.LessOrEqual(t, complete.Units(text, caret), len(utf16.Encode([]rune(text))))
		p, items, err := complete.At(t.Context(), s, client.Selection{}, text, caret)
		if err != nil {
			require.Contains(t, []query.PlaceKind{query.AtValue, query.AtBound}, p.Kind, "only values need a host")
			return
		}
		require.True(t, p.Start <= caret && p.Start <= p.End && p.End <= len(text))
		_, broken := query.Parse(text)
		for _, i := range items {
			if i.Kind != "field" || broken != nil || p.Kind != query.AtClause || p.Start == p.End {
				continue
			}
			typed := text[:p.Start] + i.Insert + "x" + text[p.End:]
			_, err := query.Parse(typed)
			require.NoError(t, err, "%q became %q", text, typed)
		}
	})
}
