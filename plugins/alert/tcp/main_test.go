package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/clienttls"
	"github.com/logcenter/logcenter/sdk/plugintest"
	"github.com/logcenter/logcenter/sdk/schema"
)

func TestConformance(t *testing.T) { plugintest.Conformance(t, sdk.NotifierStage(New)) }

var alert = sdk.Alert{
	ID: "5f2d", Rule: "login-failures", Name: "多次登录失败", Description: "Somebody guesses\npasswords.", Type: "frequency", Severity: "Error",
	Keys: map[string]string{"source.ip": "203.0.113.9"}, Count: 21,
}

func start(t *testing.T, address string, change func(*Target)) sdk.Notifier {
	t.Helper()
	var c Target
	schema.Defaults(&c)
	c.Name, c.Address, c.Timeout, c.Retry = "siem", address, 5*time.Second, 100*time.Millisecond
	change(&c)
	n, err := New(Config{[]Target{c}})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, n.(sdk.Closer).Close()) })
	return n
}

// serve accepts connections and gives each to f, which closes it by returning.
func serve(t *testing.T, l net.Listener, f func(connection int, r *bufio.Scanner, c net.Conn)) {
	t.Helper()
	var all sync.WaitGroup
	all.Go(func() {
		for i := 0; ; i++ {
			c, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				defer c.Close()
				f(i, bufio.NewScanner(c), c)
			})
		}
	})
	t.Cleanup(func() { _ = l.Close() })
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	return l
}

func id(t *testing.T, line string) string {
	t.Helper()
	var d struct{ ID string }
	assert.NoError(t, json.Unmarshal([]byte(line), &d), line)
	return d.ID
}

func TestLineSaysAllOfTheAlert(t *testing.T) {
	l, got := listen(t), make(chan string, 1)
	serve(t, l, func(_ int, r *bufio.Scanner, _ net.Conn) {
		for r.Scan() {
			got <- r.Text()
		}
	})
	n := start(t, l.Addr().String(), func(c *Target) { c.Message.Language = "zh" })
	require.NoError(t, n.Notify(t.Context(), alert))
	var d map[string]any
	require.NoError(t, json.Unmarshal([]byte(<-got), &d))
	for key, want := range map[string]any{
		"id": "5f2d", "kind": "alert", "name": "多次登录失败", "description": "Somebody guesses\npasswords.", "method": "tcp/siem", "severity": "Error",
		"text": "[告警] 多次登录失败: Somebody guesses passwords. (source.ip=203.0.113.9)",
	} {
		assert.Equal(t, want, d[key], key)
	}
}

func TestAcknowledgedAlertsAreNeverLost(t *testing.T) {
	l := listen(t)
	var mu sync.Mutex
	acknowledged := map[string]int{}
	// Each connection takes five lines, answers four of them in another order, and ends.
	serve(t, l, func(_ int, r *bufio.Scanner, c net.Conn) {
		var ids []string
		for len(ids) < 5 && r.Scan() {
			ids = append(ids, id(t, r.Text()))
			if len(ids)%2 == 0 {
				mu.Lock()
				for i := range 2 {
					last := ids[len(ids)-1-i]
					acknowledged[last]++
					_, _ = fmt.Fprintf(c, "nobody\r\n%s\r\n", last)
				}
				mu.Unlock()
			}
		}
	})
	n := start(t, l.Addr().String(), func(c *Target) { c.Acknowledge, c.Timeout = true, 300*time.Millisecond })
	var all sync.WaitGroup
	const alerts = 40
	for i := range alerts {
		all.Go(func() {
			a := alert
			a.ID = fmt.Sprint("id-", i)
			for range 200 {
				err := n.Notify(t.Context(), a)
				if err == nil {
					return
				}
				var again *sdk.RetryError
				assert.ErrorAs(t, err, &again)
			}
			t.Errorf("%s is never acknowledged", a.ID)
		})
	}
	all.Wait()
	mu.Lock()
	defer mu.Unlock()
	for i := range alerts {
		assert.Positive(t, acknowledged[fmt.Sprint("id-", i)])
	}
}

func TestWhatIsNotAnsweredIsSentAgain(t *testing.T) {
	l, got := listen(t), make(chan string, 10)
	serve(t, l, func(connection int, r *bufio.Scanner, c net.Conn) {
		for r.Scan() {
			got <- id(t, r.Text())
			switch connection {
			case 0: // no answer
			case 1:
				_, _ = fmt.Fprint(c, strings.Repeat("x", 2*maxAnswer)) // nonsense without end
			default:
				_, _ = fmt.Fprintln(c, "5f2d")
			}
		}
	})
	n := start(t, l.Addr().String(), func(c *Target) { c.Acknowledge, c.Timeout = true, 500*time.Millisecond })
	for _, want := range []string{errNoAnswer.Error(), "closed the connection"} {
		err := n.Notify(t.Context(), alert)
		var again *sdk.RetryError
		require.ErrorAs(t, err, &again)
		require.ErrorContains(t, err, want)
		assert.Equal(t, "5f2d", <-got)
	}
	require.NoError(t, n.Notify(t.Context(), alert))
	n.(*notifier).Each(func(r *receiver) { assert.Empty(t, r.waiting) })
}

func TestTLSAcknowledged(t *testing.T) {
	ca := plugintest.NewAuthority(t)
	cert, key := ca.Issue(t, "siem", "127.0.0.1")
	pair, err := tls.LoadX509KeyPair(cert, key)
	require.NoError(t, err)
	l := tls.NewListener(listen(t), &tls.Config{Certificates: []tls.Certificate{pair}})
	serve(t, l, func(_ int, r *bufio.Scanner, c net.Conn) {
		for r.Scan() {
			_, _ = fmt.Fprintln(c, id(t, r.Text()))
		}
	})
	n := start(t, l.Addr().String(), func(c *Target) { c.Protocol, c.Acknowledge, c.TLS = "tls", true, clienttls.Config{CAFile: ca.File} })
	require.NoError(t, n.Notify(t.Context(), alert))
	n = start(t, l.Addr().String(), func(c *Target) { c.Protocol, c.Acknowledge = "tls", true })
	require.ErrorContains(t, n.Notify(t.Context(), alert), "unknown authority")
}

func TestErrorsAreFinalOrNot(t *testing.T) {
	l := listen(t)
	address := l.Addr().String()
	require.NoError(t, l.Close())
	n := start(t, address, func(*Target) {})
	var again *sdk.RetryError
	err := n.Notify(t.Context(), alert)
	require.ErrorAs(t, err, &again)
	require.ErrorContains(t, err, address)
	for _, change := range []func(*sdk.Alert){func(a *sdk.Alert) { a.Target = "boc" }, func(a *sdk.Alert) { a.ID = "two\nlines" }} {
		a := alert
		change(&a)
		err := n.Notify(t.Context(), a)
		require.Error(t, err)
		assert.NotErrorAs(t, err, &again)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorAs(t, n.Notify(ctx, alert), &again)
}

func TestConfigSaysWhatIsWrong(t *testing.T) {
	for path, target := range map[string]map[string]any{
		"targets[0].address":  {"name": "siem", "address": ":5170"},
		"targets[0].protocol": {"name": "siem", "address": "10.2.0.9:5170", "ca_file": "/ca.pem"},
		"targets[0].name":     {"name": "the siem", "address": "10.2.0.9:5170"},
		"targets[0].max_line": {"name": "siem", "address": "10.2.0.9:5170", "max_line": "1KiB"},
	} {
		var c Config
		list := schema.Errors(schema.Decode(map[string]any{"targets": []any{target}}, &c))
		require.NotEmpty(t, list, path)
		assert.Equal(t, path, list[0].Path)
	}
}
