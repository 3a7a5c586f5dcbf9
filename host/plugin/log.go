package plugin

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/sirupsen/logrus"
)

// bridge turns what go-plugin and plugins log into lines of the host's log.
type bridge struct {
	entry *logrus.Entry
	flow  *flow
	words *discretion // nil: what the plugin prints is passed on as it is
}

// flow bounds how many lines a plugin can put into the host's log; what is more is counted. Safe for concurrent use.
type flow struct {
	mu     sync.Mutex
	tokens float64
	at     time.Time
	left   int // lines left out
}

const (
	logBurst  = 200 // lines at once
	logSecond = 20  // and in the long run, each second
)

// take says whether a line may pass, and how many before it did not.
func (f *flow) take() (ok bool, left int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := time.Now()
	f.tokens = min(logBurst, f.tokens+logSecond*now.Sub(f.at).Seconds())
	f.at = now
	if f.tokens < 1 {
		f.left++
		return false, 0
	}
	f.tokens--
	left, f.left = f.left, 0
	return true, left
}

// newLog is the hclog logger of one plugin; its lines carry the plugin's id. What is logged by a logger of a name below it
// are the plugin's own words.
func newLog(log *logrus.Entry, id string, words *discretion) hclog.Logger {
	l := hclog.NewInterceptLogger(&hclog.LoggerOptions{Output: io.Discard, Level: hclog.Debug})
	l.RegisterSink(bridge{log.WithField("plugin", id), &flow{tokens: logBurst, at: time.Now()}, words})
	return l
}

// maxLogValue bounds what one line of a plugin can put into the host's log.
const maxLogValue = 4096

// Accept implements hclog.SinkAdapter.
func (b bridge) Accept(name string, level hclog.Level, msg string, args ...any) {
	e := b.entry
	hide := func(text string) string { return text }
	if name != "" {
		hide = b.words.hide
	}
	ok, left := b.flow.take()
	if !ok {
		return
	}
	if left > 0 {
		e.WithField("lines", left).Warn("the plugin says too much; lines of it were left out")
	}
	for i := 0; i+1 < len(args); i += 2 {
		key := fmt.Sprint(args[i])
		if key == "timestamp" || key == "@timestamp" || key == "plugin" { // which plugin says it, the host says
			continue
		}
		if key = hide(key); key == withheldWords { // the message says it once
			continue
		}
		e = e.WithField(key, hide(clip(fmt.Sprint(args[i+1]))))
	}
	msg = strings.TrimSpace(msg)
	chatter := quiet(msg)
	msg = hide(clip(msg))
	switch {
	case chatter:
		e.Debug(msg)
	case level >= hclog.Error:
		e.Error(msg)
	case level == hclog.Warn:
		e.Warn(msg)
	case level == hclog.Info:
		e.Debug(msg) // go-plugin's info is about itself
	default:
		// What a plugin prints to stderr without a level arrives as debug; it is all an author may say of a
		// crash, so it is shown.
		e.Info(msg)
	}
}

// printed logs what a plugin made with the SDK for Go prints, line by line: go-plugin carries it apart from the
// process's own standard error.
type printed struct {
	log  hclog.Logger
	mu   sync.Mutex
	rest []byte // the beginning of a line
}

// Write implements io.Writer.
func (p *printed) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := len(b)
	for {
		line, rest, whole := bytes.Cut(b, []byte("\n"))
		p.rest = append(p.rest, line[:min(len(line), max(0, maxLogValue+1-len(p.rest)))]...)
		if !whole {
			return n, nil
		}
		if len(p.rest) > 0 {
			p.log.Debug(strings.ToValidUTF8(string(p.rest), "\uFFFD"))
		}
		p.rest, b = p.rest[:0], rest
	}
}

func clip(s string) string {
	if len(s) > maxLogValue {
		return s[:maxLogValue] + "…"
	}
	return s
}

// quiet knows go-plugin's own chatter.
func quiet(msg string) bool {
	for _, p := range [...]string{"starting plugin", "created temporary directory", "plugin started", "waiting for RPC", "plugin address", "using plugin", "received EOF", "plugin exited", "plugin process exited", "waiting for stdio", "stdio", "closing plugin", "reattaching", "error closing", "plugin failed to exit"} {
		if strings.HasPrefix(msg, p) {
			return true
		}
	}
	return false
}
