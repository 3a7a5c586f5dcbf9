package resource

import (
	"context"
	"sync"
	"time"

	"github.com/logcenter/logcenter/grafana/pkg/complete"
	"github.com/logcenter/logcenter/grafana/pkg/panics"
	"github.com/logcenter/logcenter/sdk/client"
)

// The fields of a selection are asked for at every key that is pressed, change slowly, and cost the host a scan of all its
// events (of 60,000 about half a second of a busy machine): they are kept for a while, and asked for once at a time. Values
// of a field cost a tenth of that, differ with every key, and are not kept.
const (
	fieldsAge  = time.Minute
	maxEntries = 32 // selections
)

// fieldCache keeps fields of selections. The zero value is empty. It is safe for concurrent use.
type fieldCache struct {
	mu      sync.Mutex
	entries map[client.Selection]*fieldEntry
}

type fieldEntry struct {
	done   chan struct{} // closed when the rest is there
	until  time.Time
	fields []client.Field // shared by those who asked, and not changed
	err    error
}

func (k *fieldCache) of(ctx context.Context, c *client.Client, sel client.Selection) ([]client.Field, error) {
	k.mu.Lock()
	e, ok := k.entries[sel]
	if !ok || time.Now().After(e.until) {
		e = &fieldEntry{done: make(chan struct{}), until: time.Now().Add(slowest)}
		k.keep(sel, e)
		go k.ask(context.WithoutCancel(ctx), c, sel, e) // others may wait for it when who asked first has gone
	}
	k.mu.Unlock()
	select {
	case <-e.done:
		return e.fields, e.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// keep makes room and adds an entry. k.mu is held.
func (k *fieldCache) keep(sel client.Selection, e *fieldEntry) {
	if k.entries == nil {
		k.entries = map[client.Selection]*fieldEntry{}
	}
	now := time.Now()
	for key, old := range k.entries {
		if len(k.entries) >= maxEntries || now.After(old.until) {
			delete(k.entries, key)
		}
	}
	k.entries[sel] = e
}

func (k *fieldCache) ask(ctx context.Context, c *client.Client, sel client.Selection, e *fieldEntry) {
	ctx, cancel := context.WithTimeout(ctx, slowest)
	defer cancel()
	e.err = panics.Catch(func() (err error) {
		e.fields, err = complete.Fields(ctx, c, sel)
		return err
	})
	k.mu.Lock()
	e.until = time.Now().Add(fieldsAge)
	if e.err != nil && k.entries[sel] == e {
		delete(k.entries, sel)
	}
	k.mu.Unlock()
	close(e.done)
}
