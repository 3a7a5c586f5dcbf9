package input

import (
	"sync/atomic"
	"time"
)

// Reason is why a record or datagram was dropped.
type Reason uint8

// The reasons.
const (
	// DropEmpty: a record without any byte but line ends.
	DropEmpty Reason = iota
	// DropKernel: a datagram that the kernel had no room for, because the input did not keep up.
	DropKernel
	// DropConnections: a connection beyond the configured number, refused.
	DropConnections
	// DropShutdown: a record received and not yet durable when the host had to stop.
	DropShutdown
	// DropJournal: a record that the raw journal refused for good.
	DropJournal
	// DropQueue: a record of the host about itself that came while too many waited for the raw journal.
	DropQueue
	reasons
)

var reasonNames = [reasons]string{"empty", "kernel_buffer", "connection_limit", "shutdown", "journal", "queue"}

func (r Reason) String() string { return reasonNames[r] }

// States of an input.
const (
	Stopped int32 = iota // Run has not been called, or has returned
	Running
	Waiting // for the raw journal, which is full or cannot write
	Failed  // Run returned an error
)

var stateNames = [...]string{"stopped", "running", "waiting", "failed"}

// Counters are what an input counts since it was made. All fields are safe for concurrent use; the zero
// value is ready.
type Counters struct {
	Records     atomic.Int64 // durable in the raw journal
	Bytes       atomic.Int64 // of those, in UTF-8, without line ends
	Batches     atomic.Int64
	Decoded     atomic.Int64 // records that were not valid UTF-8
	Truncated   atomic.Int64 // records cut at Common.MaxRecordBytes
	Connections atomic.Int64 // open now; for files: files being read
	Accepted    atomic.Int64 // connections, requests or files since the start
	Errors      atomic.Int64
	dropped     [reasons]atomic.Int64
	state       atomic.Int32
	last        atomic.Int64 // ns, of the newest durable record
	err         atomic.Pointer[string]
}

// Drop counts n losses.
func (c *Counters) Drop(r Reason, n int64) { c.dropped[r].Add(n) }

// Fail counts an error and keeps its text for Stats.
func (c *Counters) Fail(err error) {
	c.Errors.Add(1)
	s := err.Error()
	c.err.Store(&s)
}

// Begin says that Run starts, End that it returns err.
func (c *Counters) Begin() { c.state.Store(Running) }

// End is the counterpart of Begin.
func (c *Counters) End(err error) {
	if err == nil {
		c.state.Store(Stopped)
		return
	}
	c.Fail(err)
	c.state.Store(Failed)
}

// durable counts a batch that is in the raw journal.
func (c *Counters) durable(r *rows) {
	c.Records.Add(int64(r.n))
	c.Bytes.Add(int64(len(r.arena) - r.n))
	c.Batches.Add(1)
	c.last.Store(time.Now().UnixNano())
	for _, m := range r.marked {
		if m.mark&Truncated != 0 {
			c.Truncated.Add(1)
		}
		if m.mark&Decoded != 0 {
			c.Decoded.Add(1)
		}
	}
}

// Stats describes an input at one moment. Counters count since the host started.
type Stats struct {
	Name        string           `json:"name"`
	Kind        string           `json:"kind"`    // syslog, file, http, upload, self
	Address     []string         `json:"address"` // what it listens on or reads
	Parser      string           `json:"parser,omitempty"`
	State       string           `json:"state"` // stopped, running, waiting (for the raw journal) or failed
	Records     int64            `json:"records"`
	Bytes       int64            `json:"bytes"`
	Batches     int64            `json:"batches"`
	Decoded     int64            `json:"decoded"`
	Truncated   int64            `json:"truncated"`
	Dropped     map[string]int64 `json:"dropped"` // by reason; reasons that did not occur are left out
	Connections int64            `json:"connections"`
	Accepted    int64            `json:"accepted"`
	Errors      int64            `json:"errors"`
	LastError   string           `json:"last_error,omitempty"`
	LastRecord  time.Time        `json:"last_record,omitzero"`
}

// Snapshot fills Stats from counters.
func (c *Counters) Snapshot(kind string, cfg *Common, address ...string) Stats {
	s := Stats{
		Name: cfg.Name, Kind: kind, Address: address, Parser: cfg.Parser, State: stateNames[c.state.Load()],
		Records: c.Records.Load(), Bytes: c.Bytes.Load(), Batches: c.Batches.Load(),
		Decoded: c.Decoded.Load(), Truncated: c.Truncated.Load(), Dropped: map[string]int64{},
		Connections: c.Connections.Load(), Accepted: c.Accepted.Load(), Errors: c.Errors.Load(),
	}
	for r := range reasons {
		if n := c.dropped[r].Load(); n > 0 {
			s.Dropped[r.String()] = n
		}
	}
	if e := c.err.Load(); e != nil {
		s.LastError = *e
	}
	if ns := c.last.Load(); ns != 0 {
		s.LastRecord = time.Unix(0, ns).UTC()
	}
	return s
}
