package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/loadgen"
)

// made is what the generator itself makes for seed 1.
func made(n int) string {
	g := loadgen.New(loadgen.Options{Seed: 1})
	var b []byte
	for range n {
		b = append(g.Next(b), '\n')
	}
	return string(b)
}

func TestLoadgenWrites(t *testing.T) {
	out, errs := runs(t, "loadgen")
	assert.Equal(t, made(1000), out)
	assert.Empty(t, errs)
	out, _ = runs(t, "loadgen", "--lines", "7")
	assert.Equal(t, made(7), out)
	other, _ := runs(t, "loadgen", "--lines", "7", "--seed", "2")
	assert.NotEqual(t, out, other)
	clean, _ := runs(t, "loadgen", "--lines", "2000", "--attacks", "0", "--malformed", "0", "--mix", "0:0:1", "--start", "2026-01-02T03:04:05+08:00")
	assert.Equal(t, 2000, strings.Count(clean, " [02/Jan/2026:03:04:"))

	waf, _ := runs(t, "loadgen", "--lines", "400", "--malformed", "0", "--mix", "1:0:1:2")
	assert.InDelta(t, 200, strings.Count(waf, " ASM:unit_hostname="), 40)
	demo, _ := runs(t, "loadgen", "--demo", "--start", "2026-01-02T03:04:05Z")
	assert.Equal(t, 20000, strings.Count(demo, "\n"))
	again, _ := runs(t, "loadgen", "--demo", "--start", "2026-01-02T03:04:05Z", "--lines", "500")
	assert.Equal(t, 500, strings.Count(again, "\n"))
	assert.True(t, strings.HasPrefix(demo, again))

	t.Chdir(t.TempDir())
	_, errs = runs(t, "loadgen", "-f", "traffic.log", "--size", "1MB")
	b, err := os.ReadFile("traffic.log")
	require.NoError(t, err)
	assert.InDelta(t, 1e6, len(b), 2000)
	assert.Regexp(t, `^[\d,]+ lines, 1 MB in \d+\.\d s: [\d,]+ lines/s, \d+\.\d\d MB/s\n$`, errs)
}

func TestLoadgenSendsOverTCP(t *testing.T) {
	for _, framing := range []string{"newline", "octet"} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		got := make(chan []byte)
		go func() {
			c, err := l.Accept()
			if err == nil {
				b, _ := io.ReadAll(c)
				got <- b
			}
		}()
		runs(t, "loadgen", "--to", "tcp://"+l.Addr().String(), "--framing", framing, "--lines", "500", "--start", "2026-10-11T12:00:00+08:00")
		b := <-got
		require.NoError(t, l.Close())
		if framing == "octet" {
			b = unframe(t, b)
		}
		assert.Equal(t, made(500), string(b), framing)
	}
}

// unframe reads octet-counted messages.
func unframe(t *testing.T, b []byte) (lines []byte) {
	t.Helper()
	r := bufio.NewReader(bytes.NewReader(b))
	for {
		var n int
		if _, err := fmt.Fscanf(r, "%d ", &n); err != nil {
			return lines
		}
		line := make([]byte, n)
		_, err := io.ReadFull(r, line)
		require.NoError(t, err)
		lines = append(append(lines, line...), '\n')
	}
}

func TestLoadgenSendsOverUDPAtARate(t *testing.T) {
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	defer c.Close()
	begun := time.Now()
	runs(t, "loadgen", "--to", "udp://"+c.LocalAddr().String(), "--lines", "60", "--rate", "200")
	assert.GreaterOrEqual(t, time.Since(begun), 250*time.Millisecond)
	buf := make([]byte, 64<<10)
	require.NoError(t, c.SetReadDeadline(time.Now().Add(10*time.Second)))
	for range 60 {
		n, _, err := c.ReadFrom(buf)
		require.NoError(t, err)
		assert.NotContains(t, string(buf[:n]), "\n")
	}
}

func TestLoadgenSendsToAnInput(t *testing.T) {
	h := newHost(t)
	h.refuse = 1
	runs(t, "loadgen", "--to", "input:web", "--size", "1200kB", "--start", "2026-10-11T12:00:00+08:00")
	all := strings.Join(h.ingested, "")
	assert.Equal(t, made(strings.Count(all, "\n")), all)
	require.Len(t, h.keys, 3)
	assert.NotContains(t, h.keys, "")
	assert.NotEqual(t, h.keys[0], h.keys[1])

	code, _, errs := run(t, "loadgen", "--to", "input:none", "--lines", "1")
	assert.Equal(t, exitWrong, code, errs)
}

func TestLoadgenUntilInterrupted(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		lines := bufio.NewScanner(c)
		for n := 0; lines.Scan(); n++ {
			if n == 20 {
				interrupt()
			}
		}
	}()
	code, _, errs := runWithin(ctx, "loadgen", "--to", "tcp://"+l.Addr().String(), "--rate", "1000")
	assert.Equal(t, exitOK, code, errs)
	assert.Contains(t, errs, " lines, ")
}

func TestLoadgenForSomeTime(t *testing.T) {
	begun := time.Now()
	out, _ := runs(t, "loadgen", "--duration", "100ms", "--rate", "1000", "--event-rate", "500")
	assert.GreaterOrEqual(t, time.Since(begun), 100*time.Millisecond)
	assert.Equal(t, made(strings.Count(out, "\n")), out)
}

func TestLoadgenErrors(t *testing.T) {
	f := func(wantCode int, want string, args ...string) {
		t.Helper()
		code, _, errs := run(t, append([]string{"loadgen"}, args...)...)
		assert.Equal(t, wantCode, code)
		assert.Contains(t, errs, want)
	}
	f(exitUsage, "use udp://HOST:PORT, tcp://HOST:PORT or input:NAME", "--to", "127.0.0.1:514")
	f(exitUsage, "exclude each other", "--to", "udp://127.0.0.1:1", "-f", "x")
	f(exitUsage, "is not a size", "--size", "much")
	f(exitUsage, "is no time", "--start", "soon")
	f(exitUsage, "makes no lines", "--mix", "0:0:0")
	f(exitFailed, "no such file or directory", "-f", "/nowhere/x")

	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	f(exitUnreachable, "cannot reach tcp://"+l.Addr().String(), "--to", "tcp://"+l.Addr().String())
}
