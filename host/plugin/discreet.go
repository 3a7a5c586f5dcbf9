package plugin

import (
	"context"
	"encoding/binary"
	"strings"
	"sync/atomic"
	"time"

	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/wire"
)

// discretion is what becomes of the words of one plugin: once it has been shown events, what it prints or says of its end
// may quote them, so it is masked like them before the host passes it on. The zero value passes all on.
type discretion struct {
	r     *Registry // nil: nobody masks
	kind  wire.Kind
	shown atomic.Bool // it has been sent events
}

// see notes that the plugin is shown events from now on.
func (d *discretion) see() {
	if d != nil && !d.shown.Load() {
		d.shown.Store(true)
	}
}

// withheldWords stand for what cannot be masked: no masker is running, or it is one that says it.
const withheldWords = "[withheld: it may quote an event, and nothing can mask it now]"

// wordsDeadline bounds how long words wait for a masker.
const wordsDeadline = time.Second

// hide is text as it may be passed on. A nil discretion passes all on.
func (d *discretion) hide(text string) string {
	if d == nil || d.r == nil || !d.shown.Load() || text == "" || ofRuntime(text) {
		return text
	}
	if d.kind == wire.Kind_MASKER { // asked to mask its own words it might say more of them, without end
		return withheldWords
	}
	for _, m := range d.r.InService(wire.Kind_MASKER) { // without any, words are shown as events are stored
		masked, ok := m.maskWords(text)
		if !ok {
			return withheldWords
		}
		text = masked
	}
	return text
}

// maskWords has a masker mask a text that is no event's. It does not try twice: words may be what kills it.
func (p *Plugin) maskWords(text string) (string, bool) {
	if st, _ := p.State(); st != Running {
		return "", false
	}
	ctx, cancel := context.WithTimeout(context.Background(), wordsDeadline)
	defer cancel()
	text = strings.ToValidUTF8(text, "\uFFFD")
	c := &wire.Column{Field: uint32(ecs.Message), Name: ecs.Message.Name(), Type: wire.Type_STRING, Count: 1, Separator: 1, Data: append([]byte(text), '\n')}
	c.Values = binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(nil, 0), uint32(len(c.Data)))
	r, err := p.call(ctx, &wire.Batch{Rows: 1, Columns: []*wire.Column{c}})
	if err != nil {
		return "", false
	}
	defer r.Release()
	if len(r.Errors) > 0 {
		return "", false
	}
	var out strings.Builder
	at := 0
	for _, e := range r.Edits {
		if e.Field != uint32(ecs.Message) {
			continue
		}
		for i := range e.Len() {
			_, start, end, with := e.EditAt(i)
			out.WriteString(text[at:start])
			out.WriteString(e.Replacements[with])
			at = end
		}
	}
	out.WriteString(text[at:])
	return out.String(), true
}

// ofRuntime says whether a line is one of a crash report that Go's runtime writes of itself, without any value of the
// program: what an author needs most, and must not be withheld for want of a masker.
func ofRuntime(line string) bool {
	for _, begin := range [...]string{"panic: runtime error: ", "fatal error: ", "runtime: ", "goroutine ", "created by "} {
		if strings.HasPrefix(line, begin) {
			return !strings.ContainsAny(line, "=&\"'")
		}
	}
	file, rest, ok := strings.Cut(strings.TrimSpace(line), ".go:") // /src/main.go:17 +0x1d
	return ok && strings.HasPrefix(file, "/") && !strings.ContainsAny(file, " =&?\"'") && strings.Trim(rest, "0123456789abcdefx +") == ""
}
