package disk

import (
	"errors"
	"os"
	"time"
)

const (
	// saveEvery is how old a commit gets before it is saved.
	saveEvery = time.Second
	// idleAfter is how long nothing is appended before the last segment is given up too: the files hold
	// secrets, and go when everybody is done with them.
	idleAfter = 10 * time.Second
)

// keepLoop is the keeper: it saves what the groups have committed and deletes what none needs.
func (j *Journal) keepLoop() {
	defer close(j.kept)
	tick := time.NewTicker(saveEvery)
	defer tick.Stop()
	for {
		select {
		case <-j.stop:
			return
		case <-tick.C:
		case <-j.kick:
		}
		_ = j.saveState() // told in Stats and to Logf
		j.trim()
		j.rotateWhenIdle()
	}
}

// trim deletes the segments that every group has committed. It goes by what is saved. Only while saving
// fails it goes by memory: otherwise a disk that this journal has filled could never get free, and a
// group that restarts further back is told that the entries are gone.
func (j *Journal) trim() {
	for {
		j.mu.Lock()
		need := needSaved
		if j.stateErr != nil {
			need = needNow
		}
		if j.pins > 0 || len(j.segments) < 2 || j.segments[1].first > j.holdLocked(need) {
			j.mu.Unlock()
			return
		}
		oldest := j.segments[0]
		j.segments = j.segments[1:] // before the file goes, so that readers know why
		j.mu.Unlock()

		err := os.Remove(j.segmentPath(oldest.first))
		if errors.Is(err, os.ErrNotExist) {
			err = nil
		}

		j.mu.Lock()
		if err != nil && j.trimErr == nil {
			j.o.Logf("journal %s: old entries cannot be deleted, trying again every second: %v", j.dir, err)
		}
		j.trimErr = err
		if err == nil {
			j.bytes -= oldest.size
		} else {
			j.segments = append([]segment{oldest}, j.segments...)
		}
		j.mu.Unlock()
		if err != nil {
			return
		}
		poke(j.wake)
		poke(j.freed)
	}
}

func (j *Journal) rotateWhenIdle() {
	j.mu.Lock()
	defer j.mu.Unlock()
	tail := j.segments[len(j.segments)-1]
	if tail.size > 0 && j.holdLocked(needNow) > j.last && time.Since(j.appended) > idleAfter {
		j.rotateWanted = true
		poke(j.wake)
	}
}
