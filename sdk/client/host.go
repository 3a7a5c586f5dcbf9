package client

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Plugin describes a plugin. Counters count since the host started.
type Plugin struct {
	ID           string          `json:"id"`
	Kind         string          `json:"kind"` // parser, enricher, masker, detector or notifier
	Version      string          `json:"version"`
	Description  string          `json:"description,omitempty"`
	State        string          `json:"state"`            // running, disabled, quarantined, starting or failed
	Reason       string          `json:"reason,omitempty"` // why it is not running, or runs in place of its package
	PID          int             `json:"pid,omitempty"`
	Started      time.Time       `json:"started,omitzero"`
	Restarts     uint64          `json:"restarts"`
	Calls        uint64          `json:"calls"`
	Rows         uint64          `json:"rows"`
	Errors       uint64          `json:"errors"`
	Retries      uint64          `json:"retries"`       // events an enricher asked for again
	Poisoned     uint64          `json:"poisoned"`      // events it does not survive
	BadValues    uint64          `json:"bad_values"`    // values that did not fit their field
	Dropped      uint64          `json:"dropped"`       // events it dropped, as its manifest permits
	Undeclared   uint64          `json:"undeclared"`    // thrown away: values of fields its manifest does not list
	DropsRefused uint64          `json:"drops_refused"` // kept: events it dropped without being permitted to
	CPUSeconds   float64         `json:"cpu_seconds"`
	MsPerMB      float64         `json:"ms_per_mb"`              // CPU milliseconds per MB of raw log
	MemoryBytes  int64           `json:"memory_bytes"`           // what its processes have in memory at the moment; 0: none runs
	LagSeconds   *float64        `json:"lag_seconds,omitempty"`  // how long what waits for it has waited, of detectors and notifiers; nil: not known
	Permissions  []Permission    `json:"permissions,omitempty"`  // what its manifest asks for
	Sandbox      *Sandbox        `json:"sandbox,omitempty"`      // what of its bounds is enforced
	Refused      []Refusal       `json:"refused,omitempty"`      // what its processes tried and were refused
	LastFailure  string          `json:"last_failure,omitempty"` // how a process ended that should not have
	FailedAt     time.Time       `json:"failed_at,omitzero"`
	Accepts      json.RawMessage `json:"accepts,omitempty"`
	Reads        []string        `json:"reads,omitempty"`
	Writes       []string        `json:"writes,omitempty"`
	ConfigSchema json.RawMessage `json:"config_schema,omitempty"`
	Severity     []Level         `json:"severity,omitempty"` // what the device's words mean

	Origin      string       `json:"origin,omitempty"`      // folder, which the admin keeps in plugins.dirs, or package
	Folder      string       `json:"folder,omitempty"`      // where it lies on the host
	Instead     string       `json:"instead_of,omitempty"`  // folder of the same id in plugins.dirs that the package goes before
	Digest      string       `json:"digest,omitempty"`      // of the package
	Signer      *Signer      `json:"signer,omitempty"`      // of the package; nil: it is not signed
	Certificate *Certificate `json:"certificate,omitempty"` // of the package
	InstalledAt time.Time    `json:"installed_at,omitzero"`
	InstalledBy string       `json:"installed_by,omitempty"`
	May         []string     `json:"may,omitempty"` // what its manifest lets it do, one thing each
	// EnabledInConfig is what the host's configuration says, which wins at every start; nil: nothing.
	EnabledInConfig *bool `json:"enabled_in_config,omitempty"`
}

// Level says what a word or number of a device for how grave an event is means.
type Level struct {
	Word  string `json:"word"`
	Level string `json:"level"` // of log.level
	By    string `json:"by"`    // manifest or config
}

// Permission is something that a plugin's manifest asks for.
type Permission struct {
	Kind    string `json:"kind"`              // network, files or write
	Value   string `json:"value"`             // as the manifest has it
	Granted string `json:"granted,omitempty"` // what of it is granted; empty: nothing
	By      string `json:"by,omitempty"`      // config.KEY, or grant
}

// Sandbox says what of a plugin's bounds is enforced, each with the means, and what is not, each with what is lacking.
type Sandbox struct {
	Off      bool     `json:"off,omitempty"`
	Enforced []string `json:"enforced"`
	Missing  []string `json:"missing"`
}

// Refusal counts what a plugin tried and was refused.
type Refusal struct {
	What  string `json:"what"`
	Count int64  `json:"count"`
}

// Plugins lists all plugins.
func (c *Client) Plugins(ctx context.Context) ([]Plugin, error) {
	a, err := call[struct {
		Plugins []Plugin `json:"plugins"`
	}](ctx, c, get("plugins"))
	if err != nil {
		return nil, err
	}
	return a.Plugins, nil
}

// Plugin returns one plugin.
func (c *Client) Plugin(ctx context.Context, id string) (*Plugin, error) {
	return call[Plugin](ctx, c, get("plugins", id))
}

// EnablePlugin starts a plugin.
func (c *Client) EnablePlugin(ctx context.Context, id string) (*Plugin, error) {
	return call[Plugin](ctx, c, request{method: http.MethodPost, path: []string{"plugins", id, "enable"}})
}

// DisablePlugin stops a plugin. The last masking plugin is refused (CodeConflict) unless events may be stored unmasked
// from then on.
func (c *Client) DisablePlugin(ctx context.Context, id string, unmasked bool) (*Plugin, error) {
	r := request{method: http.MethodPost, path: []string{"plugins", id, "disable"}}
	if unmasked {
		r.params = url.Values{"unmasked": {"true"}}
	}
	return call[Plugin](ctx, c, r)
}

// Input describes where records come in. Counters count since the host started.
type Input struct {
	Name        string           `json:"name"`
	Kind        string           `json:"kind"`
	Address     []string         `json:"address"`
	Parser      string           `json:"parser,omitempty"`
	State       string           `json:"state"` // stopped, running, waiting or failed
	Records     int64            `json:"records"`
	Bytes       int64            `json:"bytes"`
	Batches     int64            `json:"batches"`
	Decoded     int64            `json:"decoded"`
	Truncated   int64            `json:"truncated"`
	Dropped     map[string]int64 `json:"dropped"` // by reason
	Connections int64            `json:"connections"`
	Accepted    int64            `json:"accepted"`
	Errors      int64            `json:"errors"`
	LastError   string           `json:"last_error,omitempty"`
	LastRecord  time.Time        `json:"last_record,omitzero"`
}

// Inputs lists all inputs.
func (c *Client) Inputs(ctx context.Context) ([]Input, error) {
	a, err := call[struct {
		Inputs []Input `json:"inputs"`
	}](ctx, c, get("inputs"))
	if err != nil {
		return nil, err
	}
	return a.Inputs, nil
}

// Journal is one partition of a journal with its consumer groups.
type Journal struct {
	Name      string  `json:"name"`
	Partition int     `json:"partition"`
	ID        string  `json:"id"`
	First     uint64  `json:"first"` // offsets of the oldest and newest entry
	Last      uint64  `json:"last"`
	Bytes     int64   `json:"bytes"`
	MaxBytes  int64   `json:"max_bytes"` // 0: no bound
	Full      bool    `json:"full"`
	Error     string  `json:"error,omitempty"`
	Groups    []Group `json:"groups"`
}

// Group is a consumer group of a journal.
type Group struct {
	Name      string    `json:"name"`
	Committed uint64    `json:"committed"`
	Lag       uint64    `json:"lag"` // entries behind
	LagBytes  int64     `json:"lag_bytes"`
	Required  bool      `json:"required"`
	Detached  bool      `json:"detached"`
	LastRead  time.Time `json:"last_read,omitzero"`
	Read      uint64    `json:"read"` // the last entry handed out
}

// Consumers lists the journals and how far their consumers are behind.
func (c *Client) Consumers(ctx context.Context) ([]Journal, error) {
	a, err := call[struct {
		Journals []Journal `json:"journals"`
	}](ctx, c, get("consumers"))
	if err != nil {
		return nil, err
	}
	return a.Journals, nil
}

// Replicas tells how many copies of its shards a host's store is to have, and how many it lacks.
type Replicas struct {
	Wanted  int `json:"wanted"`  // copies of each shard, besides itself
	Making  int `json:"making"`  // copies that are being made, of all shards
	Missing int `json:"missing"` // copies that nobody makes: there are fewer nodes than copies, or nodes are full
}

// Replicas asks for the copies of a store that keeps some.
func (c *Client) Replicas(ctx context.Context) (*Replicas, error) {
	return call[Replicas](ctx, c, get("store", "replicas"))
}

// SetReplicas changes how many copies there are, until the host is started again.
func (c *Client) SetReplicas(ctx context.Context, wanted int) (*Replicas, error) {
	q, err := request{method: http.MethodPut, path: []string{"store", "replicas"}}.json(map[string]int{"wanted": wanted})
	if err != nil {
		return nil, err
	}
	return call[Replicas](ctx, c, q)
}

// DeadLetterFilter selects dead letters. The zero value is the newest 100.
type DeadLetterFilter struct {
	// Query is in the language of searches, over id, time, stage, plugin, version, reason, input, device, state (held,
	// not_held or redriven) and text, the line; words without a field are looked for in message and line. Empty is all.
	Query    string
	From, To string // when the event was received, in [From, To), as in Selection
	TimeZone string // of times without one; empty: UTC
	Limit    int    // 1 to 1000; 0 means 100
	Cursor   string // of the page before
}

func (f *DeadLetterFilter) values() url.Values {
	p := url.Values{}
	setText(p, "query", f.Query)
	setText(p, "from", f.From)
	setText(p, "to", f.To)
	setText(p, "time_zone", f.TimeZone)
	setInt(p, "limit", f.Limit)
	setText(p, "cursor", f.Cursor)
	return p
}

// DeadLetter is an event that could not be handled. Its text is masked.
type DeadLetter struct {
	ID      string    `json:"id"`
	Time    time.Time `json:"time"`
	EventID string    `json:"event_id,omitempty"`
	Stage   string    `json:"stage"`
	Plugin  string    `json:"plugin,omitempty"`
	Version string    `json:"version,omitempty"` // of the plugin
	Reason  string    `json:"reason"`
	Message string    `json:"message,omitempty"`
	Input   string    `json:"input,omitempty"`
	Address string    `json:"address,omitempty"` // of the sender
	Host    string    `json:"host,omitempty"`    // host.name
	Text    string    `json:"text,omitempty"`
	// Held says that its record is kept, so that it can be redriven.
	Held     bool      `json:"held"`
	Redriven time.Time `json:"redriven,omitzero"` // when its record was handled again; zero: it was not
}

// RedriveRequest says which letters to redrive: those of IDs, or those that Query, From and To select, as in
// [DeadLetterFilter]; the query * is all of them.
type RedriveRequest struct {
	IDs      []string `json:"ids,omitempty"` // up to 1000
	Query    string   `json:"query,omitempty"`
	From     string   `json:"from,omitempty"`
	To       string   `json:"to,omitempty"`
	TimeZone string   `json:"time_zone,omitempty"`
	DryRun   bool     `json:"dry_run,omitempty"` // only count
}

// RedriveResult counts letters.
type RedriveResult struct {
	Selected int    `json:"selected"`
	Redriven int    `json:"redriven"`         // of a dry run: that would be
	Already  int    `json:"already_redriven"` // before; they are left alone
	NotHeld  int    `json:"not_held"`         // there is no record of them, or not any more
	Unknown  int    `json:"unknown"`          // ids without a letter
	Failed   int    `json:"failed"`           // Error says why; they can be redriven again
	Error    string `json:"error,omitempty"`
	// Notices tell what is likely a mistake in the query.
	Notices []string `json:"notices,omitempty"`
}

// DeadLetterPage is one page of dead letters, newest first.
type DeadLetterPage struct {
	Letters []DeadLetter `json:"letters"`
	Cursor  string       `json:"cursor,omitempty"`  // for the next page; empty: there is none
	Notices []string     `json:"notices,omitempty"` // what is likely a mistake in the query
}

// DeadLetterCounts is how many letters there are of each kind, most letters first.
type DeadLetterCounts struct {
	Counts      []DeadLetterCount `json:"counts"`
	TotalCounts int               `json:"total_counts"` // also those beyond the limit
	Notices     []string          `json:"notices"`
}

// DeadLetterCount is how many letters have the same values.
type DeadLetterCount struct {
	Values  map[string]string `json:"values"` // by field
	Letters int               `json:"letters"`
	Held    int               `json:"held"` // of these, that can be redriven
	First   time.Time         `json:"first"`
	Last    time.Time         `json:"last"`
}

// DeadLetters returns one page.
func (c *Client) DeadLetters(ctx context.Context, f DeadLetterFilter) (*DeadLetterPage, error) {
	return call[DeadLetterPage](ctx, c, get("dead-letters").with(f.values()))
}

// CountDeadLetters counts the letters that f selects by fields: stage, plugin, version, reason, input, device, state.
func (c *Client) CountDeadLetters(ctx context.Context, f DeadLetterFilter, by ...string) (*DeadLetterCounts, error) {
	p := f.values()
	setText(p, "by", strings.Join(by, ","))
	return call[DeadLetterCounts](ctx, c, get("dead-letters", "counts").with(p))
}

// Redrive has the records of dead letters handled again, each once. It may be repeated.
func (c *Client) Redrive(ctx context.Context, r RedriveRequest) (*RedriveResult, error) {
	q, err := request{method: http.MethodPost, path: []string{"dead-letters", "redrive"}}.json(r)
	if err != nil {
		return nil, err
	}
	return call[RedriveResult](ctx, c, q)
}

// Health is how the host is.
type Health struct {
	Status     string      `json:"status"` // ok, degraded or failed: the worst of the components
	Version    string      `json:"version"`
	Store      string      `json:"store"` // kind of the store, e.g. embedded
	Components []Component `json:"components"`
}

// Component is how one part of the host is.
type Component struct {
	Name   string `json:"name"`
	Status string `json:"status"`
	Reason string `json:"reason,omitempty"` // why it is not ok
	Advice string `json:"advice,omitempty"` // what an admin can do
}

// Health returns how each part of the host is, and why.
func (c *Client) Health(ctx context.Context) (*Health, error) {
	return call[Health](ctx, c, get("health"))
}

// Version is the version of the host. Unlike [Client.Health], it is for every token.
func (c *Client) Version(ctx context.Context) (string, error) {
	a, err := call[struct {
		Info struct {
			Version string `json:"version"`
		} `json:"info"`
	}](ctx, c, get("openapi.json"))
	if err != nil {
		return "", err
	}
	return a.Info.Version, nil
}

// Stream is a named saved query.
type Stream struct {
	Name        string    `json:"name"`
	Description string    `json:"description,omitempty"`
	Query       string    `json:"query"`
	Origin      string    `json:"origin"` // config or api; those of the configuration change there only
	Updated     time.Time `json:"updated,omitzero"`
}

// Streams lists all streams by name.
func (c *Client) Streams(ctx context.Context) ([]Stream, error) {
	a, err := call[struct {
		Streams []Stream `json:"streams"`
	}](ctx, c, get("streams"))
	if err != nil {
		return nil, err
	}
	return a.Streams, nil
}

// Stream returns one stream.
func (c *Client) Stream(ctx context.Context, name string) (*Stream, error) {
	return call[Stream](ctx, c, get("streams", name))
}

// PutStream makes a stream or replaces it.
func (c *Client) PutStream(ctx context.Context, name, query, description string) (*Stream, error) {
	q, err := request{method: http.MethodPut, path: []string{"streams", name}}.json(map[string]string{"query": query, "description": description})
	if err != nil {
		return nil, err
	}
	return call[Stream](ctx, c, q)
}

// DeleteStream removes a stream. The events it selected stay.
func (c *Client) DeleteStream(ctx context.Context, name string) error {
	return c.nothing(ctx, request{method: http.MethodDelete, path: []string{"streams", name}})
}
