package service

import (
	"fmt"
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
	raw, events  readers
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

// observeJournals notes how full journals are and when they grew.
func (w *watch) observeJournals(now time.Time, full float64, raw, events journal.Stats) {
	if w.filling == nil {
		w.filling = map[string]bool{}
	}
	for name, st := range map[string]journal.Stats{"raw": raw, "event": events} {
		share := filled(st)
		w.filling[name] = share >= full || w.filling[name] && share >= full-calmer
	}
	w.raw.observe(now, raw)
	w.events.observe(now, events)
}

// readers are when what the groups of a journal have yet to read was appended.
type readers struct {
	ends []sample // of the journal, oldest first; none before it was looked at
}

func (r *readers) observe(now time.Time, st journal.Stats) {
	if n := len(r.ends); n == 0 || r.ends[n-1].n != st.Last {
		r.ends = append(r.ends, sample{now, st.Last})
	}
	oldest := st.Last
	for _, g := range st.Groups {
		oldest = min(oldest, g.Read)
	}
	for len(r.ends) > 1 && (r.ends[1].n <= oldest || now.Sub(r.ends[1].at) > mostLag) {
		r.ends = r.ends[1:]
	}
}

// lags is how far the groups of a journal are behind, by name: what metrics, health and the list of plugins show. What was
// appended since the watch last looked counts as of now. It is empty while nobody watches.
func (r *readers) lags(now time.Time, st journal.Stats) map[string]time.Duration {
	out := map[string]time.Duration{}
	for _, g := range st.Groups {
		if len(r.ends) > 0 {
			out[g.Name] = r.behind(now, g.Read)
		}
	}
	return out
}

// lags are those of the groups of both journals.
func (w *watch) lags(now time.Time, raw, events journal.Stats) (ofRaw, ofEvents map[string]time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.raw.lags(now, raw), w.events.lags(now, events)
}

// behind is how long ago the entry behind read was appended, at most; 0 if there is none.
func (r *readers) behind(now time.Time, read uint64) time.Duration {
	for _, s := range r.ends {
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
	now := time.Now()
	list = append(w.raw.health(now, s.raw.Stats(), c.Lag), w.events.health(now, s.events.Stats(), c.Lag)...)
	if w.surge > 0 {
		list = append(list, api.Component{
			Name: "dead letters", Kind: "letters", Status: api.StatusDegraded, State: "surge",
			Reason: fmt.Sprintf("%d events became dead letters within %s", w.surge, surgeWindow),
			Advice: "`logcenter deadletters count --by plugin,reason` says why; mend it, then `logcenter deadletters redrive`",
		})
	}
	for _, one := range w.certificates {
		if h, bad := one.health(now, c.CertificateWarn, c.CertificateUrgent); bad {
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

// health is what is wrong with the groups of a journal, one that is behind by bound or more.
func (r *readers) health(now time.Time, st journal.Stats, bound time.Duration) (list []api.Component) {
	lags := r.lags(now, st)
	for _, g := range st.Groups {
		h := api.Component{Name: "consumer " + g.Name, Kind: "consumer", Object: g.Name, Status: api.StatusDegraded, State: "lagging"}
		switch lag := lags[g.Name]; {
		case g.Detached:
			h.State, h.Reason, h.Advice = "detached", "it fell too far behind and has lost entries", "see `logcenter consumers`; let it begin anew"
		case lag >= bound:
			h.Reason = fmt.Sprintf("it is %s behind, which are %d entries", lag.Round(time.Second), st.Last-g.Read)
			h.Advice = "see `logcenter consumers`, and what else health says of it; it catches up by itself"
		default:
			continue
		}
		list = append(list, h)
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
