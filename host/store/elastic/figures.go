package elastic

import (
	"context"
	"net/http"
	"time"
)

// Writing is what a store has sent since it was opened.
type Writing struct {
	Bulks        int64
	Bytes        int64         // of all bulks, before compression
	Waiting      time.Duration // for their answers, those side by side added up
	InFlight     int           // now
	MostInFlight int
}

// Writing is a snapshot, for benchmarks.
func (s *Store) Writing() Writing {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.writing
}

// departs counts a bulk that is being sent; the answer to it is to call arrived.
func (s *Store) departs(size int) (arrived func()) {
	began := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	w := &s.writing
	w.Bulks++
	w.Bytes += int64(size)
	w.InFlight++
	w.MostInFlight = max(w.MostInFlight, w.InFlight)
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		w.InFlight--
		w.Waiting += time.Since(began)
	}
}

// NodesCPU is the processor time that all nodes of the cluster have used since they were started. The user needs the
// cluster privilege monitor.
func (s *Store) NodesCPU(ctx context.Context) (time.Duration, error) {
	var a struct {
		Nodes map[string]struct {
			Process struct {
				CPU struct {
					Millis int64 `json:"total_in_millis"`
				} `json:"cpu"`
			} `json:"process"`
		} `json:"nodes"`
	}
	if err := s.client.do(ctx, http.MethodGet, "/_nodes/stats/process?filter_path=nodes.*.process.cpu.total_in_millis", nil, &a); err != nil {
		return 0, err
	}
	var sum time.Duration
	for _, n := range a.Nodes {
		sum += time.Duration(n.Process.CPU.Millis) * time.Millisecond
	}
	return sum, nil
}
