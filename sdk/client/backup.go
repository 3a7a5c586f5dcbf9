package client

import (
	"context"
	"net/http"
	"time"
)

// BackupRequest says what to back up where.
type BackupRequest struct {
	Directory string `json:"directory"`          // absolute, on the host's machine
	Keep      int    `json:"keep,omitempty"`     // copies to keep there, the new one included; 0 keeps all
	Secrets   bool   `json:"secrets,omitempty"`  // also the admin's token
	Location  string `json:"location,omitempty"` // of the repository of Elasticsearch; only for that store
}

// The values of Backup.State.
const (
	BackupRunning   = "running"
	BackupDone      = "done"
	BackupFailed    = "failed"
	BackupCancelled = "cancelled"
)

// Backup is how a backup is.
type Backup struct {
	State      string       `json:"state"`
	Step       string       `json:"step,omitempty"` // what it is doing
	Directory  string       `json:"directory"`
	Started    time.Time    `json:"started"`
	Ended      time.Time    `json:"ended,omitzero"`
	Files      int          `json:"files"`
	TotalFiles int          `json:"total_files"`
	Bytes      int64        `json:"bytes"`
	TotalBytes int64        `json:"total_bytes"`
	Copied     int64        `json:"copied"`           // bytes that the directory did not have yet
	Name       string       `json:"name,omitempty"`   // of the copy, when it is done
	Events     int64        `json:"events,omitempty"` // in the store of the copy
	Left       []BackupLeft `json:"left,omitempty"`   // what was left out on purpose
	Error      string       `json:"error,omitempty"`
}

// BackupLeft is something a copy does not have.
type BackupLeft struct {
	Path   string `json:"path"`
	Reason string `json:"reason"`
}

// StartBackup has the host begin a backup, which goes on by itself; see [Client.Backup].
func (c *Client) StartBackup(ctx context.Context, r BackupRequest) (*Backup, error) {
	q, err := request{method: http.MethodPost, path: []string{"backup"}, once: true}.json(r)
	if err != nil {
		return nil, err
	}
	return call[Backup](ctx, c, q)
}

// Backup is how the backup that runs is, or how the last one ended.
func (c *Client) Backup(ctx context.Context) (*Backup, error) {
	return call[Backup](ctx, c, get("backup"))
}

// CancelBackup ends the backup that runs and waits for its end.
func (c *Client) CancelBackup(ctx context.Context) (*Backup, error) {
	return call[Backup](ctx, c, request{method: http.MethodDelete, path: []string{"backup"}})
}
