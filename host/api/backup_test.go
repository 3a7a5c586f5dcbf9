package api_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/logcenter/logcenter/host/api"
)

// backups remembers what it was asked.
type backups struct {
	status *api.BackupStatus
	asked  api.BackupRequest
}

func (b *backups) Start(r api.BackupRequest) (api.BackupStatus, error) {
	if b.status != nil {
		return *b.status, fmt.Errorf("%w: a backup is running", api.ErrConflict)
	}
	b.asked = r
	b.status = &api.BackupStatus{State: api.BackupRunning, Directory: r.Directory, Started: testDay, Left: []api.BackupLeft{{Path: "x", Reason: "y"}}}
	return *b.status, nil
}

func (b *backups) Status() (api.BackupStatus, error) {
	if b.status == nil {
		return api.BackupStatus{}, fmt.Errorf("%w: none was begun", api.ErrNotFound)
	}
	return *b.status, nil
}

func (b *backups) Cancel() (api.BackupStatus, error) {
	st, err := b.Status()
	if err == nil {
		st.State, st.Ended = api.BackupCancelled, testDay.Add(time.Second)
		b.status = &st
	}
	return st, err
}

func TestBackup(t *testing.T) {
	f := newFixture(t)
	assert.Equal(t, 404, f.get("/api/v1/backup").status)
	assert.Equal(t, 400, f.do("POST", "/api/v1/backup", `{}`).status)
	assert.Equal(t, 400, f.do("POST", "/api/v1/backup", `{"directory":"/b","keep":-1}`).status)
	a := f.do("POST", "/api/v1/backup", `{"directory":"/b","keep":3}`)
	assert.Equal(t, 202, a.status)
	assert.Equal(t, api.BackupRequest{Directory: "/b", Keep: 3}, f.backups.asked)
	assert.Equal(t, 409, f.do("POST", "/api/v1/backup", `{"directory":"/b"}`).status)
	assert.Equal(t, "running", f.ok(f.get("/api/v1/backup"))["state"])
	assert.Equal(t, "cancelled", f.ok(f.do("DELETE", "/api/v1/backup", ""))["state"])
}
