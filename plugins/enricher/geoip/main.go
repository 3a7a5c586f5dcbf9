// Command geoip adds where source and destination addresses belong: the country, and from richer databases the city
// and the autonomous system; for the admin's own networks the zone.
package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
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
	tables []*table.Table // of paths
	files  *watch.Files
}

// ipv6Bits is how narrow IPv6 networks are told apart: nobody is given less.
const ipv6Bits = 64

// New loads the databases. The enricher is safe for concurrent use.
func New(c Config) (sdk.Enricher, error) {
	nets, err := zoneTable(c.Zones)
	if err != nil {
		return nil, err
	}
	e := &enricher{paths: c.Databases, zones: c.Zones, nets: nets, files: watch.New(c.Databases...)}
	for i, path := range c.Databases {
		t, err := table.Open(path, ipv6Bits)
		if err != nil {
			return nil, &schema.Error{Path: schema.Index("databases", i), Msg: err.Error()}
		}
		e.tables = append(e.tables, t)
	}
	if err := e.publish(); err != nil {
		return nil, err
	}
	e.files.Start(c.Reload, e.changed)
	return e, nil
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
	if err != nil {
		fmt.Fprintf(os.Stderr, "a database has changed but is not taken, the one before stays: %v\n", err)
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for i := range e.paths {
		if e.paths[i] == path {
			e.tables[i] = t
		}
	}
	if err := e.publish(); err != nil {
		fmt.Fprintf(os.Stderr, "%s has changed but is not taken: %v\n", path, err)
		return
	}
	v4, v6 := t.Ranges()
	fmt.Fprintf(os.Stderr, "%s was read again: %d IPv4 and %d IPv6 ranges\n", path, v4, v6)
}

// Close ends looking for changes.
func (e *enricher) Close() error {
	e.files.Stop()
	return nil
}

// errBatch marks events of a batch that could not be handled.
var errBatch = errors.New("the batch of the event could not be handled; the plugin's log says why")

// Enrich is asked for single events only where EnrichBatch failed.
func (e *enricher) Enrich(context.Context, *sdk.Event) error { return errBatch }

func main() { sdk.ServeEnricher(New) }
