package link_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/sdk/clienttls"
	"github.com/logcenter/logcenter/sdk/link"
	"github.com/logcenter/logcenter/sdk/plugintest"
)

func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// lines accepts connections, and hands on the lines of each until the receiver of hangUp says so.
func lines(l net.Listener, got chan<- string, hangUp <-chan struct{}) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			for s := bufio.NewScanner(c); s.Scan(); {
				got <- s.Text()
			}
		}()
		go func() {
			<-hangUp
			_ = c.Close()
		}()
	}
}

func TestAConnectionLastsAndIsMadeAnew(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	got, hangUp := make(chan string, 10), make(chan struct{})
	go lines(l, got, hangUp)
	k := link.New(link.Options{Network: "tcp", Address: l.Addr().String()})
	defer k.Close()
	assert.True(t, k.Gone())
	var first <-chan struct{}
	for i := range 3 {
		gone, err := k.Send(within(t), fmt.Appendln(nil, i))
		require.NoError(t, err)
		assert.Equal(t, fmt.Sprint(i), <-got)
		if i == 0 {
			first = gone
		}
		assert.Equal(t, first, gone, "one connection for all")
	}
	hangUp <- struct{}{}
	<-first
	assert.True(t, k.Gone())
	second, err := k.Send(within(t), []byte("again\n"))
	require.NoError(t, err)
	assert.Equal(t, "again", <-got)
	assert.NotEqual(t, first, second)
	k.Drop(first)
	assert.False(t, k.Gone(), "of another connection")
	k.Drop(second)
	assert.True(t, k.Gone())
}

func TestAnswersAreRead(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	go func() {
		if c, err := l.Accept(); err == nil {
			_, _ = io.Copy(c, c)
		}
	}()
	answer := make(chan string, 1)
	k := link.New(link.Options{Network: "tcp", Address: l.Addr().String(), Read: func(r io.Reader) {
		line, _ := bufio.NewReader(r).ReadString('\n')
		answer <- line
	}})
	defer k.Close()
	gone, err := k.Send(within(t), []byte("hello\n"))
	require.NoError(t, err)
	assert.Equal(t, "hello\n", <-answer)
	<-gone // as the reader has ended
}

func TestACancelledSendEndsAtOnce(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0") // nobody accepts, so nothing is read
	require.NoError(t, err)
	defer l.Close()
	k := link.New(link.Options{Network: "tcp", Address: l.Addr().String()})
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error, 2)
	for range 2 { // one writes, one waits for its turn
		go func() {
			var err error
			for err == nil {
				_, err = k.Send(ctx, make([]byte, 1<<20))
			}
			result <- err
		}()
	}
	time.AfterFunc(100*time.Millisecond, cancel)
	for range 2 {
		select {
		case err := <-result:
			require.Error(t, err)
		case <-time.After(10 * time.Second):
			t.Fatal("a cancelled send goes on")
		}
	}
	k.Close()
}

func TestTLS(t *testing.T) {
	ca := plugintest.NewAuthority(t)
	cert, key := ca.Issue(t, "server", "receiver.test", "127.0.0.1")
	pair, err := tls.LoadX509KeyPair(cert, key)
	require.NoError(t, err)
	clientCert, clientKey := ca.Issue(t, "client")
	known, err := (&clienttls.Config{CAFile: ca.File}).Load("")
	require.NoError(t, err)
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{pair}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: known.RootCAs})
	require.NoError(t, err)
	defer l.Close()
	got := make(chan string, 10)
	go lines(l, got, nil)
	for _, tt := range []struct {
		c    clienttls.Config
		says string
	}{
		{clienttls.Config{CAFile: ca.File, CertFile: clientCert, KeyFile: clientKey}, ""},
		{clienttls.Config{CAFile: ca.File, CertFile: clientCert, KeyFile: clientKey, ServerName: "receiver.test"}, ""},
		{clienttls.Config{CAFile: ca.File, CertFile: clientCert, KeyFile: clientKey, ServerName: "other.test"}, "other.test"},
		{clienttls.Config{CertFile: clientCert, KeyFile: clientKey}, "unknown authority"},
		{clienttls.Config{CAFile: ca.File}, "may not accept the certificate"},
		{clienttls.Config{CAFile: "none.pem"}, "none.pem"},
	} {
		k := link.New(link.Options{Network: "tcp", Address: l.Addr().String(), TLS: func() (*tls.Config, error) { return tt.c.Load("127.0.0.1") }})
		_, err := k.Send(within(t), []byte("over TLS\n"))
		if tt.says == "" {
			require.NoError(t, err)
			assert.Equal(t, "over TLS", <-got)
		} else {
			require.ErrorContains(t, err, tt.says)
		}
		k.Close()
	}
	_, err = link.New(link.Options{Network: "tcp", Address: "127.0.0.1:1"}).Send(within(t), nil)
	require.Error(t, err)
	assert.NotErrorIs(t, err, link.ErrGone)
}
