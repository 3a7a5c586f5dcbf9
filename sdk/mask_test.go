package sdk_test

import (
	"bytes"
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/wire"
)

// wordMasker hides the word secret.
type wordMasker struct{ seen map[ecs.Field]int }

func (m wordMasker) Mask(text []byte, e *sdk.Edits) error {
	m.seen[e.Field()]++
	if i := bytes.Index(text, []byte("secret")); i >= 0 {
		e.Replace(i, i+6, "******")
	}
	return nil
}

// TestMaskerSeesCopiesOfAllFields: the host sends a masker every value that is not part of its line, of fields
// that the masker's manifest does not list and its process has never heard of, too.
func TestMaskerSeesCopiesOfAllFields(t *testing.T) {
	const known, vendors, message = 7001, 7002, 7000 // ids of the host's process
	m := wordMasker{map[ecs.Field]int{}}
	s := sdk.MaskerStage(func(struct{}) (sdk.Masker, error) { return m, nil })
	require.NoError(t, s.Open(&wire.OpenRequest{MessageField: message}))

	line := []byte("a line\n")
	b := &wire.Batch{Rows: 1, Columns: []*wire.Column{
		{Field: message, Type: wire.Type_STRING, Count: 1, Values: []byte{0, 0, 0, 0, 7, 0, 0, 0}, Data: line, Separator: 1},
		copied(t, known, "user.name", "my secret name"),
		copied(t, vendors, "", "secret one, of a vendor"),
		copied(t, vendors+1, "acme.unheard", "and another secret"),
	}}
	got := map[uint32]string{}
	fields := []uint32{message, known, vendors, vendors + 1}
	require.NoError(t, s.Process(context.Background(), b, func(r *wire.Result) error {
		require.Empty(t, r.Errors)
		require.NoError(t, r.Validate(b, message))
		for _, e := range r.Edits {
			require.Equal(t, 1, e.Len())
			_, start, _, with := e.EditAt(0)
			got[e.Field] = e.Replacements[with] + string(rune('0'+start))
		}
		return nil
	}))
	assert.Equal(t, map[uint32]string{known: "******3", vendors: "******0", vendors + 1: "******" + string(rune('0'+12))}, got)
	assert.Equal(t, map[ecs.Field]int{ecs.Message: 1, ecs.UserName: 1, 0: 2}, m.seen)
	for i, c := range b.Columns {
		assert.Equal(t, fields[i], c.Field, "the batch is the caller's and stays as it was")
	}
}

func copied(t *testing.T, field uint32, name, value string) *wire.Column {
	t.Helper()
	var w wire.Builder
	w.Reset(wire.Type_STRING, false, 1, nil, nil)
	w.Copy(0, []byte(value), 0, 0)
	c := w.Finish(field)
	c.Name = name
	return c
}

// brokenChooser panics when it is to say how events are masked.
type brokenChooser struct{ wordMasker }

func (brokenChooser) Choose(*wire.Batch, []int) { panic("no idea") }

// TestChoiceFailsClosed: where a masker cannot say how to mask, nothing is shown.
func TestChoiceFailsClosed(t *testing.T) {
	s := sdk.MaskerStage(func(struct{}) (sdk.Masker, error) { return brokenChooser{}, nil })
	require.NoError(t, s.Open(&wire.OpenRequest{MessageField: 1}))
	b := &wire.Batch{Rows: 2, Columns: []*wire.Column{
		{Field: 1, Type: wire.Type_STRING, Count: 2, Values: []byte{0, 0, 0, 0, 7, 0, 0, 0, 14, 0, 0, 0}, Data: []byte("a line\na line\n"), Separator: 1},
	}}
	require.NoError(t, s.Process(context.Background(), b, func(r *wire.Result) error {
		require.Len(t, r.Errors, 2)
		require.NoError(t, r.Validate(b, 1))
		return nil
	}))
}
