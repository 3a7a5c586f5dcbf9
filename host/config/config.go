// Package config is logcenter.yaml: the structs in this package are its only description. Their fields, tags
// and doc comments make the defaults, the checks, the example file and the JSON Schema (see package
// sdk/schema).
//
// Secrets are never in the file: fields that end in _file name a file, fields that end in _env an
// environment variable. Nothing else is expanded.
package config

import (
	"path/filepath"
	"time"

	"github.com/logcenter/logcenter/sdk/document"
	"github.com/logcenter/logcenter/sdk/manifest"
	"github.com/logcenter/logcenter/sdk/schema"
)

//go:generate go run github.com/logcenter/logcenter/sdk/schema/docsgen -out docs_gen.go -package config .

// Config is the configuration of a host. Relative paths in it start at the folder of the file it was read
// from, see [Config.Path].
type Config struct {
	// DataDir is the folder that holds all that the host keeps: journals, store, tokens. One host uses it at a time.
	DataDir string `yaml:"data_dir" default:"data"`
	// HTTP is the API and the HTTP inputs.
	HTTP HTTP `yaml:"http"`
	// Log is what the host tells about itself, on stderr.
	Log Log `yaml:"log"`
	// Inputs are where records come in. Without the key, there are a syslog input on 127.0.0.1:5514 (UDP and
	// TCP) and an HTTP input, called syslog and http; an empty list means none.
	Inputs []Input `yaml:"inputs"`
	// Journal keeps what was received until it is stored.
	Journal Journal `yaml:"journal"`
	// Store is where events are searched.
	Store Store `yaml:"store"`
	// Retention says how long events are searchable and how long they are archived.
	Retention Retention `yaml:"retention"`
	// Archive is where events go when their online days are over.
	Archive Archive `yaml:"archive"`
	// Plugins parse, enrich, mask, watch and notify; each is a process of its own.
	Plugins Plugins `yaml:"plugins"`
	// Pipeline moves records through the plugins.
	Pipeline Pipeline `yaml:"pipeline"`
	// Drift watches whether devices go on writing their lines as they did.
	Drift Drift `yaml:"drift"`
	// Self is what the host notices about itself, in its health and as events.
	Self Self `yaml:"self"`
	// Classification are rules that say what kind of event an event is, where its device's parser does not know. They are
	// asked in this order; for each field the first one that matches counts. SIGHUP reads them again.
	Classification []ClassificationRule `yaml:"classification"`
	// Streams are named selections of events. More can be made by the API; these only change here.
	Streams []Stream `yaml:"streams"`
	// Watchlists are lists of values that queries ask for: field:list(name).
	Watchlists Watchlists `yaml:"watchlists"`
	// Alerts say what is to be looked for, and who is told.
	Alerts Alerts `yaml:"alerts"`
	// Limits bound what users of the API can ask for.
	Limits Limits `yaml:"limits"`
	// Files are files and videos that are kept beside the events that tell of them.
	Files Files `yaml:"files"`

	dir      string             // where relative paths start; empty is the working directory
	document *document.Document // the file; nil if there is none
}

// HTTP configures the listener.
type HTTP struct {
	// Listen is the address and port of the API. Addresses other than loopback should have TLS.
	Listen string `yaml:"listen" default:"127.0.0.1:8080"`
	// TLS makes it HTTPS.
	TLS *TLS `yaml:"tls"`
	// OpenMetrics serves /metrics without a token.
	OpenMetrics bool `yaml:"open_metrics" default:"false"`
}

// TLS is a server's certificate.
type TLS struct {
	// CertFile is the certificate with its chain, in PEM.
	CertFile string `yaml:"cert_file" required:"true"`
	// KeyFile is the private key, in PEM, readable by the host's user only.
	KeyFile string `yaml:"key_file" required:"true"`
	// ClientCAFile, if set, asks clients for a certificate of one of these authorities, in PEM.
	ClientCAFile string `yaml:"client_ca_file"`
}

// Log configures the host's log.
type Log struct {
	// Level is the least important level that is written.
	Level string `yaml:"level" default:"info" enum:"debug,info,warn,error"`
	// Format is text for people or json for machines.
	Format string `yaml:"format" default:"text" enum:"text,json"`
}

// Journal configures both journals.
type Journal struct {
	// Raw holds records as received. Once a record is in it, its sender is answered.
	Raw RawJournal `yaml:"raw"`
	// Event holds finished, masked events until store, alerts and feeds have read them.
	Event EventJournal `yaml:"event"`
}

// RawJournal configures the journal of what was received.
type RawJournal struct {
	// MaxBytes bounds it on disk. When it is full, senders wait and datagrams are lost and counted.
	MaxBytes schema.Bytes `yaml:"max_bytes" default:"8GiB" min:"1MiB"`
	// KeyFile is a file with 32 bytes, raw, in hexadecimal or in base64, by which the journal is encrypted
	// (AES-256-GCM). Empty leaves it unencrypted, readable by the host's user only.
	KeyFile string `yaml:"key_file"`
	// Sync answers a sender only when the disk has its records. Without it a power cut, not a killed host,
	// loses what was answered last.
	Sync bool `yaml:"sync" default:"true"`
}

// EventJournal configures the journal of finished events.
type EventJournal struct {
	// MaxBytes bounds it on disk. When it is full because the store cannot keep up, the raw journal grows.
	MaxBytes schema.Bytes `yaml:"max_bytes" default:"8GiB" min:"1MiB"`
	// KeyFile encrypts this journal, as that of the raw one does.
	KeyFile string `yaml:"key_file"`
	// Sync is as that of the raw journal; events that are lost with it are made again from raw records.
	Sync bool `yaml:"sync" default:"true"`
}

// Store configures where events are searched.
type Store struct {
	// Kind is embedded for the store inside the host, elasticsearch for a cluster of Elasticsearch or OpenSearch, or
	// none to keep no events.
	Kind string `yaml:"kind" default:"embedded" enum:"embedded,elasticsearch,none"`
	// Elasticsearch says where the cluster is, for that kind only. The keys beside it are for embedded.
	Elasticsearch *Elasticsearch `yaml:"elasticsearch"`
	// Memory bounds what searches use, an eighth of it for what charts that are shown again know of segments.
	Memory schema.Bytes `yaml:"memory" default:"1GiB" min:"128MiB"`
	// Threads is how many processors searches use; 0 is all.
	Threads int `yaml:"threads" default:"0" min:"0" max:"1024"`
	// FlushBytes is how much raw log is gathered in memory before a segment is written.
	FlushBytes schema.Bytes `yaml:"flush_bytes" default:"32MiB" min:"1MiB" max:"4GiB"`
	// FlushEvery is the longest that events stay in memory only; the journal has them, too.
	FlushEvery time.Duration `yaml:"flush_every" default:"1m" min:"1s" max:"1h"`
	// TailBytes bounds the memory of events that are not in segments yet; at the bound the store's consumer
	// waits for the disk.
	TailBytes schema.Bytes `yaml:"tail_bytes" default:"96MiB" min:"16MiB"`
}

// Plugins configures plugins.
type Plugins struct {
	// Dirs are searched for plugins: each folder in them with a plugin.yaml is one. Without the key it is the
	// folder plugins beside the host's binary. Folders below them, and no others, may also be named to upgrade a plugin.
	Dirs []string `yaml:"dirs"`
	// Sandbox confines plugins to what their manifests ask for and you granted: on with what the kernel has
	// (`logcenter plugin sandbox` says what that is), required starts none if the kernel lacks Landlock or seccomp, off
	// confines nothing, which is for finding faults only.
	Sandbox string `yaml:"sandbox" default:"on" enum:"on,off,required"`
	// Settings are those of single plugins, by their ids. Plugins without any run with their defaults.
	Settings map[string]Plugin `yaml:"settings"`
	// Trust says which packages can be installed. Folders in dirs are the admin's own and need no signature.
	Trust Trust `yaml:"trust"`
}

// Plugin configures one plugin.
type Plugin struct {
	// Enabled starts the plugin, or does not. Without the key the plugin is as an admin last switched it, and enabled at
	// first. With it, switching by the API lasts until the host is started again.
	Enabled *bool `yaml:"enabled"`
	// Config is the plugin's own; `logcenter plugin info ID` shows what may be set.
	Config map[string]any `yaml:"config"`
	// Transport is how batches travel: shm shares memory with the plugin if its manifest says that it is
	// trusted, socket sends them through a Unix socket, which is slower.
	Transport string `yaml:"transport" default:"shm" enum:"shm,socket"`
	// Grant gives the plugin permissions that its manifest asks for; `logcenter plugin info ID` lists them. What its
	// config names, such as the file of a database, needs no grant.
	Grant Grant `yaml:"grant"`
	// Limits bound what the plugin uses, in place of what its manifest says.
	Limits PluginLimits `yaml:"limits"`
	// Severity says what a word or number of the device means in log.level, in place of what the plugin's own table says,
	// e.g. {'3': Error, '4-6': Warn, emerg: Fatal}; `logcenter plugin severity ID` shows both.
	Severity map[string]string `yaml:"severity" enum:"Debug,Info,Warn,Error,Fatal"`
}

// Validate checks what tags cannot say.
func (p *Plugin) Validate() error {
	if _, err := manifest.ParseSeverities(p.Severity); err != nil {
		return &schema.Error{Path: "severity", Msg: err.Error()}
	}
	return nil
}

// Grant lists permissions.
type Grant struct {
	// Network are addresses that may be connected to, as HOST:PORT; either may be *.
	Network []string `yaml:"network"`
	// Files are files, and folders with all below them, that may be read.
	Files []string `yaml:"files"`
	// Write are folders in which anything may be changed.
	Write []string `yaml:"write"`
}

// PluginLimits bound a plugin. 0 leaves what the manifest says, or else the default.
type PluginLimits struct {
	// Memory is what all processes of the plugin may have in memory, 1 GiB unless the manifest says more or less. Above
	// it the plugin is started again.
	Memory schema.Bytes `yaml:"memory" default:"0" max:"1TiB"`
	// CPU is how many processors they may run on, all unless the manifest says otherwise.
	CPU int `yaml:"cpu" default:"0" min:"0" max:"4096"`
	// Processes is how many there may be, 1 unless the manifest says otherwise.
	Processes int `yaml:"processes" default:"0" min:"0" max:"4096"`
}

// Pipeline configures the way of records through the plugins.
type Pipeline struct {
	// Workers is how many batches are in work at once; 0 is one for each processor.
	Workers int `yaml:"workers" default:"0" min:"0" max:"1024"`
	// BatchBytes is how much raw log makes a batch.
	BatchBytes schema.Bytes `yaml:"batch_bytes" default:"768KiB" min:"4KiB" max:"16MiB"`
}

// Drift configures the alarm for devices that begin to write their lines differently, as after new firmware: lines that
// no parser claims or that a parser rejects, and events that lack fields.
type Drift struct {
	// Enabled watches; nothing is learned without it.
	Enabled bool `yaml:"enabled" default:"true"`
	// Effect is how much the share of a device's lines that are not parsed, or that no parser claims, must rise: 0.05 is
	// from 1 % to 6 %.
	Effect float64 `yaml:"effect" default:"0.05" min:"0.001" max:"1"`
	// FieldEffect is how much the share of events that have a field must fall. Only fields that nearly all events have
	// are judged.
	FieldEffect float64 `yaml:"field_effect" default:"0.5" min:"0.1" max:"1"`
	// LearnLines is how many lines of a device are learned from before anything is judged.
	LearnLines int `yaml:"learn_lines" default:"500" min:"100" max:"1000000"`
	// MinLines is how many lines must be bad.
	MinLines int `yaml:"min_lines" default:"50" min:"10" max:"1000000"`
	// Persist is how long lines must be bad; 0 raises the alarm for a burst of them as well.
	Persist time.Duration `yaml:"persist" default:"1m" min:"0s" max:"24h"`
	// AcceptAfter is how long an alarm lasts until what changed is taken for usual.
	AcceptAfter time.Duration `yaml:"accept_after" default:"24h" min:"1m" max:"2160h"`
	// RowsPerSecond bounds how many events are looked at; when more come, whole batches are left out, so that a busy
	// host is not slowed down.
	RowsPerSecond int `yaml:"rows_per_second" default:"10000" min:"100" max:"10000000"`
	// MaxKeys bounds how many devices times parsers times datasets are kept in memory, at most 16 kB each. Those that
	// have been silent for longest go first.
	MaxKeys int `yaml:"max_keys" default:"2000" min:"100" max:"100000"`
}

// Self configures from when on the host's own state is trouble, which its health shows, and the events that tell of it. They
// come by the input self, and are parsed by the plugin logcenter.
type Self struct {
	// Enabled has the host write an event when something about itself changes: a plugin is quarantined, the store is down,
	// a certificate runs out. Without it neither lags nor certificates nor dead letters are watched.
	Enabled bool `yaml:"enabled" default:"true"`
	// CheckEvery is how often the host looks at itself.
	CheckEvery time.Duration `yaml:"check_every" default:"5s" min:"100ms" max:"5m"`
	// After is how long trouble that comes and goes, as of a store or an input, must last until it is told; 0 tells it at once.
	After time.Duration `yaml:"after" default:"10s" min:"0s" max:"1h"`
	// Over is how long it must be over until that is told; 0 tells it at once.
	Over time.Duration `yaml:"over" default:"1m" min:"0s" max:"1h"`
	// JournalFull is from which part of its bound on a journal is called filling.
	JournalFull float64 `yaml:"journal_full" default:"0.8" min:"0.2" max:"1"`
	// Lag is how far plugins may be behind with what came in, and store, alerts and other readers with events.
	Lag time.Duration `yaml:"lag" default:"2m" min:"1s" max:"1h"`
	// DeadLetters is how many events may become dead letters within ten minutes.
	DeadLetters int `yaml:"dead_letters" default:"100" min:"1" max:"1000000000"`
	// CertificateWarn is how long before its end a certificate is said to be expiring, and CertificateUrgent from when on
	// that is urgent.
	CertificateWarn time.Duration `yaml:"certificate_warn" default:"720h" min:"1h" max:"8760h"`
	// CertificateUrgent is less than CertificateWarn.
	CertificateUrgent time.Duration `yaml:"certificate_urgent" default:"168h" min:"1h" max:"8760h"`
}

// Validate checks what tags cannot say.
func (s *Self) Validate() error {
	if s.CertificateUrgent > s.CertificateWarn {
		return &schema.Error{Path: "certificate_urgent", Msg: "is longer before the end than certificate_warn", Hint: "a certificate is expiring first, then that is urgent"}
	}
	return nil
}

// Stream is a named selection of events.
type Stream struct {
	// Name is 1 to 64 lower-case letters, digits, dots, underscores and dashes.
	Name string `yaml:"name" required:"true"`
	// Query selects the events; * is all of them.
	Query string `yaml:"query" required:"true"`
	// Description tells people what the stream is for.
	Description string `yaml:"description"`
}

// Watchlists configures where lists come from beside the API.
type Watchlists struct {
	// Directory is a folder whose files NAME.TYPE.csv are lists; TYPE is ip, domain, hash, user or keyword. They are read
	// again when they change. Empty is none.
	Directory string `yaml:"directory"`
}

// Alerts configures what is looked for.
type Alerts struct {
	// Rules is a folder whose files *.yaml have rules, beside those that plugins ship and those made by the API. SIGHUP
	// reads them again. Empty is none.
	Rules string `yaml:"rules"`
	// Records is how alerts are grouped and kept.
	Records AlertRecords `yaml:"records"`
	// Routes say where alerts go whose rules name no channels. They are asked in this order; the first one that matches
	// decides, unless it says continue. What no route matches goes to all notifiers. SIGHUP reads them, and the keys below,
	// again.
	Routes []AlertRoute `yaml:"routes"`
	// Escalations tell of alerts that nobody has acknowledged.
	Escalations []AlertEscalation `yaml:"escalations"`
	// Channels bound how channels are used, by their names.
	Channels map[string]AlertChannel `yaml:"channels"`
	// Outbox bounds what is kept of deliveries.
	Outbox AlertOutbox `yaml:"outbox"`
}

// Limits bounds users.
type Limits struct {
	// Searches is how many searches, aggregations and exports run at once; more wait a little, then are refused.
	Searches int `yaml:"searches" default:"8" min:"1" max:"1024"`
	// SearchTimeout bounds one of them.
	SearchTimeout time.Duration `yaml:"search_timeout" default:"1m" min:"1s" max:"1h"`
}

// Files configures what is given to the host at /api/v1/files. It lies in the folder files of data_dir. What is given
// is kept as long as events of its device type are, online and in the archive.
type Files struct {
	// MaxBytes bounds a file; what is larger is refused as a whole.
	MaxBytes schema.Bytes `yaml:"max_bytes" default:"4GiB" min:"1KiB" max:"256GiB"`
	// TotalBytes bounds all of them on disk; when they are more, files are refused until old ones have gone.
	TotalBytes schema.Bytes `yaml:"total_bytes" default:"64GiB" min:"1MiB"`
	// KeepFree is how much of the disk is left to logs: with less free, files are refused; 0 leaves nothing.
	KeepFree schema.Bytes `yaml:"keep_free" default:"1GiB"`
}

// Default is the configuration of a host that was given none. Relative paths start at the working directory.
func Default() *Config {
	c := &Config{}
	if err := schema.Decode(nil, c); err != nil {
		panic(err) // a test decodes the defaults
	}
	return c
}

// JSONSchema describes logcenter.yaml for editors and other tools (draft 2020-12).
func JSONSchema() []byte { return schema.JSONSchema(Config{}, docs) }

// Path is where p, a path from the configuration, leads, as an absolute path: relative ones start at the
// configuration's folder. "" stays "".
func (c *Config) Path(p string) string {
	if p == "" || filepath.IsAbs(p) {
		return p
	}
	p = filepath.Join(c.dir, p)
	if abs, err := filepath.Abs(p); err == nil { // it fails where there is no working directory
		return abs
	}
	return p
}
