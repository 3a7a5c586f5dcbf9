package api

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/logcenter/logcenter/host/deadletter"
	"github.com/logcenter/logcenter/host/drift"
	"github.com/logcenter/logcenter/host/filestore"
	"github.com/logcenter/logcenter/host/input"
	"github.com/logcenter/logcenter/host/input/upload"
	"github.com/logcenter/logcenter/host/journal"
	"github.com/logcenter/logcenter/host/rollout"
	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/host/stream"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/query"
)

// What the API asks of the other parts of the host. All methods are called from several goroutines at once
// and answer within the context's deadline.

// Scoper knows who a token belongs to.
type Scoper interface {
	// Caller returns who sent the token, or [ErrToken].
	Caller(ctx context.Context, token string) (Caller, error)
}

// Caller is who makes a request.
type Caller struct {
	Name  string      // for logs and audit
	Admin bool        // may change things, and see what is about the host rather than its events
	Scope store.Scope // the events the caller may see
}

// Errors by which other parts tell the API what to answer. They may be wrapped; the text goes to the caller.
var (
	ErrToken    = errors.New("the token is not valid")
	ErrNotFound = errors.New("not found")
	// ErrConflict means that a request makes no sense in the present state.
	ErrConflict = errors.New("conflict")
	// ErrBusy means that the caller should try again later.
	ErrBusy = errors.New("busy")
)

// Plugins is the plugin supervisor.
type Plugins interface {
	List(ctx context.Context) ([]PluginInfo, error)
	// Info returns one plugin, or ErrNotFound.
	Info(ctx context.Context, id string) (PluginInfo, error)
	// Enable starts a plugin for by, a caller's name, and returns how it is afterwards. Enabling a quarantined plugin
	// gives it another chance. ErrConflict if it may not run, e.g. because two plugins disagree on a field's type.
	Enable(ctx context.Context, id, by string) (PluginInfo, error)
	// Disable stops a plugin for by and returns how it is afterwards. The last masker is refused with ErrConflict, unless
	// events may be stored unmasked from then on.
	Disable(ctx context.Context, id, by string, unmasked bool) (PluginInfo, error)
	// Reconfigure gives a plugin the settings that the configuration's file has for it now; check only asks the plugin
	// whether it takes them. ErrConflict if it does not, or the file cannot be read; then nothing has changed.
	Reconfigure(ctx context.Context, id string, check bool) (Reconfigured, error)
	// Upgrade brings in another version, see [rollout.Manager]; ErrConflict if it cannot be.
	Upgrade(ctx context.Context, id string, to NewVersion, o rollout.Options) (rollout.Report, error)
	Promote(ctx context.Context, id string) (rollout.Report, error)
	Abort(ctx context.Context, id string) (rollout.Report, error)
	Rollback(ctx context.Context, id string) (rollout.Report, error)
	// Rollout is the one under way, or the last one; ErrConflict if there was none.
	Rollout(ctx context.Context, id string) (rollout.Report, error)
}

// NewVersion says where a version is. The zero value is the package of the plugin that was installed last.
type NewVersion struct {
	Digest string // of an installed package
	Folder string // on the host's machine, below a folder of plugins.dirs
}

// Reconfigured is what came of reading a plugin's settings again.
type Reconfigured struct {
	Changed bool       `json:"changed"` // the settings are, or with Checked would be, others than before
	Checked bool       `json:"checked"` // nothing was done: the plugin was only asked
	Plugin  PluginInfo `json:"plugin"`
}

// Packages is the folder of the plugins that were installed from packages.
type Packages interface {
	// List returns all packages, by id, the newest first.
	List(ctx context.Context) ([]PackageInfo, error)
	// Info finds a package by its digest, of which the first 12 digits do; ErrNotFound.
	Info(ctx context.Context, digest string) (PackageInfo, error)
	// Install checks the package that body is, and installs it for by, a caller's name; with dry it is only checked. A
	// *pack.Error says why it is refused.
	Install(ctx context.Context, body io.Reader, by string, dry bool) (PackageInfo, error)
	// Remove removes a package; ErrConflict if it is active and its plugin is not disabled.
	Remove(ctx context.Context, digest string) error
}

// PackageInfo describes a package of a plugin.
type PackageInfo struct {
	ID          string           `json:"id"`
	Kind        string           `json:"kind"`
	Version     string           `json:"version"`
	Description string           `json:"description,omitempty"`
	Digest      string           `json:"digest"`              // SHA-256 of the package's file
	Size        int64            `json:"size"`                // of the file in bytes
	Platforms   []string         `json:"platforms,omitempty"` // OS-ARCH; missing: all
	Signer      *SignerInfo      `json:"signer,omitempty"`    // nil: it is not signed
	Certificate *CertificateInfo `json:"certificate,omitempty"`
	Permissions []string         `json:"permissions"`
	Compared    string           `json:"compared,omitempty"` // version of the plugin that this host has, if it is another
	More        []string         `json:"more,omitempty"`     // permissions that the one compared does not have
	Fewer       []string         `json:"fewer,omitempty"`    // permissions that only the one compared has
	Active      bool             `json:"active"`             // it is what runs under its id when that is enabled
	Previous    bool             `json:"previous"`           // it was before the active one
	Refused     string           `json:"refused,omitempty"`  // why it may not be activated any more
	InstalledAt time.Time        `json:"installed_at,omitzero"`
	InstalledBy string           `json:"installed_by,omitempty"`
}

// SignerInfo is who signed a package.
type SignerInfo struct {
	Name      string `json:"name,omitempty"` // as the configuration calls the key; empty: it does not know it
	KeyID     string `json:"key_id"`
	PublicKey string `json:"public_key,omitempty"`
	Trusted   bool   `json:"trusted"` // its plugins may share memory with the host
}

// CertificateInfo sums up the certificate of a package.
type CertificateInfo struct {
	TestedAt  time.Time `json:"tested_at"`
	Logcenter string    `json:"logcenter"` // version that tested
	Checks    int       `json:"checks"`
	Failed    []string  `json:"failed,omitempty"` // names of checks
	Lines     int       `json:"lines"`
	Fields    int       `json:"fields"`
	MsPerMB   float64   `json:"ms_per_mb"`
	NsPerLine float64   `json:"ns_per_line,omitempty"`
	Parsed    float64   `json:"parsed,omitempty"` // part of ordinary lines, 0 to 1; 0: not a parser
}

// PluginInfo describes a plugin. Counters count since the host started.
type PluginInfo struct {
	ID           string          `json:"id"`
	Kind         string          `json:"kind"` // parser, enricher, masker, detector or notifier
	Version      string          `json:"version"`
	Description  string          `json:"description,omitempty"`
	State        string          `json:"state"`            // running, disabled, quarantined, starting or failed
	Reason       string          `json:"reason,omitempty"` // why it is not running, or runs in place of its package
	PID          int             `json:"pid,omitempty"`    // 0: no process
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
	Accepts      json.RawMessage `json:"accepts,omitempty"` // the manifest's recognisers
	Reads        []string        `json:"reads,omitempty"`
	Writes       []string        `json:"writes,omitempty"`
	ConfigSchema json.RawMessage `json:"config_schema,omitempty"` // JSON Schema
	Severity     []Level         `json:"severity,omitempty"`      // what the device's words mean

	Origin      string           `json:"origin,omitempty"`      // folder, which the admin keeps in plugins.dirs, or package
	Folder      string           `json:"folder,omitempty"`      // where it lies
	Instead     string           `json:"instead_of,omitempty"`  // folder of the same id in plugins.dirs that the package goes before
	Digest      string           `json:"digest,omitempty"`      // of the package
	Signer      *SignerInfo      `json:"signer,omitempty"`      // of the package; nil: it is not signed
	Certificate *CertificateInfo `json:"certificate,omitempty"` // of the package
	InstalledAt time.Time        `json:"installed_at,omitzero"`
	InstalledBy string           `json:"installed_by,omitempty"`
	May         []string         `json:"may,omitempty"` // what its manifest lets it do, one thing each
	// EnabledInConfig is what the configuration says, which wins at every start; nil: nothing.
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

// Streams keeps the named selections; *[stream.Set] does.
type Streams interface {
	List() []stream.Stream
	Get(name string) (stream.Stream, error)
	Put(s stream.Stream) (kept stream.Stream, created bool, err error)
	Delete(name string) error
}

// Inputs lists where records come in.
type Inputs interface {
	List(ctx context.Context) ([]input.Stats, error)
}

// Consumers lists the journals with their consumer groups.
type Consumers interface {
	List(ctx context.Context) ([]JournalInfo, error)
}

// JournalInfo is one partition of a journal.
type JournalInfo struct {
	Name      string // raw or events
	Partition int
	ID        string
	Stats     journal.Stats
}

// DeadLetters is the list of events that could not be handled. What it shows is masked.
type DeadLetters interface {
	// List returns a page of letters newest first, behind the one of a cursor; store.ErrCursor if that is not valid.
	List(ctx context.Context, f deadletter.Filter, cursor string, limit int) (DeadLetterPage, error)
	// Count counts letters by some of deadletter.Grouping, most letters first.
	Count(ctx context.Context, f deadletter.Filter, by []string) ([]DeadLetterCount, error)
	// Redrive has the records of letters handled again.
	Redrive(ctx context.Context, r RedriveRequest) (RedriveResult, error)
}

// RedriveRequest says which letters to redrive: those of IDs, or else those that Filter selects.
type RedriveRequest struct {
	IDs    []string
	Filter deadletter.Filter
	DryRun bool // only count
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

// DeadLetterPage is one page of dead letters.
type DeadLetterPage struct {
	Letters []DeadLetter `json:"letters"`
	Cursor  string       `json:"cursor,omitempty"` // for the next page; empty: there is none
	Notices []string     `json:"notices,omitempty"`
}

// DeadLetterCount is how many letters have the same values.
type DeadLetterCount struct {
	Values  map[string]string `json:"values"` // by field
	Letters int               `json:"letters"`
	Held    int               `json:"held"` // of these, that can be redriven
	First   time.Time         `json:"first"`
	Last    time.Time         `json:"last"`
}

// DeadLetter is an event that could not be handled.
type DeadLetter struct {
	ID      string    `json:"id"`
	Time    time.Time `json:"time"` // when it was received
	EventID string    `json:"event_id,omitempty"`
	Stage   string    `json:"stage"` // parser, enricher, masker or store
	Plugin  string    `json:"plugin,omitempty"`
	Version string    `json:"version,omitempty"` // of the plugin
	Reason  string    `json:"reason"`            // a code, e.g. poison
	Message string    `json:"message,omitempty"`
	Input   string    `json:"input,omitempty"`
	Address string    `json:"address,omitempty"` // of the sender
	Host    string    `json:"host,omitempty"`    // host.name
	Text    string    `json:"text,omitempty"`    // the masked line; empty where masking did not happen
	// Held says that its record is kept, so that it can be redriven.
	Held     bool      `json:"held"`
	Redriven time.Time `json:"redriven,omitzero"` // when its record was handled again; zero: it was not
}

// Drift knows the devices whose lines have changed; *[drift.Tracker] does.
type Drift interface {
	// Keys returns what is usual and what is now, by device, plugin and dataset.
	Keys(f drift.Filter) []drift.Key
	// Drifts returns the changes, open ones first, then the newest.
	Drifts(f drift.Filter) []drift.Drift
	// Accept takes an open change for usual; drift.ErrUnknown if there is none with this id.
	Accept(id string) error
}

// Tail hands out events as they are stored.
type Tail interface {
	// Subscribe delivers the events that n selects within the scope, until ctx is done or the host stops,
	// which closes the channel. A slow reader loses events; dropped says how many since the start. A nil n
	// selects all. The reader must not change what it receives.
	Subscribe(ctx context.Context, n query.Node, s store.Scope) (events <-chan []store.Event, dropped func() uint64, err error)
}

// Health knows how the parts of the host are.
type Health interface {
	Components(ctx context.Context) ([]Component, error)
}

// Component is the health of one part of the host.
type Component struct {
	Name   string `json:"name"`
	Status string `json:"status"`           // ok, degraded or failed
	Reason string `json:"reason,omitempty"` // why it is not ok
	Advice string `json:"advice,omitempty"` // what an admin can do
	// Partial says that the host does the rest of its work when this part has failed: it is degraded then.
	Partial bool `json:"-"`
	// Kind is what the component is one of, such as plugin, and Object which one; State is its state in a word, empty if
	// Status says all, and Level how bad that is, empty for what goes by Status. They are for events of the host about itself.
	Kind, Object, State string       `json:"-"`
	Level               ecs.Severity `json:"-"`
}

// The values of Component.Status, best first.
const (
	StatusOK       = "ok"
	StatusDegraded = "degraded"
	StatusFailed   = "failed"
)

// Ingest gives access to the HTTP inputs.
type Ingest interface {
	// Handler is what takes the requests of an input; nil if no HTTP input has the name. The handler limits
	// and answers the request by itself; the API has checked the token.
	Handler(input string) http.Handler
	// Authorized says whether token is the one that the configuration gives to an input's senders, compared
	// in constant time. API tokens of admins are good for every input.
	Authorized(input, token string) bool
	// Sender is the input whose senders have this token, compared in constant time. They may also give files.
	Sender(token string) (input string, ok bool)
}

// Files keeps files and videos.
type Files interface {
	// Put stores a file and makes its record durable, see [upload.Input.Put].
	Put(ctx context.Context, f upload.File, body io.Reader, size int64) (*upload.Stored, error)
	// Open opens the file with a SHA-256; filestore.ErrNotFound if it is not kept, filestore.ErrDamaged if it
	// is not what was stored.
	Open(sha string) (*filestore.File, error)
}
