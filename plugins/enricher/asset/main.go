// Command asset adds what a list of assets knows of an event: which asset it came from, who answers for it, which
// business system it belongs to, and which assets its addresses are.
//
// The list is a file, CSV or YAML, that is read again when it changes.
package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/netaddr"
	"github.com/logcenter/logcenter/sdk/schema"
)

// Config is what an admin may set for this plugin.
type Config struct {
	// Path is the list of assets, a .csv, .yaml or .yml file. A path that is not absolute counts from the plugin's
	// folder. Empty means that there are no assets.
	Path string `yaml:"path"`
	// Reload is how often to look whether the file has changed.
	Reload time.Duration `yaml:"reload" default:"10s" min:"100ms" max:"1d"`
}

var assetTags = ecs.NewList("logcenter.asset.tags", ecs.Keyword, "Words that the list of assets has for the machine an event came from.")

type enricher struct {
	path  string
	table atomic.Pointer[table]
	stop  chan struct{}
	done  chan struct{}
}

// New reads the list. The enricher is safe for concurrent use.
func New(c Config) (sdk.Enricher, error) {
	e := &enricher{path: c.Path, stop: make(chan struct{}), done: make(chan struct{})}
	e.table.Store(&table{})
	if c.Path == "" {
		close(e.done)
		return e, nil
	}
	seen := stampOf(c.Path) // before reading: a change meanwhile is seen later
	t, err := readFile(c.Path)
	if err != nil {
		return nil, &schema.Error{Path: "path", Msg: err.Error()}
	}
	e.table.Store(t)
	go e.watch(seen, c.Reload)
	return e, nil
}

// stamp tells versions of a file apart.
type stamp struct {
	changed time.Time
	size    int64
}

// stampOf is the zero stamp if there is no file.
func stampOf(path string) stamp {
	s, err := os.Stat(path)
	if err != nil {
		return stamp{}
	}
	return stamp{s.ModTime(), s.Size()}
}

// watch reads the file again when it has changed. A list with faults is not taken: the one before stays.
func (e *enricher) watch(seen stamp, every time.Duration) {
	defer close(e.done)
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-e.stop:
			return
		case <-tick.C:
		}
		now := stampOf(e.path)
		if now == seen {
			continue
		}
		seen = now
		t, err := readFile(e.path)
		if err != nil {
			fmt.Fprintf(os.Stderr, "the list of assets has changed but is not taken, the one before stays: %v\n", err)
			continue
		}
		e.table.Store(t)
		fmt.Fprintf(os.Stderr, "%s: %d assets\n", e.path, len(t.assets))
	}
}

// Close ends the watch.
func (e *enricher) Close() error {
	close(e.stop)
	<-e.done
	return nil
}

// Enrich sets the asset that the event came from: by host.name, else by observer.name, else by the peer that sent
// the line; and the names of the assets that its addresses belong to.
func (e *enricher) Enrich(_ context.Context, ev *sdk.Event) error {
	t := e.table.Load()
	if len(t.assets) == 0 {
		return nil
	}
	a := t.host(ev.Text(ecs.HostName))
	if a == nil {
		a = t.host(ev.Text(ecs.ObserverName))
	}
	if a == nil {
		a = t.peer(ev.Text(ecs.LogSourceAddress))
	}
	if a != nil {
		ev.SetString(ecs.LogcenterAssetID, a.id)
		ev.SetString(ecs.LogcenterAssetName, a.name)
		ev.SetString(ecs.LogcenterAssetOwner, a.owner)
		ev.SetString(ecs.LogcenterAssetSystem, a.system)
		for _, tag := range a.tags {
			ev.SetString(assetTags, tag)
		}
	}
	if a := t.address(ev, ecs.SourceIP); a != nil {
		ev.SetString(ecs.LogcenterSourceAssetName, a.name)
	}
	if a := t.address(ev, ecs.DestinationIP); a != nil {
		ev.SetString(ecs.LogcenterDestinationAssetName, a.name)
	}
	return nil
}

func (t *table) address(ev *sdk.Event, f ecs.Field) *asset {
	if a, ok := ev.IPv4(f); ok {
		return t.find4(a)
	}
	if a, ok := ev.Addr(f); ok {
		return t.find(a)
	}
	return nil
}

// host finds a host by its name, by the first part of its name, or by its address where it is called by that.
func (t *table) host(name []byte) *asset {
	if len(name) == 0 || len(name) > 255 {
		return nil
	}
	var lower [255]byte
	key := lower[:0]
	for _, c := range name {
		if c-'A' <= 'Z'-'A' {
			c |= 0x20
		}
		key = append(key, c)
	}
	if i, ok := t.hosts[string(key)]; ok {
		return &t.assets[i]
	}
	if name[0]-'0' <= 9 || bytes.IndexByte(name, ':') >= 0 {
		if a, ok := netaddr.ParseAddr(name); ok {
			return t.find(a)
		}
	}
	if i := bytes.IndexByte(key, '.'); i > 0 {
		if k, ok := t.hosts[string(key[:i])]; ok {
			return &t.assets[k]
		}
	}
	return nil
}

// peer finds the machine that sent the line, given as address:port; it may be a path.
func (t *table) peer(text []byte) *asset {
	host, _ := netaddr.SplitHostPort(text)
	if a, ok := netaddr.ParseAddr(host); ok {
		return t.find(a)
	}
	return nil
}

func main() { sdk.ServeEnricher(New) }
