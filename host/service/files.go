package service

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"syscall"
	"time"

	"github.com/logcenter/logcenter/host/api"
	"github.com/logcenter/logcenter/host/filestore"
	"github.com/logcenter/logcenter/host/input"
	"github.com/logcenter/logcenter/host/input/upload"
	"github.com/logcenter/logcenter/host/lifecycle"
	"github.com/logcenter/logcenter/host/plugin"
	"github.com/logcenter/logcenter/host/retention"
	"github.com/logcenter/logcenter/host/store"
)

// collectEvery is how often files are looked for whose time is over.
const collectEvery = time.Hour

// openFiles opens the file store and the input that fills it. Whoever may see an event of a file may have the file, so
// without a store of events there are none.
func (s *Service) openFiles(context.Context) (err error) {
	if s.cfg.Store.Kind == "none" {
		return nil
	}
	c := s.cfg.Files
	s.files, err = filestore.Open(s.path("files"), filestore.Options{
		MaxBytes: int64(c.MaxBytes), TotalBytes: int64(c.TotalBytes), KeepFree: int64(c.KeepFree),
		Journalled: upload.Journalled(s.intake), Logf: s.log.Warnf,
	})
	if err != nil {
		return err
	}
	s.uploads, err = upload.New(s.files, "/api/v1/files", input.Env{Intake: s.intake, Logf: s.log.Warnf})
	if err != nil {
		return err
	}
	return s.uploads.Open()
}

// allInputs are the configured inputs and the host's own.
func (s *Service) allInputs() []input.Input {
	all := slices.Clip(s.inputs)
	if s.uploads != nil {
		all = append(all, s.uploads)
	}
	if s.self != nil {
		all = append(all, s.self)
	}
	return all
}

// filesAPI shows the files to the API; nil if there are none.
func (s *Service) filesAPI() api.Files {
	if s.files == nil {
		return nil
	}
	return filesAPI{s}
}

type filesAPI struct{ s *Service }

func (a filesAPI) Put(ctx context.Context, f upload.File, body io.Reader, size int64) (*upload.Stored, error) {
	if !a.s.parses(upload.Name) {
		err := fmt.Errorf("%w: the parser plugin %s does not run, so nobody could find them; `logcenter plugin enable %s`", upload.ErrClosed, upload.Name, upload.Name)
		a.s.warn("files", err)
		return nil, err
	}
	st, err := a.s.uploads.Put(ctx, f, body, size)
	if errors.Is(err, filestore.ErrFull) || errors.Is(err, syscall.ENOSPC) {
		a.s.warn("files", err)
	}
	return st, err
}

func (a filesAPI) Open(sha string) (*filestore.File, error) { return a.s.files.Open(sha) }

// parses says whether a parser is in service.
func (s *Service) parses(id string) bool {
	return slices.ContainsFunc(s.plugins.InService(parserKind), func(p *plugin.Plugin) bool { return p.Manifest().ID == id })
}

// fileKept is the time before which a file that no event refers to was uploaded for the last time: its events have
// been dropped by then, and what was archived of them, too.
// archived is the most years for which the archive keeps what it has, by the policy of then.
func fileKept(now time.Time, classify func(observerType, logType string) retention.Class, archived int) time.Time {
	before := now
	for _, kind := range []string{upload.KindFile, upload.KindVideo} {
		class := classify(kind, "")
		if t := now.AddDate(-max(class.ArchiveYears, archived), 0, -class.OnlineDays); t.Before(before) {
			before = t
		}
	}
	return before
}

// collectFiles removes files whose time is over and which no event tells of, at the start and then every hour.
func (s *Service) collectFiles(ctx context.Context) error {
	t := time.NewTicker(collectEvery)
	defer t.Stop()
	for {
		done, err := s.collectOnce(ctx)
		if err != nil && ctx.Err() == nil {
			s.warn("files", err)
		}
		if done.Files > 0 {
			s.log.Infof("%d files of %d bytes are removed: their time is over, and no event tells of them", done.Files, done.Bytes)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
	}
}

// collectOnce removes nothing while the archive cannot be asked, or the clock is not believed.
func (s *Service) collectOnce(ctx context.Context) (done filestore.Collected, err error) {
	years, held, err := s.archivedFiles(ctx)
	if err != nil {
		return done, err
	}
	believed := false
	return s.files.Collect(ctx, fileKept(time.Now(), s.policy.Classify, years), func(ctx context.Context, sha string) (bool, error) {
		if held {
			return true, nil
		}
		if !believed { // by a clock that is ahead all files are old, and their events are not shown
			if err := s.keeper.Clock(ctx); err != nil {
				return true, fmt.Errorf("no file is removed: %w", err)
			}
			believed = true
		}
		ev, err := upload.Event(ctx, s.store, store.Everything(), sha)
		return ev != nil, err
	})
}

// archivedFiles says for how many years at most the archive keeps events of files, and whether some are held: whose
// they are is not asked, all are kept then.
func (s *Service) archivedFiles(ctx context.Context) (years int, held bool, err error) {
	a, err := s.keeper.Archive(ctx)
	if errors.Is(err, lifecycle.ErrNoArchive) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, err
	}
	for _, p := range a.List() {
		if p.Class == s.policy.Classify(upload.KindFile, "").Name || p.Class == s.policy.Classify(upload.KindVideo, "").Name {
			years, held = max(years, p.ArchiveYears), held || p.Held != ""
		}
	}
	return years, held, nil
}

func filesHealth(st filestore.Stats) api.Component {
	c := api.Component{Name: "file store", Kind: "files", Status: api.StatusOK, Partial: true}
	if st.LastDamaged != "" {
		c.Status, c.Reason = api.StatusDegraded, "the disk has damaged the file "+st.LastDamaged
		c.Advice = "whoever has it runs `logcenter files put` again, which mends it; look at the disk"
	}
	return c
}

func filesMetrics(st filestore.Stats, counter, gauge sender) {
	gauge("files", "Files and videos that are kept.", float64(st.Files))
	gauge("files_bytes", "Bytes of these on disk.", float64(st.Bytes))
	gauge("files_max_bytes", "Bound of these.", float64(st.TotalBytes))
	gauge("files_coming_bytes", "Bytes of files on their way.", float64(st.Coming))
	counter("files_received_total", "Files taken.", float64(st.Received))
	counter("files_duplicates_total", "Of these: the content was there already.", float64(st.Duplicates))
	counter("files_collected_total", "Files removed because their time was over and no event told of them.", float64(st.Collected))
	counter("files_collected_bytes_total", "Bytes of these on disk.", float64(st.CollectedBytes))
	counter("files_orphans_total", "Files removed at the start because a crash had cut their upload off.", float64(st.Orphans))
	counter("files_damaged_total", "Reads that met a damaged file.", float64(st.Damaged))
}
