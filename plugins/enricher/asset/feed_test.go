package main

import (
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// cmdb is a service that has a list.
type cmdb struct {
	*httptest.Server
	ca    string // file of its certificate
	token string // file of the token it wants

	mu     sync.Mutex
	list   string
	status int
	asked  int
	none   int // answers that the list is as it was
}

func newCMDB(t *testing.T) *cmdb {
	c := &cmdb{list: "[]", status: http.StatusOK}
	c.Server = httptest.NewTLSServer(c)
	t.Cleanup(c.Close)
	c.ca = write(t, "ca.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Certificate().Raw})))
	c.token = write(t, "token", "correct-horse\n")
	return c
}

func (c *cmdb) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked++
	etag := fmt.Sprintf("%q", fmt.Sprint(len(c.list), c.list[:min(40, len(c.list))]))
	switch {
	case r.Header.Get("Authorization") != "Bearer correct-horse":
		w.WriteHeader(http.StatusUnauthorized)
	case c.status != http.StatusOK:
		w.Header().Set("Location", "https://elsewhere.example/")
		w.WriteHeader(c.status)
	case r.Header.Get("If-None-Match") == etag:
		c.none++
		w.WriteHeader(http.StatusNotModified)
	default:
		w.Header().Set("ETag", etag)
		_, _ = w.Write([]byte(c.list))
	}
}

func (c *cmdb) answer(status int, list string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.status, c.list = status, list
}

func (c *cmdb) count() (asked, none int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.asked, c.none
}

func (c *cmdb) source() Source {
	return Source{
		URL: c.URL + "/assets?key=hidden", List: "", TokenFile: c.token, CAFile: c.ca,
		Interval: 2 * time.Millisecond, Timeout: 10 * time.Second, MaxBytes: 1 << 10,
	}
}

// start is an enricher with a config, and what it calls the host web-01.
func start(t *testing.T, c Config) (name func() string, stop func()) {
	t.Helper()
	c.Reload = time.Hour
	s, err := New(c)
	require.NoError(t, err)
	e := s.(*enricher)
	stop = sync.OnceFunc(func() { require.NoError(t, e.Close()) })
	t.Cleanup(stop)
	return func() string {
		tab := e.table.Load()
		return tab.id(tab.host([]byte("web-01")))
	}, stop
}

func TestAServiceIsAskedAgain(t *testing.T) {
	c := newCMDB(t)
	c.answer(http.StatusOK, `[{"id":"first","hostname":"web-01"}]`)
	name, _ := start(t, Config{Sources: []Source{c.source()}})
	assert.Equal(t, "first", name(), "New waits for the first answer")
	require.Eventually(t, func() bool { _, none := c.count(); return none > 1 }, time.Minute, time.Millisecond, "If-None-Match is sent")
	c.answer(http.StatusOK, `[{"id":"second","hostname":"web-01"}]`)
	require.Eventually(t, func() bool { return name() == "second" }, time.Minute, time.Millisecond)
}

// What a service says wrong is not taken; each case waits until it has been asked twice more.
func TestAnswersThatAreNotTaken(t *testing.T) {
	for what, list := range map[string]struct {
		status int
		list   string
		token  string
	}{
		"down":      {http.StatusServiceUnavailable, "", ""},
		"faults":    {http.StatusOK, `[{"id":"x","hostname":"web-01","ip":"10.0.0"}]`, ""},
		"no JSON":   {http.StatusOK, `<html>`, ""},
		"too large": {http.StatusOK, `[{"id":"x","hostname":"web-01","name":"` + string(make([]byte, 2<<10)) + `"}]`, ""},
		"elsewhere": {http.StatusFound, "", ""},
		"token":     {http.StatusOK, `[{"id":"x","hostname":"web-01"}]`, "wrong"},
		"no token":  {http.StatusOK, `[{"id":"x","hostname":"web-01"}]`, " "},
	} {
		t.Run(what, func(t *testing.T) {
			c := newCMDB(t)
			c.answer(http.StatusOK, `[{"id":"good","hostname":"web-01"}]`)
			s := c.source()
			f, err := newFeed(&s, 0, "")
			require.NoError(t, err)
			l, _, err := f.ask(t.Context())
			require.NoError(t, err)
			require.Len(t, l.assets, 1)
			c.answer(list.status, list.list)
			if list.token != "" {
				require.NoError(t, os.WriteFile(c.token, []byte(list.token), 0o600))
			}
			l, _, err = f.ask(t.Context())
			require.Error(t, err)
			assert.Nil(t, l)
			assert.NotContains(t, err.Error(), "hidden")
			assert.NotContains(t, err.Error(), "correct-horse")
			c.answer(http.StatusOK, `[{"id":"better","hostname":"web-01"}]`)
			require.NoError(t, os.WriteFile(c.token, []byte("correct-horse"), 0o600))
			l, _, err = f.ask(t.Context())
			require.NoError(t, err)
			assert.Equal(t, "better", l.value(1))
		})
	}
}

func TestTheLastGoodAnswerOutlivesTheService(t *testing.T) {
	cache := t.TempDir()
	c := newCMDB(t)
	c.answer(http.StatusOK, `[{"id":"kept","hostname":"web-01"}]`)
	config := Config{Sources: []Source{c.source()}, Cache: cache}
	name, stop := start(t, config)
	assert.Equal(t, "kept", name())
	kept := filepath.Join(cache, "assets-*.json")
	require.Eventually(t, func() bool { found, _ := filepath.Glob(kept); return len(found) == 1 }, time.Minute, time.Millisecond)
	stop()
	files, err := filepath.Glob(kept)
	require.NoError(t, err)
	st, err := os.Stat(files[0])
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), st.Mode().Perm())

	c.answer(http.StatusServiceUnavailable, "")
	name, stop = start(t, config)
	assert.Equal(t, "kept", name())
	c.answer(http.StatusOK, `[{"id":"fresh","hostname":"web-01"}]`)
	require.Eventually(t, func() bool { return name() == "fresh" }, time.Minute, time.Millisecond)
	stop()

	// What is kept may be damaged.
	require.NoError(t, os.WriteFile(files[0], []byte("\n[{"), 0o600))
	name, _ = start(t, config)
	assert.Equal(t, "fresh", name())
}

func TestAFileGoesOnWhileAServiceIsDown(t *testing.T) {
	c := newCMDB(t)
	c.answer(http.StatusServiceUnavailable, "")
	s := c.source()
	s.Interval = time.Hour
	name, _ := start(t, Config{Sources: []Source{s, {Path: write(t, "a.csv", "id,hostname\nfile,web-01\n")}}})
	assert.Equal(t, "file", name())
}

func TestACertificateOfSomebodyElseIsRefused(t *testing.T) {
	c := newCMDB(t)
	s := c.source()
	s.CAFile = ""
	f, err := newFeed(&s, 0, "")
	require.NoError(t, err)
	_, _, err = f.ask(t.Context())
	assert.ErrorContains(t, err, "certificate")
	asked, _ := c.count()
	assert.Zero(t, asked, "and is not sent the token")
}
