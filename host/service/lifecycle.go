package service

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"github.com/logcenter/logcenter/host/api"
	"github.com/logcenter/logcenter/host/archive"
	"github.com/logcenter/logcenter/host/lifecycle"
	"github.com/logcenter/logcenter/host/retention"
	"github.com/logcenter/logcenter/host/store"
)

// oldestOnline tells a store what searches show.
func oldestOnline(p *retention.Policy) func(class string) string {
	return func(class string) string { return p.OldestOnline(class, time.Now()) }
}

// ArchiveFolder is where archived events go unless the configuration says otherwise, below the data directory.
const ArchiveFolder = "archive"

// Beside it, for any archive: the copy of its chain, and what is being worked on.
const (
	archiveChain = "archive.chain"
	archiveWork  = "archive-work"
)

// openLifecycle puts the store behind its keeper.
func (s *Service) openLifecycle(st store.Store) error {
	d, err := s.archiveDestination()
	if err != nil {
		return err
	}
	s.keeper, err = lifecycle.New(lifecycle.Options{
		Store: st, Policy: s.policy, Destination: d, Chain: s.path(archiveChain), Format: s.cfg.Archive.Format,
		Work: s.path(archiveWork), Program: "logcenter " + s.version, Every: s.cfg.Retention.Every,
		Log: s.log.WithField("component", "retention"),
	})
	if err != nil {
		return fmt.Errorf("retention: %w", err)
	}
	s.store = s.keeper.Store()
	return nil
}

// archiveDestination is nil if there is no archive.
func (s *Service) archiveDestination() (archive.Destination, error) {
	c := s.cfg.Archive
	switch c.Kind {
	case "none":
		return nil, nil //nolint:nilnil // there is none
	case "s3":
		key, err := s.cfg.Secret(c.S3.AccessKeyFile, c.S3.AccessKeyEnv)
		if err != nil {
			return nil, fmt.Errorf("archive.s3: access key: %w", err)
		}
		secret, err := s.cfg.Secret(c.S3.SecretKeyFile, c.S3.SecretKeyEnv)
		if err != nil {
			return nil, fmt.Errorf("archive.s3: secret key: %w", err)
		}
		d, err := archive.NewBucket(archive.Bucket{
			Endpoint: c.S3.Endpoint, Name: c.S3.Bucket, Prefix: c.S3.Prefix, Region: c.S3.Region, AccessKey: key, SecretKey: secret, CAFile: s.cfg.Path(c.S3.CAFile),
		})
		if err != nil {
			return nil, fmt.Errorf("archive.s3: %w", err)
		}
		return d, nil
	default:
		if c.Directory == "" {
			return archive.Directory(s.path(ArchiveFolder)), nil
		}
		return archive.Directory(s.cfg.Path(c.Directory)), nil
	}
}

// archiveHere says whether the archive fills the disk with the data.
func (s *Service) archiveHere() bool {
	c := s.cfg.Archive
	if c.Kind != "directory" {
		return false
	}
	if c.Directory == "" {
		return true
	}
	var data, there unix.Stat_t
	return unix.Stat(s.path(), &data) == nil && unix.Stat(s.cfg.Path(c.Directory), &there) == nil && data.Dev == there.Dev
}

func (s *Service) retentionHealth() api.Component {
	c := api.Component{Name: "retention", Kind: "retention", Status: api.StatusOK}
	st := s.keeper.Status()
	if st.Error != "" {
		c.Status, c.Reason = api.StatusDegraded, st.Error
		c.Advice = "mend the cause, and it goes on by itself or by `logcenter retention run`"
		if d, _ := s.keeper.Destination(); d != nil {
			c.Advice = "nothing is dropped before it is archived; mend the cause (space on the disk, the mount, the bucket and its keys), and it goes on by itself or by `logcenter retention run`"
		}
	}
	return c
}

func (c collector) lifecycle(counter, gauge sender) {
	st := c.s.keeper.Status()
	counter("archive_partitions_total", "Partitions archived since the host started.", float64(st.Archived))
	counter("archive_bytes_total", "Bytes of their files.", float64(st.ArchivedBytes))
	counter("archive_failures_total", "Rounds that could not archive, drop or delete all that was due.", float64(st.Failures))
	counter("archive_deleted_total", "Partitions deleted from the archive because their years were over.", float64(st.Deleted))
	counter("archive_restored_total", "Partitions restored from the archive.", float64(st.Restored))
	counter("retention_dropped_total", "Partitions dropped from the store because their online time was over.", float64(st.Dropped))
	counter("retention_rounds_total", "Looks at what is due.", float64(st.Rounds))
	gauge("archive_overdue", "Partitions whose online time is over and that are still in the store.", float64(st.Overdue))
	oldest := 0.0
	if day, err := time.Parse(time.DateOnly, st.OldestOverdue); err == nil {
		oldest = time.Since(day).Seconds()
	}
	gauge("archive_oldest_overdue_seconds", "Age of the oldest of them; 0 if there is none.", oldest)
}
