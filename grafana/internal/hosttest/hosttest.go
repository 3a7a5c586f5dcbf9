// Package hosttest runs a built host, as `make build` leaves it in bin/, with its plugins, the embedded store and sample
// lines, for tests of what Grafana is shown of it.
package hosttest

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/logcenter/logcenter/sdk/client"
	"github.com/logcenter/logcenter/sdk/porttest"
)

const (
	startWithin  = time.Minute
	stopWithin   = 20 * time.Second
	searchWithin = 2 * time.Minute // from when lines are sent until all can be found
)

// Options say how a host is set up. The zero value is one without authentication by certificates, on plain HTTP.
type Options struct {
	// Config is more of the configuration file, in YAML, at its top level. It must not have data_dir, http and inputs; $DIR
	// in it is [Host.Dir].
	Config string
	// Files are written into [Host.Dir] before the host starts, by their names.
	Files map[string]string
}

// Host is a running host. Its methods may be called by several goroutines.
type Host struct {
	URL    string // of its API
	Token  string // of its administrator
	Syslog string // HOST:PORT that takes lines over TCP and UDP
	Dir    string // of its configuration and data; removed by Close
	Client *client.Client

	cmd  *exec.Cmd
	log  *logBuffer
	gone chan struct{} // closed when the process has ended
}

// Root is the folder of this tree.
func Root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", errors.New("there is no go.mod in this folder or above it")
		}
		dir = up
	}
}

// Start starts a host and waits until it is ready. Whoever calls it calls [Host.Close].
func Start(o Options) (*Host, error) {
	h, err := prepare(o)
	if err != nil {
		return nil, err
	}
	if err := h.Run(); err != nil {
		h.Close()
		return nil, err
	}
	token, err := os.ReadFile(filepath.Join(h.Dir, "data", "admin.token"))
	if err != nil {
		h.Close()
		return nil, err
	}
	h.Token = strings.TrimSpace(string(token))
	h.Client, err = client.New(client.Options{URL: h.URL, Token: h.Token})
	return h, err
}

func prepare(o Options) (*Host, error) {
	dir, err := os.MkdirTemp("", "logcenter-grafana-")
	if err != nil {
		return nil, err
	}
	api, err := porttest.Address()
	if err != nil {
		return nil, err
	}
	syslog, err := porttest.Address()
	if err != nil {
		return nil, err
	}
	h := &Host{URL: "http://" + api, Syslog: syslog, Dir: dir, log: &logBuffer{}}
	for name, text := range o.Files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return nil, err
		}
	}
	config := fmt.Sprintf("data_dir: %s\nhttp: {listen: %s}\ninputs:\n  - {name: syslog, syslog: {udp: %s, tcp: %s}}\n  - {name: http, http: {}}\n%s",
		filepath.Join(dir, "data"), api, syslog, syslog, strings.ReplaceAll(o.Config, "$DIR", dir))
	return h, os.WriteFile(h.config(), []byte(config), 0o600)
}

func (h *Host) config() string { return filepath.Join(h.Dir, "logcenter.yaml") }

// Run starts a host that [Host.Stop] has stopped, on its address and data.
func (h *Host) Run() error {
	root, err := Root()
	if err != nil {
		return err
	}
	binary := filepath.Join(root, "bin", "logcenter")
	if _, err := os.Stat(binary); err != nil {
		return fmt.Errorf("%w: run make build first", err)
	}
	cmd := exec.Command(binary, "run", "--config", h.config())
	cmd.Stderr = h.log
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	h.cmd, h.gone = cmd, make(chan struct{})
	ready, gone := make(chan error, 1), h.gone
	go func() {
		line, err := bufio.NewReader(out).ReadString('\n')
		if err == nil && !strings.Contains(line, " runs.") {
			err = fmt.Errorf("it said %q", line)
		}
		ready <- err
		_, _ = io.Copy(io.Discard, out)
		_ = cmd.Wait()
		close(gone)
	}()
	select {
	case err := <-ready:
		if err != nil {
			return fmt.Errorf("the host did not start: %w\n%s", err, h.log)
		}
		return nil
	case <-time.After(startWithin):
		return fmt.Errorf("the host did not start within %v\n%s", startWithin, h.log)
	}
}

// Log is what the host has logged so far.
func (h *Host) Log() string { return h.log.String() }

// PID is that of the host's process.
func (h *Host) PID() int { return h.cmd.Process.Pid }

// Stop ends the host's process and keeps its data.
func (h *Host) Stop() {
	if h.cmd == nil || h.cmd.Process == nil {
		return
	}
	_ = h.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-h.gone:
	case <-time.After(stopWithin):
		_ = h.cmd.Process.Kill()
		<-h.gone
	}
	h.cmd = nil
}

// Close ends the host and removes its data.
func (h *Host) Close() {
	h.Stop()
	_ = os.RemoveAll(h.Dir)
}

// Send sends lines, each ended by a newline, to the syslog input.
func (h *Host) Send(lines []byte) error {
	conn, err := net.Dial("tcp", h.Syslog)
	if err != nil {
		return err
	}
	_, err = conn.Write(lines)
	return errors.Join(err, conn.Close())
}

// Everything selects all events.
var Everything = client.Selection{Query: "*", From: "2000-01-01T00:00:00Z", To: "2100-01-01T00:00:00Z"}

// Count counts the events that a query finds, of any time.
func (h *Host) Count(ctx context.Context, query string) (int64, error) {
	sel := Everything
	sel.Query = query
	a, err := h.Client.Aggregate(ctx, client.AggregateRequest{Selection: sel, Aggs: []client.Agg{{Kind: "count"}}})
	if err != nil {
		return 0, err
	}
	return a.Total, nil
}

// Wait waits until a query finds n events or more.
func (h *Host) Wait(ctx context.Context, query string, n int64) error {
	ctx, cancel := context.WithTimeout(ctx, searchWithin)
	defer cancel()
	for {
		found, err := h.Count(ctx, query)
		if err == nil && found >= n {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%d of %d events that %s selects can be found: %w\n%s", found, n, query, errors.Join(ctx.Err(), err), h.log)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Feed sends lines and waits until all can be found. Nobody else may send at the same time.
func (h *Host) Feed(ctx context.Context, lines []byte) error {
	before, err := h.Count(ctx, "*")
	if err != nil {
		return err
	}
	if err := h.Send(lines); err != nil {
		return err
	}
	return h.Wait(ctx, "*", before+int64(bytes.Count(lines, []byte("\n"))))
}

// Sample says which lines `logcenter loadgen` is to make.
type Sample struct {
	Lines int
	Seed  uint64        // 0 means 1
	Start time.Time     // of the first line
	Span  time.Duration // from the first line to the last
}

// Quickstart makes the lines of the history that `logcenter run --demo` feeds: 20,000 of the hour before end.
func Quickstart(ctx context.Context, end time.Time) ([]byte, error) {
	return loadgen(ctx, "--demo", "--start", end.UTC().Format(time.RFC3339))
}

// Make makes the lines, each ended by a newline.
func (s Sample) Make(ctx context.Context) ([]byte, error) {
	return loadgen(ctx, "--public-addresses", "--lines", fmt.Sprint(s.Lines), "--seed", fmt.Sprint(max(s.Seed, 1)),
		"--start", s.Start.UTC().Format(time.RFC3339), "--event-rate", fmt.Sprint(float64(s.Lines)/s.Span.Seconds()))
}

func loadgen(ctx context.Context, args ...string) ([]byte, error) {
	root, err := Root()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, filepath.Join(root, "bin", "logcenter"), append([]string{"loadgen", "--quiet"}, args...)...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%w: %s", err, errs.String())
	}
	return out.Bytes(), nil
}

// logBuffer is what the host logs, the last part of it.
type logBuffer struct {
	mu sync.Mutex
	b  []byte
}

const maxLog = 1 << 20

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.b = append(l.b, p...)
	if over := len(l.b) - maxLog; over > 0 {
		l.b = append(l.b[:0], l.b[over:]...)
	}
	return len(p), nil
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.b)
}
