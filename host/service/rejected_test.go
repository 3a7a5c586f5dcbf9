package service

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/config"
	"github.com/logcenter/logcenter/host/deadletter"
	"github.com/logcenter/logcenter/host/redrive"
	"github.com/logcenter/logcenter/host/store"
)

// What the store refuses can be redriven: its letter shows the masked line, and the hold has it as a record.
func TestRejectedRowsAreHeld(t *testing.T) {
	s := &Service{cfg: &config.Config{DataDir: filepath.Join(t.TempDir(), "data")}}
	require.NoError(t, s.openJournals(context.Background()))
	defer func() { require.NoError(t, s.Close()) }()
	received := time.Now().UTC().Add(-time.Hour)
	r := store.Rejection{Offset: 3, Source: "j-0", Row: 1, Reason: "failed to parse field [url.path]", Event: store.Event{
		"event.id": "j-0-7-1", "message": "GET /?password=******", "logcenter.input": "web", "log.source.address": "192.0.2.1", "event.ingested": received,
	}}
	s.rejected(r)
	s.rejected(r) // a replay
	s.rejected(store.Rejection{Offset: 3, Source: "j-0", Row: 2, Reason: "no event"})

	page, _, _ := s.dead.Page(deadletter.Filter{}, "", 10)
	require.Len(t, page, 2)
	assert.Equal(t, "j-0@3.2", page[0].EventID)
	assert.Zero(t, page[0].Held)
	assert.Equal(t, "j-0-7-1", page[1].EventID)
	assert.Equal(t, received, page[1].Time)
	assert.Equal(t, "GET /?password=******", page[1].Text)
	assert.True(t, s.hold.Has(page[1].Held))

	q, _, err := deadletter.ParseQuery("stage:store AND reason:rejected", nil)
	require.NoError(t, err)
	res, err := s.redriver.Redrive(context.Background(), redrive.Request{Filter: deadletter.Filter{Query: q}})
	require.NoError(t, err)
	assert.Equal(t, &redrive.Result{Selected: 2, Redriven: 1, NotHeld: 1}, res)
	assert.EqualValues(t, 1, s.raw.Last())
}
