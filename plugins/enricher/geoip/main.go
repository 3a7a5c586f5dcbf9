// Command geoip adds where source and destination addresses belong: the country, and from richer databases the city
// and the autonomous system; for the admin's own networks the zone.
package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/logcenter/logcenter/plugins/enricher/geoip/table"
	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/cidr"
	"github.com/logcenter/logcenter/sdk/schema"
	"github.com/logcenter/logcenter/sdk/watch"
)

// Config is what an admin may set for this plugin.
type Config struct {
	// Databases are files of countries, cities or autonomous systems, which is told by what is in them: in the MaxMind DB
	// format (.mmdb), or of autonomous systems as CSV (.csv: first address, last address, number, organisation). Cities
	// go before countries; of databases of one kind the first that knows an address decides. Without one of countries or
	// cities the table of countries counts that comes with the plugin.
	Databases []string `yaml:"databases"`
	// Zones are the parts of your own network.
	Zones []Zone `yaml:"zones"`
	// Reload is how often to look whether a database has changed. One that cannot be read is not taken: the one before
	// stays.
	Reload time.Duration `yaml:"reload" default:"30s" min:"100ms" max:"1d"`
}

//go:embed data/country.bin
var bundled []byte

type enricher struct {
	paths []string
	zones []Zone
	nets  *cidr.Table // of zones
	atlas atomic.Pointer[atlas]

	mu     sync.Mutex
	tables []*table.Table // of paths; nil while one is not read yet
	files  *watch.Files
	stop   chan struct{}
	late   sync.WaitGroup // of databases that the start did not wait for
}

const (
	// ipv6Bits is how narrow IPv6 networks are told apart: nobody is given less.
	ipv6Bits = 64
	// patience is how long the start waits for databases: one of all cities takes some seconds, and the host gives a
	// plugin fifteen to start.
	patience = 8 * time.Second
)

// New loads the databases. The enricher is safe for concurrent use.
func New(c Config) (sdk.Enricher, error) { return start(c, patience) }

// opened is what became of a database.
type opened struct {
	i     int
	table *table.Table
	err   error
}

// start waits for the databases as long as it is patient. Those that take longer count once they are read.
func start(c Config, patience time.Duration) (sdk.Enricher, error) {
	nets, err := zoneTable(c.Zones)
	if err != nil {
		return nil, err
	}
	e := &enricher{
		paths: c.Databases, zones: c.Zones, nets: nets, files: watch.New(c.Databases...), stop: make(chan struct{}),
		tables: make([]*table.Table, len(c.Databases)),
	}
	results := make(chan opened)
	go e.open(results)
	waited := time.After(patience)
	for left := len(e.paths); left > 0; left-- {
		select {
		case r := <-results:
			if r.err != nil {
				close(e.stop)
				return nil, &schema.Error{Path: schema.Index("databases", r.i), Msg: r.err.Error()}
			}
			e.tables[r.i] = r.table
			continue
		case <-waited:
		}
		fmt.Fprintf(os.Stderr, "%d databases are not read yet and count once they are\n", left)
		break
	}
	if err := e.publish(); err != nil {
		close(e.stop)
		return nil, err
	}
	e.late.Go(func() {
		for r := range results {
			e.take(r)
		}
		select {
		case <-e.stop:
		default:
			e.files.Start(c.Reload, e.changed)
		}
	})
	return e, nil
}

// open reads the databases one after the other, as each takes several times its size of memory meanwhile.
func (e *enricher) open(results chan<- opened) {
	defer close(results)
	for i, path := range e.paths {
		t, err := table.Open(path, ipv6Bits)
		select {
		case results <- opened{i, t, err}:
		case <-e.stop:
			return
		}
	}
	debug.FreeOSMemory()
}

// publish makes the databases those that events see.
func (e *enricher) publish() error {
	a, err := newAtlas(e.zones, e.tables)
	if err == nil {
		e.atlas.Store(a)
	}
	return err
}

// changed reads a database again.
func (e *enricher) changed(path string) {
	t, err := table.Open(path, ipv6Bits)
	for i := range e.paths {
		if e.paths[i] == path {
			e.take(opened{i, t, err})
		}
	}
	debug.FreeOSMemory()
}

// take puts a database in the place of the one before.
func (e *enricher) take(r opened) {
	if r.err != nil {
		fmt.Fprintf(os.Stderr, "a database is not taken, the one before stays if there was one: %v\n", r.err)
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.tables[r.i] = r.table
	if err := e.publish(); err != nil {
		fmt.Fprintf(os.Stderr, "%s is not taken: %v\n", e.paths[r.i], err)
		return
	}
	v4, v6 := r.table.Ranges()
	fmt.Fprintf(os.Stderr, "%s was read: %d IPv4 and %d IPv6 ranges\n", e.paths[r.i], v4, v6)
}

// Close ends looking for changes.
func (e *enricher) Close() error {
	close(e.stop)
	e.late.Wait()
	e.files.Stop()
	return nil
}

// errBatch marks events of a batch that could not be handled.
var errBatch = errors.New("the batch of the event could not be handled; the plugin's log says why")

// Enrich is asked for single events only where EnrichBatch failed.
func (e *enricher) Enrich(context.Context, *sdk.Event) error { return errBatch }

func main() { sdk.ServeEnricher(New) }
