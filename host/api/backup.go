package api

import (
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
)

// Backups copies what the host keeps. One backup runs at a time.
type Backups interface {
	// Start begins a backup, which goes on by itself; ErrConflict if one is running.
	Start(r BackupRequest) (BackupStatus, error)
	// Status is how the one that runs is, or how the last one ended; ErrNotFound if there was none.
	Status() (BackupStatus, error)
	// Cancel ends the one that runs and waits for its end.
	Cancel() (BackupStatus, error)
}

type noBackups struct{}

func (noBackups) Start(BackupRequest) (BackupStatus, error) { return noBackups{}.Status() }
func (noBackups) Cancel() (BackupStatus, error)             { return noBackups{}.Status() }
func (noBackups) Status() (BackupStatus, error) {
	return BackupStatus{}, fmt.Errorf("%w: this host makes no backups", ErrNotFound)
}

// BackupRequest says what to copy where.
type BackupRequest struct {
	Directory string `json:"directory"` // absolute, on the host's machine
	Keep      int    `json:"keep"`      // copies to keep there, the new one included; 0 keeps all
	Secrets   bool   `json:"secrets"`   // also the admin's token
	Location  string `json:"location"`  // of the repository of Elasticsearch; only for that store
}

// The values of BackupStatus.State.
const (
	BackupRunning   = "running"
	BackupDone      = "done"
	BackupFailed    = "failed"
	BackupCancelled = "cancelled"
)

// BackupStatus is how a backup is.
type BackupStatus struct {
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

// maxKeep bounds how many copies may be asked to be kept.
const maxKeep = 10000

func (s *Server) startBackup(c *gin.Context) error {
	var r BackupRequest
	if err := decodeJSON(c, &r); err != nil {
		return err
	}
	if r.Directory == "" {
		return badRequest("an absolute path on the host's machine", "directory is missing")
	}
	if r.Keep < 0 || r.Keep > maxKeep {
		return badRequest("0 to 10000; 0 keeps all", "keep is %d", r.Keep)
	}
	st, err := s.o.Backups.Start(r)
	if err != nil {
		return err
	}
	s.writeJSON(c, http.StatusAccepted, st)
	return nil
}

func (s *Server) getBackup(c *gin.Context) error {
	st, err := s.o.Backups.Status()
	if err != nil {
		return err
	}
	s.writeJSON(c, http.StatusOK, st)
	return nil
}

func (s *Server) cancelBackup(c *gin.Context) error {
	st, err := s.o.Backups.Cancel()
	if err != nil {
		return err
	}
	s.writeJSON(c, http.StatusOK, st)
	return nil
}
