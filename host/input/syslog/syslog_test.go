package syslog

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/input"
	"github.com/logcenter/logcenter/host/input/inputtest"
	"github.com/logcenter/logcenter/host/journal"
	"github.com/logcenter/logcenter/host/journal/disk"
	"github.com/logcenter/logcenter/sdk/porttest"
)

// start runs a syslog input on free loopback ports.
func start(t testing.TB, h *inputtest.Host, change func(*Config)) (in *Input, udp, tcp string) {
	t.Helper()
	cfg := Config{Common: input.Common{Name: "syslog"}, UDP: "127.0.0.1:0", TCP: "127.0.0.1:0"}
	if change != nil {
		change(&cfg)
	}
	in, err := New(cfg, h.Env())
	require.NoError(t, err)
	require.NoError(t, in.Open())
	for _, a := range in.Stats().Address {
		network, address, _ := strings.Cut(a, "://")
		if network == "udp" {
			udp = address
		} else {
			tcp = address
		}
	}
	return in, udp, tcp
}

func dial(t testing.TB, network, address string) net.Conn {
	t.Helper()
	c, err := net.Dial(network, address)
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func write(t testing.TB, c net.Conn, s string) {
	t.Helper()
	_, err := io.WriteString(c, s)
	require.NoError(t, err)
}

func received(t testing.TB, in *Input, n int64) {
	t.Helper()
	inputtest.Until(t, fmt.Sprint(n, " records are durable"), func() bool { return in.Stats().Records >= n })
}

func TestDatagrams(t *testing.T) {
	h := inputtest.NewHost(t)
	in, udp, _ := start(t, h, nil)
	inputtest.Run(t, in)
	c := dial(t, "udp", udp)
	for _, s := range []string{
		"<13>Nov 21 08:00:00 host app: hello", "<14>ends as a line\r\n", "<14>ends as C\x00", "\n",
		"two\nlines", "\xc3\xdc\xc2\xeb\xb4\xed\xce\xf3", strings.Repeat("x", 60_000),
	} {
		write(t, c, s)
	}
	received(t, in, 6)
	rs := h.Records()
	require.Len(t, rs, 6)
	for i, want := range []string{
		"<13>Nov 21 08:00:00 host app: hello", "<14>ends as a line", "<14>ends as C",
		"two\nlines", "密码错误", strings.Repeat("x", 60_000),
	} {
		assert.Equal(t, want, rs[i].Text)
		assert.Equal(t, c.LocalAddr().String(), rs[i].Address)
		assert.Equal(t, "syslog", rs[i].Input)
	}
	assert.Equal(t, map[string]int64{"empty": 1}, in.Stats().Dropped)
}

func TestStreams(t *testing.T) {
	h := inputtest.NewHost(t)
	in, _, tcp := start(t, h, func(c *Config) { c.MaxRecordBytes = 1 << 20 })
	inputtest.Run(t, in)
	f := func(sent string, want ...inputtest.Record) {
		t.Helper()
		before, had := in.Stats().Records, len(h.Records())
		c := dial(t, "tcp", tcp)
		write(t, c, sent)
		require.NoError(t, c.Close())
		received(t, in, before+int64(len(want)))
		got := h.Records()[had:]
		require.Len(t, got, len(want))
		for i, r := range got {
			assert.Equal(t, c.LocalAddr().String(), r.Address)
			assert.Equal(t, want[i].Flags, r.Flags)
			if r.Text != want[i].Text {
				t.Errorf("record %d is %.80q (%d bytes), want %.80q (%d)", i, r.Text, len(r.Text), want[i].Text, len(want[i].Text))
			}
		}
	}
	rec := func(text string, flags ...string) inputtest.Record { return inputtest.Record{Text: text, Flags: flags} }

	f("<13>one\n<13>two\r\n\n<13>three\n", rec("<13>one"), rec("<13>two"), rec("<13>three"))
	f("<13>without a newline at the end", rec("<13>without a newline at the end"))
	f("7 <13>a\nb8 <13>next<13>lines\n", rec("<13>a\nb"), rec("<13>next"), rec("<13>lines"))
	f("策略=办公区\n\xb2\xdf\xc2\xd4=\xb0\xec\xb9\xab\xc7\xf8\nhalf \xe5\x8f\n",
		rec("策略=办公区"), rec("策略=办公区", "decoded"), rec("half \uFFFD\uFFFD", "decoded"))
	million := strings.Repeat("x", 1<<20)
	f("<1>before\n"+million+"\n<1>after\n", rec("<1>before"), rec(million), rec("<1>after"))
	f(million+"yz\n<1>after\n", rec(million, "truncated"), rec("<1>after"))
	f("1048580 <13>"+million+"<1>after\n", rec("<13>"+million[4:], "truncated"), rec("<1>after"))

	binary, err := os.ReadFile("../../../testdata/samples/hostile/binary.log")
	require.NoError(t, err)
	c := dial(t, "tcp", tcp)
	before := in.Stats().Records
	write(t, c, string(binary)+"\n<1>still here\n")
	inputtest.Until(t, "the line behind binary bytes", func() bool {
		s := h.Texts()
		return in.Stats().Records > before && s[len(s)-1] == "<1>still here"
	})
}

func TestJoinedLines(t *testing.T) {
	h := inputtest.NewHost(t)
	in, _, tcp := start(t, h, func(c *Config) { c.Multiline = input.Multiline{Indent: true, Wait: 30 * time.Millisecond} })
	inputtest.Run(t, in)
	c := dial(t, "tcp", tcp)
	write(t, c, "error\n  at a\n  at b\nnext\n")
	received(t, in, 2) // the second because nothing more comes, though the connection stays open
	write(t, c, "third\n  at c")
	require.NoError(t, c.Close())
	received(t, in, 3)
	assert.Equal(t, []string{"error\n  at a\n  at b", "next", "third\n  at c"}, h.Texts())
}

func TestConnectionsAreBounded(t *testing.T) {
	h := inputtest.NewHost(t)
	in, _, tcp := start(t, h, func(c *Config) { c.MaxConnections = 2 })
	inputtest.Run(t, in)
	a, b := dial(t, "tcp", tcp), dial(t, "tcp", tcp)
	write(t, a, "a\n")
	write(t, b, "b\n")
	received(t, in, 2)
	c := dial(t, "tcp", tcp)
	_, err := c.Read(make([]byte, 1))
	require.Error(t, err, "the third is closed")
	assert.EqualValues(t, 1, in.Stats().Dropped["connection_limit"])
	assert.EqualValues(t, 2, in.Stats().Connections)
	require.NoError(t, a.Close())
	inputtest.Until(t, "there is room again", func() bool { return in.Stats().Connections == 1 })
	write(t, dial(t, "tcp", tcp), "c\n")
	received(t, in, 3)
}

func TestIdleConnectionsEnd(t *testing.T) {
	h := inputtest.NewHost(t)
	in, _, tcp := start(t, h, func(c *Config) { c.IdleTimeout = 50 * time.Millisecond })
	inputtest.Run(t, in)
	c := dial(t, "tcp", tcp)
	write(t, c, "hello\n")
	_, err := c.Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF)
	received(t, in, 1)
	assert.Equal(t, []string{"hello"}, h.Texts())
	assert.Zero(t, in.Stats().Errors)
}

func TestPortInUse(t *testing.T) {
	h := inputtest.NewHost(t)
	_, udp, tcp := start(t, h, nil)
	f := func(cfg Config, want ...string) {
		t.Helper()
		cfg.Name = "second"
		in, err := New(cfg, h.Env())
		require.NoError(t, err)
		err = in.Run(t.Context())
		require.Error(t, err)
		for _, w := range want {
			assert.ErrorContains(t, err, w)
		}
		assert.Equal(t, "failed", in.Stats().State)
		assert.Equal(t, err.Error(), in.Stats().LastError)
	}
	f(Config{TCP: tcp}, "input second", "tcp "+tcp, "another program", "set another port")
	f(Config{UDP: udp}, "udp "+udp, "another program")
	f(Config{UDP: "127.0.0.1:0", TCP: tcp}, "tcp "+tcp)
	f(Config{TCP: "203.0.113.9:5514"}, "203.0.113.9:5514", "no such address")
	_, err := New(Config{Common: input.Common{Name: "x"}}, h.Env())
	assert.ErrorContains(t, err, "listens on nothing")
}

// An input that cannot run is reported, and the others do not notice.
func TestRunAll(t *testing.T) {
	h := inputtest.NewHost(t)
	good, _, tcp := start(t, h, func(c *Config) { c.Parser = "dptech" })
	bad, err := New(Config{Common: input.Common{Name: "bad"}, TCP: tcp}, h.Env())
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	reported, ended := make(chan string, 10), make(chan struct{})
	inputs := []input.Input{bad, good}
	go func() {
		defer close(ended)
		input.RunAll(ctx, inputs, func(format string, args ...any) { reported <- fmt.Sprintf(format, args...) })
	}()
	assert.Contains(t, <-reported, "input bad: cannot listen on tcp "+tcp)
	assert.Equal(t, "failed", bad.Stats().State)
	assert.Contains(t, bad.Stats().LastError, "another program has this port")
	write(t, dial(t, "tcp", tcp), "hello\n")
	received(t, good, 1)
	assert.Equal(t, map[string]string{"syslog": "dptech"}, input.Parsers(inputs))
	cancel()
	<-ended
}

// An input whose port another program has opens by itself when that is gone, and says both once.
func TestRunAllOpensWhenThePortIsFree(t *testing.T) {
	h := inputtest.NewHost(t)
	address, err := porttest.Address()
	require.NoError(t, err)
	other, err := net.Listen("tcp", address)
	require.NoError(t, err)
	require.ErrorContains(t, Try(Config{Common: input.Common{Name: "in"}, TCP: address}), "another program has this port")
	in, err := New(Config{Common: input.Common{Name: "in"}, UDP: address, TCP: address}, h.Env())
	require.NoError(t, err)
	require.Error(t, in.Open())
	assert.Equal(t, "failed", in.Stats().State, "already before it runs")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	reported, ended := make(chan string, 10), make(chan struct{})
	go func() {
		defer close(ended)
		input.RunAll(ctx, []input.Input{in}, func(format string, args ...any) { reported <- fmt.Sprintf(format, args...) })
	}()
	assert.Contains(t, <-reported, address)
	tries := in.Stats().Errors
	inputtest.Until(t, "another try", func() bool { return in.Stats().Errors > tries })
	assert.Equal(t, "failed", in.Stats().State)
	require.NoError(t, other.Close())
	assert.Equal(t, "input in is open now: udp://"+address+", tcp://"+address, <-reported, "the same reason is not told again")
	write(t, dial(t, "tcp", address), "hello\n")
	received(t, in, 1)
	assert.Equal(t, "running", in.Stats().State)
	require.Error(t, Try(Config{Common: input.Common{Name: "in"}, TCP: address}))
	cancel()
	<-ended
	require.NoError(t, Try(Config{Common: input.Common{Name: "in"}, UDP: address, TCP: address}), "it is given up at the end")
}

// What senders have handed over when the host stops is durable afterwards, and the input can run again.
func TestStopFlushes(t *testing.T) {
	h := inputtest.NewHost(t)
	in, udp, tcp := start(t, h, nil)
	const n = 3000
	for round := range 2 {
		require.NoError(t, in.Open())
		for _, a := range in.Stats().Address {
			network, address, _ := strings.Cut(a, "://")
			if network == "udp" {
				udp = address
			} else {
				tcp = address
			}
		}
		c, u := dial(t, "tcp", tcp), dial(t, "udp", udp)
		write(t, c, strings.Repeat("tcp line\n", n))
		write(t, u, "udp line")
		stop := inputtest.Run(t, in)
		inputtest.Until(t, "the connection is accepted", func() bool { return in.Stats().Connections == 1 })
		stop()
		assert.Len(t, h.Records(), (round+1)*(n+1))
		assert.Zero(t, in.Stats().Connections)
		assert.Equal(t, "stopped", in.Stats().State)
	}
}

// While the journal is full, TCP senders wait and lose nothing; every datagram is stored or counted.
func TestFullJournal(t *testing.T) {
	h := inputtest.NewHostWith(t, disk.Options{MaxBytes: 2 << 20, MaxEntryBytes: 512 << 10}, input.IntakeOptions{})
	consumer, err := h.Journal.Consumer("pipeline", journal.GroupOptions{})
	require.NoError(t, err)
	in, udp, tcp := start(t, h, func(c *Config) { c.ReadBuffer = 64 << 10 })
	inputtest.Run(t, in)

	const lines, datagrams = 1000, 3000
	line := strings.Repeat("x", 20<<10)
	sent := make(chan error, 1)
	go func() {
		c, err := net.Dial("tcp", tcp)
		for i := 0; i < lines && err == nil; i++ {
			_, err = io.WriteString(c, line+"\n")
		}
		sent <- errors.Join(err, c.Close())
	}()
	inputtest.Until(t, "the input waits", func() bool { return in.Stats().State == "waiting" })
	u := dial(t, "udp", udp)
	for range datagrams {
		write(t, u, strings.Repeat("u", 1000))
	}
	inputtest.Until(t, "datagrams are lost", func() bool { return in.Stats().Dropped["kernel_buffer"] > 0 })
	select {
	case err := <-sent:
		t.Fatalf("the sender did not have to wait: %v", err)
	default:
	}

	got := map[byte]int64{}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for got['x'] < lines || got['u']+in.Stats().Dropped["kernel_buffer"] < datagrams {
		e, err := consumer.Next(ctx)
		require.NoError(t, err, "%v %v", got, in.Stats())
		rs, err := inputtest.Decode(e)
		require.NoError(t, err)
		for _, r := range rs {
			got[r.Text[0]]++
		}
		require.NoError(t, h.Intake.Commit(consumer, e.Offset))
	}
	require.NoError(t, <-sent)
	assert.EqualValues(t, lines, got['x'])
	assert.EqualValues(t, datagrams, got['u']+in.Stats().Dropped["kernel_buffer"])
	inputtest.Until(t, "the input runs again", func() bool { return in.Stats().State == "running" })
}

func TestTLS(t *testing.T) {
	h := inputtest.NewHost(t)
	server, client := certificate(t)
	in, _, tcp := start(t, h, func(c *Config) { c.TLS = func() (*tls.Config, error) { return server, nil } })
	stop := inputtest.Run(t, in)
	c, err := tls.Dial("tcp", tcp, client)
	require.NoError(t, err)
	defer c.Close()
	write(t, c, "10 <13>secret<13>line\n")
	received(t, in, 2)
	write(t, dial(t, "tcp", tcp), "<13>plain text to a TLS port, longer than a header\n")
	inputtest.Until(t, "the error is reported", func() bool { return strings.Contains(in.Stats().LastError, "TLS with 127.0.0.1") })
	stop()
	assert.Equal(t, []string{"<13>secret", "<13>line"}, h.Texts())
}

func certificate(t *testing.T) (server, client *tls.Config) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	require.NoError(t, err)
	c, err = x509.ParseCertificate(der)
	require.NoError(t, err)
	roots := x509.NewCertPool()
	roots.AddCert(c)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, &tls.Config{RootCAs: roots}
}

// A certificate that cannot be read keeps the port closed until it can.
func TestCertificateIsReadAtEachTry(t *testing.T) {
	h := inputtest.NewHost(t)
	missing := errors.New("open tls.pem: no such file or directory")
	in, err := New(Config{Common: input.Common{Name: "in"}, UDP: "127.0.0.1:0", TCP: "127.0.0.1:0", TLS: func() (*tls.Config, error) { return &tls.Config{}, missing }}, h.Env())
	require.NoError(t, err)
	require.ErrorContains(t, in.Open(), "input in: tls: open tls.pem")
	assert.Equal(t, []string{"udp://127.0.0.1:0", "tls://127.0.0.1:0"}, in.Addresses(), "nothing stays open")
	missing = nil
	require.NoError(t, in.Open())
	require.NoError(t, in.close())
}
