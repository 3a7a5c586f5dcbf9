// Command victim is a parser with the faults that package certify looks for. Its config says which one it has.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"sync/atomic"
	"time"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
)

// Config is the plugin's configuration.
type Config struct {
	Fault string `yaml:"fault"` // the lack of its comment in the schema is one of the faults
}

var pattern = regexp.MustCompile(`\w+ [0-9.]+`)

var words = ecs.New("victim.words", ecs.Long, "How many words the line has.")

type parser struct {
	fault string
	seen  atomic.Int64
	kept  chan []byte
}

// New returns the parser with its fault.
func New(c Config) (sdk.Parser, error) {
	if c.Fault == "refuse" {
		return nil, errors.New("fault: not today")
	}
	return &parser{fault: c.Fault, kept: make(chan []byte, 1<<24)}, nil
}

// Parse reads user=NAME ADDRESS.
func (p *parser) Parse(line []byte, ev *sdk.Event) error {
	p.spoil(line, ev)
	ev.SetInt(words, int64(len(bytes.Fields(line))))
	name, ok := bytes.CutPrefix(line, []byte("user="))
	if !ok {
		return errors.New("want user=")
	}
	name, addr, _ := bytes.Cut(name, []byte(" "))
	ev.Set(ecs.UserName, name)
	if p.fault != "unused" {
		ev.SetIP(ecs.SourceIP, addr)
	}
	if p.fault == "skip" {
		return sdk.ErrSkip
	}
	return nil
}

func (p *parser) spoil(line []byte, ev *sdk.Event) {
	switch p.fault {
	case "undeclared":
		ev.SetString(ecs.EventReason, "none")
	case "panic":
		if bytes.Contains(line, []byte("密")) {
			panic("poisoned")
		}
	case "exit":
		if bytes.Contains(line, []byte("[[")) {
			fmt.Fprintln(os.Stderr, "I cannot stand brackets")
			os.Exit(9)
		}
	case "memory":
		if p.seen.Add(1) > 20 {
			ev.SetIP(ecs.SourceIP, []byte("192.0.2.9"))
		}
	case "process":
		ev.SetString(ecs.UserName, fmt.Sprint(os.Getpid()))
	case "quadratic":
		n := 0
		for i := range line {
			n += strings.Count(string(line[i:min(len(line), i+60000)]), "=")
		}
		ev.SetInt(words, int64(n))
	case "leak":
		b := make([]byte, 1024)
		for i := range b {
			b[i] = byte(i)
		}
		p.kept <- b
	case "files":
		if p.seen.Add(1)%5000 == 0 {
			f, _ := os.Open(os.DevNull)
			go func() { time.Sleep(time.Hour); f.Close() }()
		}
	case "regexp":
		ev.Set(ecs.UserName, pattern.Find(line))
	case "hang":
		if bytes.Contains(line, []byte("==")) {
			select {}
		}
	}
}

type notifier struct {
	fault string
	kept  []*os.File
}

// Notify delivers to nobody.
func (n *notifier) Notify(ctx context.Context, a sdk.Alert) error {
	switch n.fault {
	case "hang":
		if a.ID == "" {
			select {}
		}
	case "exit":
		if a.ID == "" {
			os.Exit(9)
		}
	case "files":
		f, err := os.Open(os.DevNull)
		n.kept = append(n.kept, f)
		return err
	case "refuse":
		return sdk.RetryAfter(3*time.Second, errors.New("nobody listens"))
	}
	return nil
}

func main() {
	if _, err := os.Stat("notifies"); err == nil {
		sdk.ServeNotifier(func(c Config) (sdk.Notifier, error) { return &notifier{fault: c.Fault}, nil })
		return
	}
	sdk.ServeParser(New)
}
