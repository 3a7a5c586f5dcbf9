package main_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/archive"
	"github.com/logcenter/logcenter/host/archive/s3test"
	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/host/store/embedded"
	"github.com/logcenter/logcenter/host/store/storetest"
	"github.com/logcenter/logcenter/sdk/client"
	"github.com/logcenter/logcenter/sdk/ecs"
)

// oldDay is a day whose events of every class have left the online period.
func oldDay(n int) time.Time { return begun.AddDate(0, 0, -200-n).Truncate(24 * time.Hour) }

var begun = time.Now().UTC() // of all tests, so that they have the same days if midnight comes

// fillStore puts partitions of old days into the store of a host that does not run, as a move from another store does.
// Each has per events, whose messages count on.
func fillStore(t *testing.T, data string, days, per int) (events int) {
	t.Helper()
	s, err := embedded.Open(filepath.Join(data, "store"), embedded.Options{Threads: 1})
	require.NoError(t, err)
	for day := range days {
		for _, class := range []string{"firewall.attack", "ips.other", "server.error"} {
			importDay(t, s, class, oldDay(day), events, per)
			events += per
		}
	}
	require.NoError(t, s.Close())
	return events
}

// importDay puts a partition of n events into a store; their messages count from first on.
func importDay(t *testing.T, s *embedded.Store, class string, day time.Time, first, n int) {
	t.Helper()
	device, logType, _ := strings.Cut(class, ".")
	im, err := s.Import(t.Context(), store.ImportRequest{Class: class, Day: day.Format(time.DateOnly)})
	require.NoError(t, err)
	rows := make([]storetest.Event, n)
	for i := range rows {
		rows[i] = storetest.Event{
			"@timestamp": day.Add(time.Duration(i) * time.Second), "observer.type": device, "logcenter.log_type": logType,
			"event.dataset": "old", "message": fmt.Sprintf("old event seq=n%d;", first+i),
		}
	}
	b, err := storetest.Batch(uint64(first+n), rows)
	require.NoError(t, err)
	require.NoError(t, im.Add(t.Context(), b))
	_, err = im.Commit(t.Context())
	require.NoError(t, err)
}

// does runs a command that must succeed against the host.
func (h *hostProcess) does(args ...string) string {
	h.t.Helper()
	out, err := h.cli(args...)
	require.NoError(h.t, err, "%q: %s", args, out)
	return out
}

func (h *hostProcess) archived() *client.ArchiveList {
	l, err := h.client().Archive(h.t.Context())
	if err != nil {
		return &client.ArchiveList{}
	}
	return l
}

// An event's whole life: received, hidden when its days are over, archived, checked, found there, brought back, gone again.
func TestArchiveRoundTrip(t *testing.T) {
	h := newHost(t, "retention: {every: 1s}\n"+onlyPlugins(t, "masking"))
	n := fillStore(t, h.data, 2, 50)
	h.start()
	require.Zero(t, h.count("old"), "past its online days nothing is shown, dropped or not")
	h.waitFor("all archived", time.Minute, func() bool { return len(h.archived().Partitions) == 6 })
	h.waitFor("nothing overdue", time.Minute, func() bool {
		s, err := h.client().RetentionStatus(t.Context())
		return err == nil && s.Dropped == 6 && s.Overdue == 0
	})
	_, err := h.client().Ingest(t.Context(), "http", []byte("a new line\n"), client.IngestOptions{})
	require.NoError(t, err)
	h.waitFor("the new line", time.Minute, func() bool { return h.count("new") == 1 })

	name := "firewall.attack." + oldDay(0).Format(time.DateOnly)
	require.Contains(t, h.does("archive", "list"), name)
	require.Contains(t, h.does("archive", "verify"), "everything is as it was written: 6 partitions, 12 files")
	dir := filepath.Join(h.data, "archive")
	offline, err := exec.Command(binary, "archive", "verify", "--dir", dir).CombinedOutput()
	require.NoError(t, err, string(offline))
	offline, err = exec.Command(binary, "archive", "list", "--dir", dir).CombinedOutput()
	require.NoError(t, err, string(offline))
	require.Contains(t, string(offline), name)

	rows := filepath.Join(dir, "partitions", "firewall.attack", oldDay(0).Format(time.DateOnly), "1", "00001.parquet")
	b, err := os.ReadFile(rows)
	require.NoError(t, err)
	b[len(b)/2] ^= 1
	require.NoError(t, os.WriteFile(rows, b, 0o600))
	out, err := h.cli("archive", "verify")
	require.Error(t, err)
	require.Contains(t, out, "1/00001.parquet was changed")
	out, err = h.cli("archive", "restore", name, "--for", "1d")
	require.Error(t, err, "what was changed is not brought back")
	require.Contains(t, out, "1/00001.parquet was changed")
	b[len(b)/2] ^= 1
	require.NoError(t, os.WriteFile(rows, b, 0o600))

	between := []string{"--from", oldDay(1).Format(time.DateOnly), "--to", "now", "--count", "--limit", "1", "--time-zone", "UTC"}
	out = h.does(append([]string{"archive", "search", "seq AND observer.type:ips"}, between...)...)
	require.Contains(t, out, fmt.Sprintf("1 of %d events", n/3))
	require.Contains(t, h.does(append([]string{"search", "seq"}, between...)...), "the time range reaches past what is online")
	require.Zero(t, h.count("old"), "a search in place brings nothing into the store")

	require.Contains(t, h.does("archive", "restore", name, "--for", "1d"), "50 events")
	require.EqualValues(t, 50, h.count("old"))
	require.EqualValues(t, 50, h.count("old AND observer.type:firewall"))
	out, err = h.cli("archive", "restore", name)
	require.Error(t, err)
	require.Contains(t, out, "is restored already")

	h.does("retention", "run", "--before", time.Now().UTC().AddDate(0, 0, 1).Format(time.DateOnly), "--yes")
	require.Zero(t, h.count("new"), "archived early")
	require.Len(t, h.archived().Partitions, 7)
	_, err = h.client().Ingest(t.Context(), "http", []byte("another new line\n"), client.IngestOptions{})
	require.NoError(t, err)
	h.waitFor("the next line", time.Minute, func() bool { return h.count("new") == 1 })
	out, err = h.cli("archive", "restore", "unclassified."+time.Now().UTC().Format(time.DateOnly))
	require.Error(t, err)
	require.Contains(t, out, "is still online")
	h.does("retention", "run", "--before", time.Now().UTC().AddDate(0, 0, 1).Format(time.DateOnly), "--yes")
	require.Contains(t, h.does("archive", "list"), "unclassified."+time.Now().UTC().Format(time.DateOnly)+".2", "what came later of the same day is a part of its own")

	other := "ips.other." + oldDay(1).Format(time.DateOnly)
	require.Contains(t, h.does("archive", "show", other), `"sha256"`)
	out, err = h.cli("archive", "delete", other, "--yes")
	require.Error(t, err)
	require.Contains(t, out, "is to be kept until")
	h.does("archive", "hold", other, "--reason", "case 7")
	out, err = h.cli("archive", "delete", other, "--yes", "--before-its-time")
	require.Error(t, err)
	require.Contains(t, out, "is held: case 7")
	h.does("archive", "release", other, "--reason", "closed")
	h.does("archive", "delete", other, "--yes", "--before-its-time")
	out, err = h.cli("archive", "show", other)
	require.Error(t, err)
	require.Contains(t, out, "it was deleted")
	require.Contains(t, h.does("archive", "verify"), "everything is as it was written: 7 partitions")
	require.Contains(t, h.does("retention", "plan"), "unclassified")
	require.Contains(t, h.does("retention", "policy", "--yaml"), "{device_type: video, log_type: all, online_days: 30, archive_years: 1}")

	h.kill(syscall.SIGTERM)
	h.start()
	require.EqualValues(t, 50, h.count("old"), "what was restored stays until it expires")
}

// An archive in a bucket, by TLS with an authority of its own, whose files are fetched for a search only if they may have
// what is searched; and keys that do not work are told, with nothing dropped.
func TestArchiveInABucket(t *testing.T) {
	t.Parallel()
	s := s3test.StartTLS(t, "bank")
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "access"), []byte(s3test.AccessKey+"\n"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "secret"), []byte("not the key"), 0o600))
	h := newHost(t, fmt.Sprintf(`
retention: {every: 1s}
archive:
  kind: s3
  format: parquet
  s3: {endpoint: "%s", bucket: bank, prefix: logs, access_key_file: %s/access, secret_key_file: %s/secret, ca_file: %s}
`, s.URL, dir, dir, s.CAFile)+onlyPlugins(t, "masking"))
	n := fillStore(t, h.data, 2, 50)
	h.start()
	h.waitFor("the health to tell", time.Minute, func() bool { return strings.Contains(h.component("retention").Reason, "refuses these keys") })
	require.Contains(t, h.component("retention").Advice, "nothing is dropped before it is archived")
	require.Contains(t, h.metrics(), "logcenter_archive_overdue 6")
	require.NotContains(t, h.log.String(), "not the key")
	h.kill(syscall.SIGTERM)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "secret"), []byte(s3test.SecretKey), 0o600))
	h.start()
	h.waitFor("all archived", time.Minute, func() bool { return len(h.archived().Partitions) == 6 })
	require.Contains(t, h.does("archive", "verify"), "everything is as it was written: 6 partitions, 12 files")
	between := []string{"--from", oldDay(1).Format(time.DateOnly), "--to", "now", "--count", "--limit", "1", "--time-zone", "UTC"}
	out := h.does(append([]string{"archive", "search", "seq AND observer.type:ips"}, between...)...)
	require.Contains(t, out, fmt.Sprintf("1 of %d events", n/3))
	name := "server.error." + oldDay(1).Format(time.DateOnly)
	require.Contains(t, h.does("archive", "restore", name, "--for", "1d"), "50 events")
	require.EqualValues(t, 50, h.count("old"))
	left, err := os.ReadDir(filepath.Join(h.data, "archive-work"))
	require.NoError(t, err)
	require.Empty(t, left, "nothing that was fetched stays")
}

// tally counts in how many places each event of fillStore is, looking at the files of a host that does not run.
func (h *hostProcess) tally() (online, archived map[string]int) {
	h.t.Helper()
	count := func(m map[string]int, text string) {
		seq := sequence.FindString(text)
		require.NotEmpty(h.t, seq)
		m[seq]++
	}
	online, archived = map[string]int{}, map[string]int{}
	s, err := embedded.Open(filepath.Join(h.data, "store"), embedded.Options{Threads: 1})
	require.NoError(h.t, err)
	for b, err := range s.Scan(h.t.Context(), store.Everything(), store.ScanRequest{Selection: store.Selection{From: time.Unix(0, 0), To: time.Now()}}) {
		require.NoError(h.t, err)
		message := b.Batch.Column(uint32(ecs.Message))
		for row := range int(b.Batch.Rows) {
			count(online, string(message.Bytes(row)))
		}
	}
	require.NoError(h.t, s.Close())
	dir := archive.Directory(filepath.Join(h.data, "archive"))
	if _, err := os.Stat(filepath.Join(dir.String(), "chain")); err != nil {
		return online, archived
	}
	report, err := archive.Verify(h.t.Context(), dir, filepath.Join(h.data, "archive.chain"), nil)
	require.NoError(h.t, err)
	require.Empty(h.t, report.Problems)
	a, err := archive.OpenReadOnly(h.t.Context(), dir)
	require.NoError(h.t, err)
	r, err := a.Open(h.t.Context(), archive.OpenRequest{
		Selection: store.Selection{From: time.Unix(0, 0), To: time.Now()}, Scope: store.Everything(), Cache: filepath.Join(h.t.TempDir(), "cache"),
	})
	require.NoError(h.t, err)
	for b, err := range r.Scan(h.t.Context(), store.Everything(), store.ScanRequest{Selection: store.Selection{From: time.Unix(0, 0), To: time.Now()}}) {
		require.NoError(h.t, err)
		message := b.Batch.Column(uint32(ecs.Message))
		for row := range int(b.Batch.Rows) {
			count(archived, string(message.Bytes(row)))
		}
	}
	require.NoError(h.t, r.Close())
	return online, archived
}

func TestArchivingUnderKillsLosesNothingAndDoublesNothing(t *testing.T) {
	t.Parallel()
	days, per, kills := 10, 300, 4
	if long() {
		days, per, kills = 60, 3000, 60
	}
	h := newHost(t, "retention: {every: 1s}\n"+onlyPlugins(t, "masking"))
	n := fillStore(t, h.data, days, per)
	rnd := rand.New(rand.NewPCG(9, 9))
	inBetween := 0
	for kill := range kills {
		h.start()
		time.Sleep(time.Duration(rnd.IntN(400)) * time.Millisecond)
		h.kill(syscall.SIGKILL)
		online, archived := h.tally()
		for seq := range n {
			s := fmt.Sprintf("seq=n%d;", seq)
			if online[s] > 1 || archived[s] > 1 || online[s]+archived[s] == 0 {
				t.Fatalf("after kill %d, %s is online %d times and archived %d times", kill+1, s, online[s], archived[s])
			}
		}
		if len(online) > 0 && len(archived) > 0 {
			inBetween++
		}
	}
	h.start()
	h.waitFor("all archived and dropped", 2*time.Minute, func() bool {
		s, err := h.client().RetentionStatus(t.Context())
		return err == nil && s.Rounds > 0 && s.Overdue == 0
	})
	require.Len(t, h.archived().Partitions, 3*days, "nothing was archived twice")

	// Restoring is all or nothing, too.
	names := h.archived().Partitions
	for range kills {
		rnd.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
		args := []string{"archive", "restore", "--for", "1d"}
		for _, p := range names[:5] {
			args = append(args, p.Name)
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			_, _ = h.cli(args...) // it is killed, or they are there already
		}()
		time.Sleep(time.Duration(50+rnd.IntN(300)) * time.Millisecond)
		h.kill(syscall.SIGKILL)
		<-done
		h.start()
		require.Zero(t, h.count("seq")%int64(per), "a partition is back whole or not at all")
	}
	back := h.count("seq") / int64(per)
	h.kill(syscall.SIGTERM)
	online, archived := h.tally()
	require.Len(t, archived, n)
	require.Len(t, online, int(back)*per)
	for s, times := range archived {
		if times != 1 {
			t.Fatalf("%s is archived %d times", s, times)
		}
	}
	t.Logf("%d events in %d partitions: %d kills while archiving, %d of them with some archived and some not; %d kills while restoring, %d partitions were back", n, 3*days, kills, inBetween, kills, back)
}
