// Package watch tells a plugin that a file it was made from has changed, so that it can read it again without a
// restart.
//
// It looks from time to time instead of asking the kernel: that works on every file system, network shares included,
// also when another file takes the place of the first, and in the sandbox, where single files are granted and not the
// folders they lie in.
package watch

import (
	"os"
	"time"
)

// Files are the files that are watched. Make them with [New] before the files are read: what changes in between is
// then seen.
type Files struct {
	paths []string
	seen  []stamp
	stop  chan struct{}
	done  chan struct{} // nil before Start
}

// stamp tells versions of a file apart; that of a file which is not there is the zero stamp.
type stamp struct {
	info    os.FileInfo
	changed time.Time
	size    int64
}

func stampOf(path string) stamp {
	s, err := os.Stat(path)
	if err != nil {
		return stamp{}
	}
	return stamp{s, s.ModTime(), s.Size()}
}

// same says whether both are of one version of one file.
func (s stamp) same(other stamp) bool {
	if s.info == nil || other.info == nil {
		return s.info == nil && other.info == nil
	}
	return os.SameFile(s.info, other.info) && s.changed.Equal(other.changed) && s.size == other.size
}

// New notes what the files are like. Nothing is watched before Start.
func New(paths ...string) *Files {
	f := &Files{paths: paths, stop: make(chan struct{})}
	for _, p := range paths {
		f.seen = append(f.seen, stampOf(p))
	}
	return f
}

// Start looks at the files every so often, and calls changed for each that is not as it was at New or at the call
// before, also when it has gone. Calls come one at a time. A file that changes while changed reads it is told again.
func (f *Files) Start(every time.Duration, changed func(path string)) {
	if len(f.paths) == 0 {
		return
	}
	f.done = make(chan struct{})
	go func() {
		defer close(f.done)
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-f.stop:
				return
			case <-tick.C:
			}
			for i, path := range f.paths {
				if now := stampOf(path); !now.same(f.seen[i]) {
					f.seen[i] = now
					changed(path)
				}
			}
		}
	}()
}

// Stop ends what Start began, if it was called, and waits for a call that is on its way. It is called once, and not
// while Start is.
func (f *Files) Stop() {
	close(f.stop)
	if f.done != nil {
		<-f.done
	}
}
