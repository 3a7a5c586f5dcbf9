// Command asset adds what lists of assets know of an event: which asset it came from, who answers for it, which
// business system it belongs to, and which assets its addresses are.
//
// Lists are files, CSV, YAML or JSON, and services that answer JSON. They are read again when they change; one that
// has faults is not taken, and the one before stays.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/schema"
	"github.com/logcenter/logcenter/sdk/watch"
)

// Config is what an admin may set for this plugin.
type Config struct {
	// Sources are the lists of assets. What two of them say the earlier one decides: an asset with an id that an
	// earlier list has is left out, and so is a host name, a tag or a network. None means that there are no assets.
	Sources []Source `yaml:"sources"`
	// Reload is how often to look whether a file has changed.
	Reload time.Duration `yaml:"reload" default:"10s" min:"100ms" max:"1d"`
	// Cache is a folder in which the last good answer of each url is kept, so that its assets are known after a restart
	// while the service is down. Empty keeps it in memory only.
	Cache string `yaml:"cache"`
	// Fields are the parts of asset.* that are set, of the asset that an event came from.
	Fields []string `yaml:"fields" default:"id,name,type,owner,department,system,criticality,zone,tags" enum:"id,name,type,owner,department,system,criticality,zone,tags"`
	// ConnectionFields are the parts of source.asset.* and destination.asset.* that are set; zone is source.zone and
	// destination.zone. Each costs storage with every event.
	ConnectionFields []string `yaml:"connection_fields" default:"id,name,type,owner,department,system,criticality,zone" enum:"id,name,type,owner,department,system,criticality,zone"`
}

// Validate says what the tags cannot.
func (c *Config) Validate() error {
	if len(c.Sources) > mostSources {
		return &schema.Error{Path: "sources", Msg: fmt.Sprintf("has %d lists", len(c.Sources)), Hint: fmt.Sprintf("at most %d", mostSources)}
	}
	return nil
}

// mostSources bounds the lists: an asset's is looked for one by one.
const mostSources = 16

type enricher struct {
	plan  plan
	table atomic.Pointer[table]

	mu      sync.Mutex
	sources []Source
	lists   []*list // of sources; nil where there was none yet

	files  *watch.Files
	cancel context.CancelFunc
	feeds  sync.WaitGroup
}

// firstAnswer is how long the start waits for services whose last answer is not at hand.
const firstAnswer = 5 * time.Second

// New reads the files, and what is known of the services. A file with faults refuses the config; a service that does
// not answer is asked again later. The enricher is safe for concurrent use.
func New(c Config) (sdk.Enricher, error) {
	e := &enricher{plan: newPlan(&c), sources: c.Sources, lists: make([]*list, len(c.Sources))}
	if c.Cache != "" {
		if st, err := os.Stat(c.Cache); err != nil || !st.IsDir() {
			return nil, &schema.Error{Path: "cache", Msg: c.Cache + " is no folder", Hint: "make it, and give it to the user that the host runs as"}
		}
	}
	var paths []string
	for _, s := range c.Sources {
		if s.Path != "" {
			paths = append(paths, s.Path)
		}
	}
	e.files = watch.New(paths...)
	var feeds []*feed
	for i := range c.Sources {
		s := &c.Sources[i]
		if s.URL != "" {
			f, err := newFeed(s, i, c.Cache)
			if err != nil {
				return nil, schema.Under(schema.Index("sources", i), err)
			}
			feeds = append(feeds, f)
			continue
		}
		l, err := s.readFile()
		if l == nil {
			return nil, &schema.Error{Path: schema.Index("sources", i) + ".path", Msg: err.Error()}
		}
		tell(err)
		e.lists[i] = l
	}
	e.publish()
	e.files.Start(c.Reload, e.changed)
	e.follow(feeds)
	return e, nil
}

// follow starts to ask the services, and waits a while for those of which nothing is known.
func (e *enricher) follow(feeds []*feed) {
	ctx, cancel := context.WithCancel(context.Background())
	e.cancel = cancel
	var first sync.WaitGroup
	for _, f := range feeds {
		if l := f.last(); l != nil {
			e.take(f.source, l)
		} else {
			first.Add(1)
		}
		known := e.lists[f.source] != nil
		e.feeds.Go(func() {
			f.run(ctx, func(l *list) { e.take(f.source, l) }, func() {
				if !known {
					known = true
					first.Done()
				}
			})
		})
	}
	waited := make(chan struct{})
	go func() { first.Wait(); close(waited) }()
	select {
	case <-waited:
	case <-time.After(firstAnswer):
	}
}

// take puts a list in the place of the one before.
func (e *enricher) take(source int, l *list) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.lists[source] = l
	t := e.publish()
	fmt.Fprintf(os.Stderr, "%s was read: assets %d, of all lists %d", e.sources[source].name(), len(l.assets), t.size()-t.hidden)
	if t.hidden > 0 {
		fmt.Fprintf(os.Stderr, ", and %d whose ids stand in a list before", t.hidden)
	}
	fmt.Fprintln(os.Stderr)
}

// publish makes the table of all lists the one that events see.
func (e *enricher) publish() *table {
	t := newTable(e.lists)
	e.table.Store(t)
	return t
}

// changed reads a file again.
func (e *enricher) changed(path string) {
	for i := range e.sources {
		s := &e.sources[i]
		if s.Path != path {
			continue
		}
		l, err := s.readFile()
		if l == nil {
			fmt.Fprintf(os.Stderr, "%s has changed but is not taken, the list before stays:\n%v\n", path, err)
			continue
		}
		tell(err)
		e.take(i, l)
	}
}

// tell writes down the faults of a list that was taken without its faulty entries.
func tell(err error) {
	if err != nil {
		fmt.Fprintf(os.Stderr, "entries with faults are left out:\n%v\n", err)
	}
}

// Close ends reading again and asking.
func (e *enricher) Close() error {
	e.cancel()
	e.files.Stop()
	e.feeds.Wait()
	return nil
}

// errBatch marks events of a batch that could not be handled.
var errBatch = errors.New("the batch of the event could not be handled; the plugin's log says why")

// Enrich is asked for single events only where EnrichBatch failed.
func (e *enricher) Enrich(context.Context, *sdk.Event) error { return errBatch }

func main() { sdk.ServeEnricher(New) }
