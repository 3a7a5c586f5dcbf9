package archive_test

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/archive"
	"github.com/logcenter/logcenter/host/archive/s3test"
	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/host/store/storetest"
	"github.com/logcenter/logcenter/sdk/query"
	"github.com/logcenter/logcenter/sdk/wire"
)

const day = "2026-08-11"

var noon = time.Date(2026, 8, 11, 12, 0, 0, 0, time.UTC)

// events are n events of a firewall, one a second.
func events(n int) []storetest.Event {
	out := make([]storetest.Event, n)
	for i := range out {
		ip := netip.AddrFrom4([4]byte{192, 0, 2, byte(i)})
		out[i] = storetest.Event{
			"@timestamp": noon.Add(time.Duration(i) * time.Second), "event.ingested": noon.Add(time.Hour),
			"message":   fmt.Sprintf("攻击 number%d from %s", i, ip),
			"source.ip": ip, "event.dataset": []string{"dptech.firewall", "dptech.ips"}[i%2], "observer.type": "firewall",
			"event.category": []any{"network", "intrusion_detection"}, "event.severity": int64(i), "event.risk_score": 0.5 + float64(i),
			"vendor.odd": fmt.Sprintf("<%d>", i),
		}
	}
	return out
}

func batches(t *testing.T, evs []storetest.Event) iter.Seq2[*wire.Batch, error] {
	t.Helper()
	return func(yield func(*wire.Batch, error) bool) {
		for i := 0; i < len(evs); i += 100 {
			b, err := storetest.Batch(uint64(i/100+1), evs[i:min(i+100, len(evs))])
			if !yield(b, err) {
				return
			}
		}
	}
}

type fixture struct {
	*archive.Archive
	t     *testing.T
	dest  archive.Destination
	state string
	work  string
}

func open(t *testing.T, d archive.Destination, state string) *fixture {
	t.Helper()
	a, err := archive.Open(t.Context(), d, state)
	require.NoError(t, err)
	return &fixture{a, t, d, state, t.TempDir()}
}

func fresh(t *testing.T) *fixture {
	t.Helper()
	return open(t, archive.Directory(t.TempDir()), filepath.Join(t.TempDir(), "archive.chain"))
}

func (f *fixture) request(format string, evs []storetest.Event) archive.AddRequest {
	return archive.AddRequest{
		Class: "firewall.attack", Day: day, Years: 2, Format: format, Program: "test", Events: batches(f.t, evs),
		Staging: filepath.Join(f.work, "staging"), FileBytes: 4000,
	}
}

func (f *fixture) add(format string, n int) *archive.Manifest {
	f.t.Helper()
	m, err := f.Add(f.t.Context(), f.request(format, events(n)))
	require.NoError(f.t, err)
	return m
}

// read are the events of a partition, by their ids.
func (f *fixture) read(name string) map[string]store.Event {
	f.t.Helper()
	out := map[string]store.Event{}
	for b, err := range f.Events(f.t.Context(), name, filepath.Join(f.work, "cache"), nil) {
		require.NoError(f.t, err)
		for row := range int(b.Rows) {
			ev := store.EventAt(b, row)
			id := ev["event.id"].(string)
			require.NotContains(f.t, out, id, "twice")
			out[id] = ev
		}
	}
	return out
}

func (f *fixture) verify() *archive.Report {
	f.t.Helper()
	r, err := archive.Verify(f.t.Context(), f.dest, f.state, nil)
	require.NoError(f.t, err)
	return r
}

func destinations(t *testing.T, f func(t *testing.T, d archive.Destination)) {
	t.Helper()
	t.Run("directory", func(t *testing.T) { f(t, archive.Directory(t.TempDir())) })
	t.Run("bucket", func(t *testing.T) { f(t, bucketOf(t, s3test.Start(t, bucketName), nil)) })
}

func TestRoundTrip(t *testing.T) {
	for _, format := range []string{archive.Parquet, archive.NDJSON} {
		t.Run(format, func(t *testing.T) {
			destinations(t, func(t *testing.T, d archive.Destination) {
				f := open(t, d, filepath.Join(t.TempDir(), "archive.chain"))
				const n = 257
				m := f.add(format, n)
				assert.Equal(t, "firewall.attack."+day, m.Name())
				assert.EqualValues(t, n, m.Events)
				assert.Equal(t, noon, m.From)
				assert.Equal(t, noon.Add((n-1)*time.Second), m.To)
				assert.Equal(t, []archive.Dataset{{Name: "dptech.firewall", Events: 129}, {Name: "dptech.ips", Events: 128}}, m.Datasets)
				assert.Contains(t, m.Fields, archive.Field{Name: "source.ip", Type: "ip", Events: n})
				assert.Contains(t, m.Fields, archive.Field{Name: "vendor.odd", Type: "flattened", Events: n})
				assert.Greater(t, len(m.Files), 1)
				whole, err := f.Read(t.Context(), m.Name())
				require.NoError(t, err)
				assert.Equal(t, m, whole)

				got := f.read(m.Name())
				require.Len(t, got, n)
				for b, err := range batches(t, events(n)) {
					require.NoError(t, err)
					for row := range int(b.Rows) {
						want := store.EventAt(b, row)
						have := got[want["event.id"].(string)]
						if odd, ok := have["vendor.odd"].([]any); ok { // undeclared fields are lists when they are read
							have["vendor.odd"] = odd[0]
						}
						require.Equal(t, want, have)
					}
				}
				r := f.verify()
				assert.Empty(t, r.Problems)
				assert.Empty(t, r.Notes)
				assert.Equal(t, 1, r.Partitions)
				assert.Equal(t, len(m.Files), r.Files)
				assert.Empty(t, entries(t, f.work), "nothing stays on this machine")

				again := open(t, d, f.state)
				assert.Equal(t, f.List(), again.List())
				lost := open(t, d, filepath.Join(t.TempDir(), "another"))
				assert.Equal(t, f.List(), lost.List(), "a host whose data folder is gone reads the chain from the archive")
			})
		})
	}
}

func entries(t *testing.T, dir string) (names []string) {
	t.Helper()
	es, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range es {
		names = append(names, e.Name())
	}
	return names
}

func TestSearchInPlace(t *testing.T) {
	for _, format := range []string{archive.Parquet, archive.NDJSON} {
		destinations(t, func(t *testing.T, d archive.Destination) {
			f := open(t, d, filepath.Join(t.TempDir(), "archive.chain"))
			f.add(format, 300)
			n, err := query.Parse("number42 OR source.ip:192.0.2.7")
			require.NoError(t, err)
			var last archive.Progress
			sel := store.Selection{Query: n, From: noon, To: noon.Add(250 * time.Second)}
			r, err := f.Open(t.Context(), archive.OpenRequest{
				Selection: sel, Scope: store.Everything(), Cache: filepath.Join(f.work, "cache"), Progress: func(p archive.Progress) { last = p },
			})
			require.NoError(t, err)
			page, err := r.Search(t.Context(), store.Everything(), store.SearchRequest{Selection: sel, Count: true, Limit: 1})
			require.NoError(t, err)
			assert.EqualValues(t, 2, page.Total)
			require.Len(t, page.Events, 1)
			assert.Equal(t, "攻击 number42 from 192.0.2.42", page.Events[0]["message"])
			assert.NotEmpty(t, page.Cursor)
			require.NoError(t, r.Close())
			assert.Equal(t, 1, last.Partitions)
			assert.NoDirExists(t, filepath.Join(f.work, "cache"))
		})
	}
}

func TestVerifyNamesWhatWasChanged(t *testing.T) {
	f := fresh(t)
	m := f.add(archive.Parquet, 300)
	f.add(archive.NDJSON, 10)
	require.NoError(t, f.Hold(t.Context(), m.Name(), "case 7"))
	dir := f.dest.String()
	damage := func(want string, name string, change func(b []byte) []byte) {
		t.Helper()
		path := filepath.Join(dir, name)
		was, err := os.ReadFile(path)
		require.NoError(t, err)
		b := change(bytes.Clone(was))
		if b == nil {
			require.NoError(t, os.Remove(path))
		} else {
			require.NoError(t, os.WriteFile(path, b, 0o600))
		}
		for _, state := range []string{f.state, ""} {
			r, err := archive.Verify(t.Context(), f.dest, state, nil)
			require.NoError(t, err)
			if state == "" && strings.Contains(want, "this host wrote") {
				continue
			}
			require.NotEmpty(t, r.Problems, "%s with state %q", name, state)
			assert.Contains(t, fmt.Sprint(r.Problems), want)
		}
		require.NoError(t, os.WriteFile(path, was, 0o600))
		require.Empty(t, f.verify().Problems)
	}
	flip := func(b []byte) []byte { b[len(b)/2] ^= 1; return b }
	gone := func([]byte) []byte { return nil }
	damage(m.Files[0].Name+" was changed", m.Files[0].Name, flip)
	damage(m.Files[1].Name+" was changed", m.Files[1].Name, flip)
	damage(m.Files[2].Name+" is missing", m.Files[2].Name, gone)
	damage("has 0 bytes, not", m.Files[0].Name, func([]byte) []byte { return []byte{} })
	damage("chain/00000001.json is missing", "chain/00000001.json", gone)
	damage("chain/00000002.json is missing", "chain/00000002.json", gone)
	damage("chain/00000003.json is missing: this host wrote it", "chain/00000003.json", gone)
	damage("chain/00000003.json is not what this host wrote", "chain/00000003.json", func(b []byte) []byte { return bytes.Replace(b, []byte("case 7"), []byte("case 8"), 1) })
	damage("chain/00000001.json is not what chain/00000002.json was written behind", "chain/00000001.json",
		func(b []byte) []byte { return bytes.Replace(b, []byte(`"events":300`), []byte(`"events":299`), 1) })
}

func TestAnotherArchiveIsRefused(t *testing.T) {
	f := fresh(t)
	f.add(archive.NDJSON, 10)
	_, err := archive.Open(t.Context(), archive.Directory(t.TempDir()), f.state)
	require.ErrorIs(t, err, archive.ErrDamaged)
	assert.Contains(t, err.Error(), "is the right disk mounted")

	other := open(t, f.dest, filepath.Join(t.TempDir(), "other"))
	other.add(archive.NDJSON, 3)
	_, err = f.Add(t.Context(), f.request(archive.NDJSON, events(3)))
	require.ErrorContains(t, err, "only one host may write to an archive")
}

func TestDeleteAndHold(t *testing.T) {
	f := fresh(t)
	m := f.add(archive.Parquet, 20)
	require.NoError(t, f.Hold(t.Context(), m.Name(), "case 7"))
	err := f.Delete(t.Context(), m.Name(), "its time is over")
	require.ErrorIs(t, err, archive.ErrRefused)
	assert.Contains(t, err.Error(), "is held: case 7")
	require.NoError(t, f.Release(t.Context(), m.Name(), "closed"))
	require.NoError(t, f.Delete(t.Context(), m.Name(), "its time is over"))
	_, err = f.Find(m.Name())
	require.ErrorIs(t, err, archive.ErrNotFound)
	assert.Contains(t, err.Error(), "it was deleted")
	r := f.verify()
	assert.Empty(t, r.Problems)
	assert.Equal(t, 4, r.Records)
	assert.Zero(t, r.Files)
	next := f.add(archive.Parquet, 5)
	assert.Equal(t, 2, next.Part, "what is deleted leaves its number behind")
}

// What a crash may leave at any moment is mended by opening and going on.
func TestInterruptedWritesAreMended(t *testing.T) {
	f := fresh(t)
	f.add(archive.Parquet, 20)
	b, err := os.ReadFile(f.state)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(f.state, b[:len(b)/2], 0o600), "killed while the host's copy was written")
	assert.Empty(t, f.verify().Problems)
	half, err := os.ReadFile(f.state)
	require.NoError(t, err)
	assert.Equal(t, b[:len(b)/2], half, "verifying changes nothing: the host may be writing")
	again := open(t, f.dest, f.state)
	assert.Equal(t, f.List(), again.List())

	torn := filepath.Join(f.dest.String(), "chain/00000002.json.tmp")
	require.NoError(t, os.WriteFile(torn, b[:len(b)/2], 0o600), "killed while a record was written")
	without, err := archive.OpenReadOnly(t.Context(), f.dest)
	require.NoError(t, err)
	assert.Equal(t, f.List(), without.List())
	require.NoError(t, os.Remove(torn))

	left := filepath.Join(f.dest.String(), "partitions/firewall.attack/"+day+"/2/00009.parquet")
	require.NoError(t, os.MkdirAll(filepath.Dir(left), 0o700))
	require.NoError(t, os.WriteFile(left, []byte("half"), 0o600))
	assert.Len(t, again.verify().Notes, 1)
	again.add(archive.NDJSON, 5)
	assert.Empty(t, again.verify().Notes, "what a crash left of a part is gone when it is written")
	failing := again.request(archive.Parquet, nil)
	failing.Events = func(yield func(*wire.Batch, error) bool) { yield(nil, context.DeadlineExceeded) }
	_, err = again.Add(t.Context(), failing)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	assert.Len(t, again.List(), 2)
}

// A disk that was unmounted while the host runs leaves an empty folder: nothing may be written into it.
func TestUnmountedDiskIsSeen(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "disk")
	f := open(t, archive.Directory(dir), filepath.Join(t.TempDir(), "archive.chain"))
	m := f.add(archive.NDJSON, 10)
	require.NoError(t, os.Rename(dir, dir+".away"))
	require.NoError(t, os.Mkdir(dir, 0o700))
	_, err := f.Add(t.Context(), f.request(archive.NDJSON, events(3)))
	require.ErrorContains(t, err, "is the right disk mounted")
	require.ErrorIs(t, err, archive.ErrOther)
	require.ErrorIs(t, f.Hold(t.Context(), m.Name(), "case 7"), archive.ErrOther)
	require.ErrorIs(t, f.Delete(t.Context(), m.Name(), "old"), archive.ErrOther)
	assert.Empty(t, entries(t, dir))
	require.NoError(t, os.Remove(dir))
	require.NoError(t, os.Rename(dir+".away", dir))
	assert.Equal(t, 2, f.add(archive.NDJSON, 3).Part)
	assert.Empty(t, f.verify().Problems)
}

// A record that is at the destination though the host's copy could not be written is taken over, with its files.
func TestRecordsThatWereWrittenAreTakenOver(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "data")
	require.NoError(t, os.Mkdir(folder, 0o700))
	f := open(t, archive.Directory(t.TempDir()), filepath.Join(folder, "archive.chain"))
	require.NoError(t, os.Rename(folder, folder+".away"))
	_, err := f.Add(t.Context(), f.request(archive.NDJSON, events(10)))
	require.Error(t, err)
	assert.Empty(t, f.List())
	require.NoError(t, os.Rename(folder+".away", folder))
	assert.Equal(t, 2, f.add(archive.NDJSON, 3).Part)
	assert.Len(t, f.List(), 2)
	assert.Len(t, f.read("firewall.attack."+day), 10)
	assert.Empty(t, f.verify().Problems)
	assert.Equal(t, f.List(), open(t, f.dest, f.state).List())
}

// Values that are not of their field's type are kept as text, by stores and by archives.
func TestValuesOfAnotherTypeAreReadAgain(t *testing.T) {
	odd := map[int]storetest.Event{
		1: {"event.severity": []any{"n/a"}},
		2: {"event.severity": []any{"n/a", "7"}},
		3: {"source.ip": []any{"somewhere"}},
		4: {"event.dataset": []any{"one", "two"}},
		5: {"event.risk_score": []any{"high"}},
		6: {"network.direction": []any{"one", "two", "three"}},
	}
	for _, format := range []string{archive.Parquet, archive.NDJSON} {
		f := fresh(t)
		evs := events(10)
		for row, ev := range odd {
			for name := range ev {
				delete(evs[row], name)
			}
		}
		b, err := storetest.Batch(1, evs)
		require.NoError(t, err)
		for row, ev := range odd {
			for name, v := range ev {
				var w wire.Builder
				w.Reset(wire.Type_STRING, true, len(evs), nil, nil)
				for _, text := range v.([]any) {
					w.Copy(row, []byte(text.(string)), 0, 0)
				}
				c := w.Finish(0)
				c.Name = name
				b.Columns = append(b.Columns, c)
			}
		}
		want := map[string]store.Event{}
		for row := range evs {
			ev := store.EventAt(b, row)
			want[ev["event.id"].(string)] = ev
		}
		r := f.request(format, nil)
		r.Events = func(yield func(*wire.Batch, error) bool) { yield(b, nil) }
		m, err := f.Add(t.Context(), r)
		require.NoError(t, err)
		got := f.read(m.Name())
		for id := range want {
			odd := want[id]["vendor.odd"]
			want[id]["vendor.odd"] = []any{odd}
		}
		assert.Equal(t, want, got, format)
	}
}

// A file that was changed is refused where it is read, whatever is in it now.
func TestChangedFilesAreNotRead(t *testing.T) {
	f := fresh(t)
	m := f.add(archive.NDJSON, 10)
	other := fresh(t)
	r := other.request(archive.NDJSON, events(9))
	less, err := other.Add(t.Context(), r)
	require.NoError(t, err)
	b, err := os.ReadFile(filepath.Join(other.dest.String(), less.Files[0].Name))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(f.dest.String(), m.Files[0].Name), b, 0o600))

	parquet := f.add(archive.Parquet, 10)
	for i, file := range parquet.Files[:2] {
		path := filepath.Join(f.dest.String(), file.Name)
		b, err := os.ReadFile(path)
		require.NoError(t, err)
		changed := bytes.Clone(b)
		changed[len(b)/2] ^= 1
		require.NoError(t, os.WriteFile(path, changed, 0o600))
		for _, name := range []string{m.Name(), parquet.Name()} {
			_, err := f.Open(t.Context(), archive.OpenRequest{
				Selection: store.Selection{From: noon, To: noon.Add(time.Hour)}, Scope: store.Everything(), Names: []string{name},
				Cache: filepath.Join(f.work, "cache"),
			})
			require.ErrorIs(t, err, archive.ErrDamaged, "%s, file %d", name, i)
			assert.ErrorContains(t, err, "was changed: its SHA-256")
			for _, err = range f.Events(t.Context(), name, filepath.Join(f.work, "cache"), nil) {
				require.ErrorIs(t, err, archive.ErrDamaged)
			}
			require.Error(t, err)
		}
		require.NoError(t, os.WriteFile(path, b, 0o600))
	}
	assert.Len(t, f.read(parquet.Name()), 10)
	require.NoError(t, os.Remove(filepath.Join(f.dest.String(), m.Files[0].Name)))
	for _, err = range f.Events(t.Context(), m.Name(), filepath.Join(f.work, "cache"), nil) {
		require.ErrorIs(t, err, archive.ErrDamaged)
	}
	assert.ErrorContains(t, err, m.Files[0].Name+" is missing")
}

func TestConvertingIsBounded(t *testing.T) {
	f := fresh(t)
	m := f.add(archive.NDJSON, 300)
	require.Len(t, m.Files, 2)
	var last archive.Progress
	_, err := f.Open(t.Context(), archive.OpenRequest{
		Selection: store.Selection{From: noon, To: noon.Add(time.Hour)}, Scope: store.Everything(),
		Cache: filepath.Join(f.work, "cache"), CacheBytes: 1, Progress: func(p archive.Progress) { last = p },
	})
	require.ErrorIs(t, err, store.ErrRequest)
	assert.Equal(t, 1, last.Files, "it stops behind the first file")
}
