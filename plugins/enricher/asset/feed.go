package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/logcenter/logcenter/sdk/schema"
)

// firstRetry is how long a service that failed is left alone at first.
const firstRetry = 10 * time.Second

// feed asks a service for its list, again and again.
type feed struct {
	s      *Source
	source int // which one
	client *http.Client
	etag   string   // of the list that was taken last
	sum    [32]byte // of its data
	kept   string   // file of the last good answer; empty: it is not kept
	retry  time.Duration
}

func newFeed(s *Source, source int, cache string) (*feed, error) {
	f := &feed{s: s, source: source, retry: firstRetry}
	t := &http.Transport{ // no proxy: the sandbox lets nobody else be reached
		TLSClientConfig:   &tls.Config{MinVersion: tls.VersionTLS12},
		ForceAttemptHTTP2: true, MaxIdleConns: 1, IdleConnTimeout: time.Minute, TLSHandshakeTimeout: s.Timeout,
	}
	if s.CAFile != "" {
		pem, err := os.ReadFile(s.CAFile)
		if err != nil {
			return nil, &schema.Error{Path: "ca_file", Msg: err.Error()}
		}
		t.TLSClientConfig.RootCAs = x509.NewCertPool()
		if !t.TLSClientConfig.RootCAs.AppendCertsFromPEM(pem) {
			return nil, &schema.Error{Path: "ca_file", Msg: s.CAFile + " has no certificate", Hint: "a file in PEM, with -----BEGIN CERTIFICATE-----"}
		}
	}
	// Elsewhere the token is nobody's business.
	f.client = &http.Client{Transport: t, Timeout: s.Timeout, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	if cache != "" {
		sum := sha256.Sum256([]byte(s.URL))
		f.kept = filepath.Join(cache, "assets-"+hex.EncodeToString(sum[:8])+".json")
	}
	return f, nil
}

// run asks until ctx is done. take is called with each new list, asked behind each try.
func (f *feed) run(ctx context.Context, take func(*list), asked func()) {
	failures := 0
	for {
		l, data, err := f.ask(ctx)
		if ctx.Err() != nil {
			return
		}
		wait := f.s.Interval
		switch {
		case err != nil:
			failures++
			wait = min(wait, f.retry<<min(failures-1, 16))
			fmt.Fprintf(os.Stderr, "%s: %v; the list before stays, the next try is in %s\n", f.s.name(), err, wait)
		default:
			failures = 0
			if l != nil {
				take(l)
				f.keep(data)
			}
		}
		asked()
		wait += time.Duration((rand.Float64() - .5) / 5 * float64(wait))
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
	}
}

// ask is one request; no list and no error means that the one before is as it was.
func (f *feed) ask(ctx context.Context) (l *list, data []byte, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, f.s.URL, nil)
	if err != nil {
		return nil, nil, plain(err)
	}
	r.Header.Set("Accept", "application/json")
	if f.etag != "" {
		r.Header.Set("If-None-Match", f.etag)
	}
	if f.s.TokenFile != "" {
		token, err := readToken(f.s.TokenFile)
		if err != nil {
			return nil, nil, err
		}
		r.Header.Set("Authorization", "Bearer "+token)
	}
	a, err := f.client.Do(r)
	if err != nil {
		return nil, nil, plain(err)
	}
	defer func() { _ = a.Body.Close() }()
	switch {
	case a.StatusCode == http.StatusNotModified && f.etag != "":
		return nil, nil, nil
	case a.StatusCode == http.StatusUnauthorized, a.StatusCode == http.StatusForbidden:
		return nil, nil, fmt.Errorf("answers %s: see to the token in token_file", a.Status)
	case a.StatusCode/100 == 3:
		return nil, nil, fmt.Errorf("answers %s: set url to where it leads, %q", a.Status, a.Header.Get("Location"))
	case a.StatusCode != http.StatusOK:
		return nil, nil, fmt.Errorf("answers %s", a.Status)
	}
	most := int64(f.s.MaxBytes)
	data, err = io.ReadAll(io.LimitReader(a.Body, most+1))
	if err != nil {
		return nil, nil, plain(err)
	}
	if int64(len(data)) > most {
		return nil, nil, fmt.Errorf("answers more than max_bytes, which is %d", most)
	}
	sum := sha256.Sum256(data)
	if sum == f.sum {
		return nil, nil, nil // a service without ETags
	}
	l, err = f.s.read(data)
	if l == nil {
		return nil, nil, fmt.Errorf("its list has faults:\n%w", err)
	}
	tell(err)
	f.etag, f.sum = a.Header.Get("ETag"), sum
	return l, data, nil
}

// plain is an error without the URL, whose query may have secrets.
func plain(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

const maxToken = 16 << 10

func readToken(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("token_file: %w", err)
	}
	defer func() { _ = f.Close() }()
	b, err := io.ReadAll(io.LimitReader(f, maxToken+1))
	if err != nil {
		return "", fmt.Errorf("token_file: %w", err)
	}
	token := strings.TrimSpace(string(b))
	if token == "" || len(b) > maxToken || strings.ContainsFunc(token, func(c rune) bool { return c <= ' ' || c > '~' }) {
		return "", fmt.Errorf("token_file: %s holds no token, which is one word", path)
	}
	return token, nil
}

// The last good answer is kept as it came, behind the ETag that it had, which is a line.

// keep writes an answer down.
func (f *feed) keep(data []byte) {
	if f.kept == "" {
		return
	}
	if err := replace(f.kept, append([]byte(f.etag+"\n"), data...)); err != nil {
		fmt.Fprintf(os.Stderr, "%s: the answer cannot be kept for a restart: %v\n", f.s.name(), err)
	}
}

// last is the list of the answer that was written down, nil if there is none.
func (f *feed) last() *list {
	if f.kept == "" {
		return nil
	}
	b, err := os.ReadFile(f.kept)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	etag, data, _ := bytes.Cut(b, []byte("\n"))
	var l *list
	if err == nil {
		l, err = f.s.read(data)
	}
	if l == nil {
		fmt.Fprintf(os.Stderr, "%s: what was kept of it in %s is of no use: %v\n", f.s.name(), f.kept, err)
		return nil
	}
	f.etag, f.sum = string(etag), sha256.Sum256(data)
	return l
}

// replace puts a file in the place of another one, whole or not at all.
func replace(path string, b []byte) (err error) {
	t, err := os.CreateTemp(filepath.Dir(path), ".assets-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(t.Name())
		}
	}()
	_, err = t.Write(b)
	if err == nil {
		err = t.Sync()
	}
	if e := t.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(t.Name(), path)
	}
	return err
}
