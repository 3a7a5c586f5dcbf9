package client

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Events are cut out of an answer as they are, however the answer arrives.
func TestReadPage(t *testing.T) {
	long := `{"message":"` + strings.Repeat(`x\"\\`, 100_000) + `"}`
	events := []string{
		`{}`, `{"message":"plain"}`, `{"a":[1,-2.5e3,{"b":"]}"}],"c":null}`, `{ "text" : "quote \" bracket } backslash \\" }`, `{"用户":"张三\u0000"}`, long,
	}
	answer := ` {"from":"2026-10-11T12:00:00Z","to":"2026-10-11T13:00:00Z", "total":7,"cursor":"c","later":{"x":[1,"}"]},"took_ms":12,"events":[` +
		strings.Join(events, ", ") + "],\n\"notices\":[\"n\"]}\n"
	for name, r := range map[string]io.Reader{"at once": strings.NewReader(answer), "byte by byte": iotest.OneByteReader(strings.NewReader(answer)), "halves": iotest.HalfReader(strings.NewReader(answer))} {
		t.Run(name, func(t *testing.T) {
			var got []string
			p, err := readPage(r, func(raw []byte) error {
				got = append(got, string(raw))
				return nil
			})
			require.NoError(t, err)
			assert.Equal(t, events, got)
			assert.EqualValues(t, 7, *p.Total)
			assert.EqualValues(t, 12, p.TookMs)
			assert.Equal(t, "c", p.Cursor)
			assert.Equal(t, []string{"n"}, p.Notices)
			assert.Equal(t, 12, p.From.Hour())
		})
	}
	for _, cut := range []int{0, 1, 5, 40, len(answer) / 2, len(answer) - 3} {
		_, err := readPage(strings.NewReader(answer[:cut]), func([]byte) error { return nil })
		require.ErrorIs(t, err, io.ErrUnexpectedEOF, cut)
	}
	for _, bad := range []string{`[]`, `"x"`, `{"events":{}}`, `{"events":[1]}`, `{"a" 1}`, `{"total":"x","events":[]}`, `<html>`, `{]}`} {
		_, err := readPage(strings.NewReader(bad), func([]byte) error { return nil })
		var stop *answerError
		require.ErrorAs(t, err, &stop, bad)
	}
}

func FuzzReadPage(f *testing.F) {
	f.Add([]byte(`{"total":1,"events":[{"a":"b"},{"c":[1,2]}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var got []string
		_, err := readPage(strings.NewReader(string(b)), func(raw []byte) error {
			got = append(got, string(raw))
			return nil
		})
		var want struct {
			Events []json.RawMessage `json:"events"`
		}
		if json.Unmarshal(b, &want) != nil || err != nil || strings.Count(string(b), "vents") > 1 {
			return
		}
		require.Len(t, got, len(want.Events))
		for i := range got {
			assert.JSONEq(t, string(want.Events[i]), got[i])
		}
	})
}

// A page is asked for again until its first event was handed out, and not then.
func TestSearchEachAgain(t *testing.T) {
	tries := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		tries++
		answer := `{"events":[{"a":1}` // the connection breaks behind the first event
		if tries == 1 {
			answer = `{"took_ms":1,` // … or before it
		}
		w.Header().Set("Content-Length", "1000")
		_, _ = io.WriteString(w, answer)
	}))
	t.Cleanup(s.Close)
	c, err := New(Options{URL: s.URL})
	require.NoError(t, err)
	n := 0
	_, err = c.SearchEach(t.Context(), SearchRequest{}, func([]byte) error { n++; return nil })
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	assert.Equal(t, 1, n)
	assert.Equal(t, 2, tries)

	mine := errors.New("enough")
	_, err = readPage(strings.NewReader(`{"events":[{},{}]}`), func([]byte) error { return mine })
	require.ErrorIs(t, err, mine)
}
