package service

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/logcenter/logcenter/host/api"
	"github.com/logcenter/logcenter/host/journal"
)

// watch notes what of the host's state is not to be seen at one moment: how far consumers are behind in time, how many
// dead letters came lately, which certificates run out. It is told by look, from one goroutine; all else may be called by
// any.
type watch struct {
	mu           sync.Mutex
	filling      map[string]bool // journals that are near their bound
	ends         []sample        // of the event journal, oldest first
	lags         map[string]time.Duration
	letters      []sample // how many there were
	surge        int64    // dead letters within surgeWindow, while they are too many
	certificates []certificate
	certsRead    time.Time
	verified     error // of the archive, the last time it was verified; nil: all was well, or it never was
}

// sample is a number at a time.
type sample struct {
	at time.Time
	n  uint64
}

const (
	// alertGroup is the reader of the event journal that hands events to the detectors.
	alertGroup  = "alert"
	surgeWindow = 10 * time.Minute
	// calmer is how much less than its bound ends what passed it, so that nothing goes to and fro: a part of the bound.
	calmer = 0.1
	// mostLag is how far back lags are known.
	mostLag = time.Hour
	// certsEvery is how often certificates are read.
	certsEvery = time.Minute
)

// observeJournals notes how full journals are and how far readers of the event journal are behind.
func (w *watch) observeJournals(now time.Time, full float64, raw, events journal.Stats) {
	if w.filling == nil {
		w.filling, w.lags = map[string]bool{}, map[string]time.Duration{}
	}
	for name, st := range map[string]journal.Stats{"raw": raw, "event": events} {
		share := filled(st)
		w.filling[name] = share >= full || w.filling[name] && share >= full-calmer
	}
	if n := len(w.ends); n == 0 || w.ends[n-1].n != events.Last {
		w.ends = append(w.ends, sample{now, events.Last})
	}
	oldest := events.Last
	for _, g := range events.Groups {
		oldest = min(oldest, g.Read)
		w.lags[g.Name] = w.behind(now, g.Read)
	}
	for len(w.ends) > 1 && (w.ends[1].n <= oldest || now.Sub(w.ends[1].at) > mostLag) {
		w.ends = w.ends[1:]
	}
	maps.DeleteFunc(w.lags, func(name string, _ time.Duration) bool {
		return !slices.ContainsFunc(events.Groups, func(g journal.GroupStats) bool { return g.Name == name })
	})
}

// lag is how far a reader of the event journal is behind. What was appended since the watch last looked counts as of now.
func (w *watch) lag(group string, now time.Time, events journal.Stats) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, g := range events.Groups {
		if g.Name == group {
			return w.behind(now, g.Read)
		}
	}
	return 0
}

// behind is how long ago the entry behind read was appended, at most; 0 if there is none.
func (w *watch) behind(now time.Time, read uint64) time.Duration {
	for _, s := range w.ends {
		if s.n > read {
			return now.Sub(s.at)
		}
	}
	return 0
}

// filled is the part of its bound that a journal has.
func filled(st journal.Stats) float64 {
	if st.MaxBytes == 0 {
		return 0
	}
	return float64(st.Bytes) / float64(st.MaxBytes)
}

// observeLetters notes how many events have been made dead letters since the start.
func (w *watch) observeLetters(now time.Time, most int64, total uint64) {
	w.letters = append(w.letters, sample{now, total})
	for len(w.letters) > 1 && now.Sub(w.letters[1].at) >= surgeWindow {
		w.letters = w.letters[1:]
	}
	n := int64(total - w.letters[0].n)
	if n < most && (w.surge == 0 || n < most-int64(calmer*float64(most))) {
		n = 0
	}
	w.surge = n
}

// watchHealth is what the watch makes of it.
func (s *Service) watchHealth() (list []api.Component) {
	w, c := &s.watch, s.cfg.Self
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, g := range s.events.Stats().Groups {
		h := api.Component{Name: "consumer " + g.Name, Kind: "consumer", Object: g.Name, Status: api.StatusDegraded, State: "lagging"}
		switch lag := w.lags[g.Name]; {
		case g.Detached:
			h.State, h.Reason, h.Advice = "detached", "it fell too far behind and has lost entries", "see `logcenter consumers`; let it begin anew"
		case lag >= c.Lag:
			h.Reason = fmt.Sprintf("it is %s behind, which are %d entries", lag.Round(time.Second), s.events.Stats().Last-g.Read)
			h.Advice = "see `logcenter consumers`, and what else health says of it; it catches up by itself"
		default:
			continue
		}
		list = append(list, h)
	}
	if w.surge > 0 {
		list = append(list, api.Component{
			Name: "dead letters", Kind: "letters", Status: api.StatusDegraded, State: "surge",
			Reason: fmt.Sprintf("%d events became dead letters within %s", w.surge, surgeWindow),
			Advice: "`logcenter deadletters count --by plugin,reason` says why; mend it, then `logcenter deadletters redrive`",
		})
	}
	for _, one := range w.certificates {
		if h, bad := one.health(time.Now(), c.CertificateWarn, c.CertificateUrgent); bad {
			list = append(list, h)
		}
	}
	if w.verified != nil {
		list = append(list, api.Component{
			Name: "archive", Kind: "archive", Status: api.StatusDegraded, State: "failed", Reason: w.verified.Error(),
			Advice: "`logcenter archive verify` says what is damaged; mend it from a copy and verify it again",
		})
	}
	return list
}

// archiveVerified notes how a verification of the archive ended.
func (s *Service) archiveVerified(err error) {
	s.watch.mu.Lock()
	defer s.watch.mu.Unlock()
	s.watch.verified = err
}

// backupHealth tells of a backup that did not succeed.
func (s *Service) backupHealth() (list []api.Component) {
	st, err := backupsAPI{s}.Status()
	if err != nil || st.State != api.BackupFailed {
		return nil
	}
	return []api.Component{{
		Name: "backup", Kind: "backup", Status: api.StatusDegraded, State: "failed",
		Reason: fmt.Sprintf("the backup into %s at %s did not succeed: %s", st.Directory, st.Ended.Format(time.RFC3339), st.Error),
		Advice: "mend the cause, then `logcenter backup create` again",
	}}
}
