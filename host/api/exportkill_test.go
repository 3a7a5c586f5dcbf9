//go:build duckdb_arrow

package api_test

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
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/api"
	"github.com/logcenter/logcenter/host/plugin/trial"
	"github.com/logcenter/logcenter/host/store/embedded"
	"github.com/logcenter/logcenter/host/store/storetest"
	"github.com/logcenter/logcenter/host/stream"
	"github.com/logcenter/logcenter/sdk/client"
	"github.com/logcenter/logcenter/sdk/wire"
)

// serveDir makes the test binary a process that serves a directory's events until its input ends.
const serveDir = "LOGCENTER_TEST_SERVE"

func TestMain(m *testing.M) {
	if dir := os.Getenv(serveDir); dir != "" {
		if err := serve(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	code := m.Run()
	trial.Clean()
	os.Exit(code)
}

func serve(dir string) error {
	db, err := embedded.Open(filepath.Join(dir, "store"), embedded.Options{})
	if err != nil {
		return err
	}
	streams, err := stream.Open(filepath.Join(dir, "streams.json"), nil)
	if err != nil {
		return err
	}
	p := &parts{}
	s, err := api.New(api.Options{
		Store: db, Scoper: tokens{}, Plugins: plugins{parts: p}, Streams: streams, Inputs: inputs{p}, Consumers: consumers{p}, DeadLetters: letters{p},
		Tail: tail{p}, Health: health{p}, Metrics: prometheus.NewRegistry(), ExportDir: filepath.Join(dir, "exports"), Log: logrus.NewEntry(logrus.New()),
	})
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", os.Getenv(serveDir+"_AT"))
	if err != nil {
		return err
	}
	fmt.Println(l.Addr())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0) // the test is gone
	}()
	return api.NewHTTPServer(s).Serve(l)
}

// served is such a process.
type served struct {
	cmd   *exec.Cmd
	input io.Closer
	addr  string
}

func startServed(t *testing.T, dir, at string) *served {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), serveDir+"="+dir, serveDir+"_AT="+at)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	s := &served{cmd: cmd, input: in}
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	s.addr = strings.TrimSpace(line)
	return s
}

func (s *served) kill(t *testing.T) {
	t.Helper()
	require.NoError(t, s.cmd.Process.Kill())
	var exit *exec.ExitError
	require.ErrorAs(t, s.cmd.Wait(), &exit)
	require.NoError(t, ignoreClosed(s.input.Close()))
}

func ignoreClosed(err error) error {
	if errors.Is(err, os.ErrClosed) {
		return nil
	}
	return err
}

// memory is what the process has now beside the pages of its own binary, and the greatest it had with them, in MB.
func (s *served) memory() (own, most int) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		return 0, 0 // it is dead
	}
	value := func(name string) int {
		_, rest, _ := strings.Cut(string(b), name+":")
		kb, _ := strconv.Atoi(strings.Fields(rest + " 0")[0])
		return kb >> 10
	}
	return value("RssAnon"), value("VmHWM")
}

// fillStore stores about so many bytes of messages, and returns how many events that are.
func fillStore(t *testing.T, dir string, size int64) int {
	t.Helper()
	db, err := embedded.Open(filepath.Join(dir, "store"), embedded.Options{})
	require.NoError(t, err)
	n := 0
	for offset := uint64(1); size > 0; offset++ {
		events := make([]storetest.Event, 5000)
		for i := range events {
			ip := fmt.Sprintf("198.51.%d.%d", n%97, n%251)
			events[i] = storetest.Event{
				"@timestamp": testDay.Add(-time.Hour + time.Duration(n)*100*time.Microsecond), "source.ip": ip, "source.port": int64(1024 + n%60000),
				"message":       fmt.Sprintf("<134>Oct 11 11:00:00 fw01 %%%%FW/ATTACK/4/SYSLOG: number=%d src=%s dst=203.0.113.9 proto=tcp action=deny rule=%x 攻击类型=SQL注入", n, ip, n*2654435761),
				"event.dataset": "dptech.attack", "log.level": "Error", "observer.type": "firewall", "event.action": "deny",
			}
			size -= int64(len(events[i]["message"].(string)))
			n++
		}
		b, err := storetest.Batch(offset, events)
		require.NoError(t, err)
		require.NoError(t, db.Append(t.Context(), offset, []*wire.Batch{b}))
	}
	require.NoError(t, db.Close())
	return n
}

// numbers ticks off the events in what is written to it, and says when one comes twice.
type numbers struct {
	t     *testing.T
	seen  []bool
	count int
	bytes int64
}

func (n *numbers) Write(b []byte) (int, error) {
	for line := range bytes.Lines(b) {
		_, rest, found := bytes.Cut(line, []byte("number="))
		digits, _, _ := bytes.Cut(rest, []byte(" "))
		i, err := strconv.Atoi(string(digits))
		require.True(n.t, found && err == nil && line[len(line)-1] == '\n', "%s", line)
		require.False(n.t, n.seen[i], "number %d came twice", i)
		n.seen[i] = true
		n.count++
	}
	n.bytes += int64(len(b))
	return len(b), nil
}

// The host is killed again and again in the middle of an export, which goes on with each row once. 60 MB of
// messages; with LOGCENTER_LONG 5 GB.
func TestExportUnderKills(t *testing.T) {
	size, every := int64(60_000_000), int64(40_000_000)
	if os.Getenv("LOGCENTER_LONG") != "" {
		size, every = 5_000_000_000, 2_000_000_000
	}
	dir := t.TempDir()
	events := fillStore(t, dir, size)
	host := startServed(t, dir, "127.0.0.1:0")
	addr, own, most, kills := host.addr, 0, 0, 0
	defer func() { _ = host.cmd.Process.Kill() }() // gone already if all went well
	c, err := client.New(client.Options{URL: "http://" + addr, Token: adminToken, Retries: 50})
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Hour)
	defer cancel()
	out := &numbers{t: t, seen: make([]bool, events)}
	start, next := time.Now(), every
	p, err := c.Export(ctx, client.ExportRequest{Selection: client.Selection{From: client.At(testDay.Add(-24 * time.Hour)), To: client.At(testDay.Add(24 * time.Hour))}}, out, func(p client.Progress) error {
		o, m := host.memory()
		own, most = max(own, o), max(most, m)
		if p.Bytes > next && !p.Done {
			next += every
			kills++
			// The answer to the next request is on its way when the host dies.
			dying, done := host, make(chan struct{})
			time.AfterFunc(50*time.Millisecond, func() {
				defer close(done)
				dying.kill(t)
				host = startServed(t, dir, addr)
			})
			_, err := c.ExportPart(ctx, p.ID, p.Resume, 8)
			<-done
			return err
		}
		return nil
	})
	require.NoError(t, err)
	took := time.Since(start)
	host.kill(t)
	assert.Equal(t, events, out.count)
	assert.EqualValues(t, events, p.Rows)
	assert.EqualValues(t, events, p.Total)
	assert.Positive(t, kills)
	t.Logf("%d events, %d MB of messages, %d MB of NDJSON, %d kills: %.1f MB/s of NDJSON, %.1f hours per TB of messages; host: %d MB of memory, %d with its code",
		events, size/1e6, out.bytes/1e6, kills, float64(out.bytes)/1e6/took.Seconds(), took.Hours()*1e12/float64(size), own, most)
	assert.LessOrEqual(t, own, 200, "MB")
}
