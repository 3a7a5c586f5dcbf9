package stream_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/stream"
	"github.com/logcenter/logcenter/sdk/query"
)

func open(t *testing.T, path string, config ...stream.Stream) *stream.Set {
	t.Helper()
	s, err := stream.Open(path, config)
	require.NoError(t, err)
	return s
}

func names(s *stream.Set) string {
	var all []string
	for _, one := range s.List() {
		all = append(all, one.Name)
	}
	return strings.Join(all, " ")
}

func TestStreamsSurviveRestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "streams.json")
	s := open(t, path)
	assert.Empty(t, s.List())

	kept, created, err := s.Put(stream.Stream{Name: "ips-high", Query: "observer.type:ips AND log.level:(Error OR Fatal)", Description: "入侵防护"})
	require.NoError(t, err)
	assert.True(t, created)
	assert.False(t, kept.Updated.IsZero())
	_, created, err = s.Put(stream.Stream{Name: "logins", Query: "登录失败"})
	require.NoError(t, err)
	assert.True(t, created)
	_, created, err = s.Put(stream.Stream{Name: "logins", Query: "event.action:login"})
	require.NoError(t, err)
	assert.False(t, created)

	s = open(t, path)
	assert.Equal(t, "ips-high logins", names(s))
	got, err := s.Get("logins")
	require.NoError(t, err)
	assert.Equal(t, "event.action:login", got.Query)
	got, err = s.Get("ips-high")
	require.NoError(t, err)
	assert.Equal(t, kept, got)

	require.NoError(t, s.Delete("ips-high"))
	require.ErrorIs(t, s.Delete("ips-high"), stream.ErrNotFound)
	assert.Equal(t, "logins", names(open(t, path)))
	left, err := filepath.Glob(path + ".*")
	require.NoError(t, err)
	assert.Empty(t, left, "temporary files")
}

func TestConfigHidesFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "streams.json")
	_, _, err := open(t, path).Put(stream.Stream{Name: "b", Query: "from:api"})
	require.NoError(t, err)

	s := open(t, path, stream.Stream{Name: "c", Query: "x"}, stream.Stream{Name: "b", Query: "y"})
	got, err := s.Get("b")
	require.NoError(t, err)
	assert.True(t, got.FromConfig)
	assert.Equal(t, "y", got.Query)
	_, _, err = s.Put(stream.Stream{Name: "b", Query: "z"})
	require.ErrorIs(t, err, stream.ErrConfig)
	require.ErrorIs(t, s.Delete("c"), stream.ErrConfig)
	_, _, err = s.Put(stream.Stream{Name: "a", Query: "z"})
	require.NoError(t, err)
	assert.Equal(t, "a b c", names(s))

	s = open(t, path)
	assert.Equal(t, "a b", names(s))
	got, err = s.Get("b")
	require.NoError(t, err)
	assert.Equal(t, "from:api", got.Query)
}

func TestSelectorsFollowChanges(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "streams.json"), stream.Stream{Name: "m", Query: "m"})
	v1, all := s.Selectors()
	require.Len(t, all, 1)
	_, _, err := s.Put(stream.Stream{Name: "a", Query: "source.ip:10.0.0.0/8"})
	require.NoError(t, err)
	v2, all := s.Selectors()
	assert.Greater(t, v2, v1)
	require.Len(t, all, 2)
	assert.Equal(t, "a", all[0].Name)
	assert.Equal(t, "source.ip:10.0.0.0/8", query.Format(all[0].Node))
	require.NoError(t, s.Delete("a"))
	v3, all := s.Selectors()
	assert.Greater(t, v3, v2)
	assert.Len(t, all, 1)
}

func TestBadStreams(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "streams.json"))
	for _, c := range []struct {
		s    stream.Stream
		want string
	}{
		{stream.Stream{Name: "", Query: "x"}, "lower-case letters"},
		{stream.Stream{Name: "Ü", Query: "x"}, "lower-case letters"},
		{stream.Stream{Name: "../x", Query: "x"}, "lower-case letters"},
		{stream.Stream{Name: strings.Repeat("a", 65), Query: "x"}, "lower-case letters"},
		{stream.Stream{Name: "a", Query: " "}, "no query"},
		{stream.Stream{Name: "a", Query: "x", Description: strings.Repeat("d", 1025)}, "1025 bytes"},
		{stream.Stream{Name: "a", Query: "x", Description: "\xff"}, "UTF-8"},
	} {
		_, _, err := s.Put(c.s)
		require.ErrorIs(t, err, stream.ErrInvalid, c.s.Name)
		require.ErrorContains(t, err, c.want)
	}
	for _, q := range []string{`a:"unclosed`, "source.port:abc"} {
		_, _, err := s.Put(stream.Stream{Name: "a", Query: q})
		var qe *query.Error
		require.ErrorAs(t, err, &qe, q)
		require.ErrorContains(t, err, "stream a")
	}
	assert.Empty(t, s.List())
}

func TestTooManyStreams(t *testing.T) {
	config := make([]stream.Stream, stream.MaxStreams)
	for i := range config {
		config[i] = stream.Stream{Name: "s" + strings.Repeat("x", i%60) + string(rune('a'+i/60)), Query: "x"}
	}
	s := open(t, filepath.Join(t.TempDir(), "streams.json"), config...)
	_, _, err := s.Put(stream.Stream{Name: "one-more", Query: "x"})
	require.ErrorIs(t, err, stream.ErrTooMany)
}

func TestBadFiles(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{`{`, "is not a file of streams"},
		{`{"version":2}`, "format 2"},
		{`{"version":1,"streams":[{"name":"a","query":"("}]}`, "stream a: query"},
		{`{"version":1,"streams":[{"name":"a","query":"x"},{"name":"a","query":"y"}]}`, "twice"},
	} {
		path := filepath.Join(t.TempDir(), "streams.json")
		require.NoError(t, os.WriteFile(path, []byte(c.text), 0o600))
		_, err := stream.Open(path, nil)
		require.ErrorContains(t, err, c.want)
		require.ErrorContains(t, err, path)
	}
	_, err := stream.Open(filepath.Join(t.TempDir(), "s"), []stream.Stream{{Name: "a", Query: "x"}, {Name: "a", Query: "y"}})
	require.ErrorContains(t, err, "twice")
	_, err = stream.Open(filepath.Join(t.TempDir(), "s"), []stream.Stream{{Name: "a", Query: "source.port:x"}})
	require.ErrorContains(t, err, "source.port")
}

func TestFailedWriteChangesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gone", "streams.json")
	s := open(t, path)
	_, _, err := s.Put(stream.Stream{Name: "a", Query: "x"})
	require.ErrorIs(t, err, os.ErrNotExist)
	assert.Empty(t, s.List())
}

func TestConcurrentUse(t *testing.T) {
	path := filepath.Join(t.TempDir(), "streams.json")
	s := open(t, path)
	var wg sync.WaitGroup
	for _, name := range []string{"a", "b", "c", "d"} {
		wg.Go(func() {
			for range 5 {
				if _, _, err := s.Put(stream.Stream{Name: name, Query: "x"}); err != nil {
					assert.NoError(t, err)
				}
				s.Selectors()
				if err := s.Delete(name); err != nil && !errors.Is(err, stream.ErrNotFound) {
					assert.NoError(t, err)
				}
			}
			_, _, err := s.Put(stream.Stream{Name: name, Query: "y"})
			assert.NoError(t, err)
		})
	}
	wg.Wait()
	assert.Equal(t, "a b c d", names(open(t, path)))
}
