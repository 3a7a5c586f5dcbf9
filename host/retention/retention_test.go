package retention_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/retention"
)

// standard is the retention table of the log standard, in its words.
const standard = `
| server | error | 90 | 3 |
| server | security | 90 | 1 |
| server | run state | 60 | 1 |
| server | other | 30 | 1 |
| middleware | access | 90 | 1 |
| middleware | web server | 90 | 1 |
| middleware | other | 30 | 1 |
| firewall | attack | 90 | 2 |
| firewall | run state | 60 | 1 |
| firewall | other | 30 | 1 |
| ips | intrusion protection | 90 | 3 |
| ips | system event | 60 | 1 |
| ips | antivirus event | 90 | 3 |
| ips | web security event | 90 | 3 |
| ips | other | 30 | 1 |
| waf | system | 60 | 1 |
| waf | web access | 90 | 2 |
| waf | ARP protection | 90 | 3 |
| waf | web security | 90 | 3 |
| waf | other | 30 | 1 |
| business system | run state | 60 | 1 |
| business system | error | 90 | 3 |
| business system | audit operation | 90 | 3 |
| business system | other | 30 | 1 |
| database | service | 90 | 1 |
| database | audit | 90 | 3 |
| database | other | 30 | 1 |
| network traffic | all | 30 | 1 |
| file | all | 30 | 1 |
| video | all | 30 | 1 |
`

func identifier(s string) string { return strings.ReplaceAll(strings.ToLower(s), " ", "_") }

func TestTableIsTheStandard(t *testing.T) {
	lines := strings.Split(strings.TrimSpace(standard), "\n")
	require.Len(t, retention.Rows(), len(lines))
	for i, line := range lines {
		cells := strings.Split(strings.Trim(line, "| "), " | ")
		require.Len(t, cells, 4, line)
		days, err := strconv.Atoi(cells[2])
		require.NoError(t, err)
		years, err := strconv.Atoi(cells[3])
		require.NoError(t, err)
		want := retention.Row{ObserverType: identifier(cells[0]), LogType: identifier(cells[1]), OnlineDays: days, ArchiveYears: years}
		assert.Equal(t, want, retention.Rows()[i], line)

		logType := want.LogType
		if logType == retention.All {
			logType = "whatever"
		}
		assert.Equal(t, want.Class(), retention.Standard().Classify(want.ObserverType, logType), line)
		assert.Equal(t, want.Class(), retention.Standard().Class(want.Class().Name), line)
	}
}

func TestClassify(t *testing.T) {
	f := func(observer, logType, want string) {
		t.Helper()
		assert.Equal(t, want, retention.Standard().Classify(observer, logType).Name)
	}
	f("firewall", "attack", "firewall.attack")
	f("video", "", "video")
	f("video", "all", "video")
	f("network_traffic", "flow", "network_traffic")
	f("firewall", "", "unclassified")
	f("firewall", "all", "unclassified")
	f("firewall", "Attack", "unclassified")
	f("", "error", "unclassified")
	f("", "", "unclassified")
	c := retention.Standard().Classify("toaster", "error")
	assert.Equal(t, 90, c.OnlineDays)
	assert.Equal(t, 3, c.ArchiveYears)
}

func TestPolicyChangesRowsAndAddsOwn(t *testing.T) {
	p, err := retention.New([]retention.Row{
		{ObserverType: "firewall", LogType: "attack", OnlineDays: 30, ArchiveYears: 2},
		{ObserverType: "server", LogType: "error", OnlineDays: 120, ArchiveYears: 5},
		{ObserverType: "door", LogType: "badge", OnlineDays: 7, ArchiveYears: 1},
		{ObserverType: "unclassified", LogType: "all", OnlineDays: 10, ArchiveYears: 1},
	})
	require.NoError(t, err)
	assert.Equal(t, retention.Class{Name: "firewall.attack", OnlineDays: 30, ArchiveYears: 2}, p.Classify("firewall", "attack"))
	assert.Equal(t, retention.Class{Name: "door.badge", OnlineDays: 7, ArchiveYears: 1}, p.Classify("door", "badge"))
	assert.Equal(t, retention.Class{Name: "unclassified", OnlineDays: 10, ArchiveYears: 1}, p.Classify("door", "window"))
	assert.Equal(t, 10, p.Class("toaster.crumbs").OnlineDays, "partitions of a class that is gone are kept as unclassified ones")
	assert.Equal(t, "toaster.crumbs", p.Class("toaster.crumbs").Name)
	assert.Len(t, p.Rows(), 32)
	require.Len(t, p.Gaps(), 1, "longer than the log standard is no gap")
	assert.Equal(t, "firewall, attack: 30 days online and 2 years in the archive, the log standard asks for 90 and 2", p.Gaps()[0].String())
	assert.Empty(t, retention.Standard().Gaps())
}

func TestPolicyRefuses(t *testing.T) {
	f := func(want string, rows ...retention.Row) {
		t.Helper()
		_, err := retention.New(rows)
		require.Error(t, err)
		assert.Contains(t, err.Error(), want)
	}
	good := retention.Row{ObserverType: "door", LogType: "badge", OnlineDays: 7, ArchiveYears: 1}
	with := func(change func(r *retention.Row)) retention.Row { r := good; change(&r); return r }
	f(`row 1: device_type: "Door" is no device type`, with(func(r *retention.Row) { r.ObserverType = "Door" }))
	f(`row 1: log_type: "../x" is no log type`, with(func(r *retention.Row) { r.LogType = "../x" }))
	f("row 1: online_days: 0 days are not possible (write 1 to 36500)", with(func(r *retention.Row) { r.OnlineDays = 0 }))
	f("row 1: archive_years: 101 years are not possible", with(func(r *retention.Row) { r.ArchiveYears = 101 }))
	f("row 2: log_type: there is a row for door, badge already", good, good)
	f("unclassified has no log types", with(func(r *retention.Row) { r.ObserverType = "unclassified" }))
}

// Every event is online for at least its days, whatever the hour it came in.
func TestOldestOnline(t *testing.T) {
	now := time.Date(2026, 11, 25, 0, 30, 0, 0, time.UTC)
	assert.Equal(t, "2026-08-27", retention.Standard().OldestOnline("firewall.attack", now))
	assert.Equal(t, "2026-10-26", retention.Standard().OldestOnline("video", now))
	assert.Equal(t, "2026-10-26", retention.Standard().OldestOnline("video", now.In(time.FixedZone("", -3600))))
	until, err := retention.Standard().Archived("firewall.attack", "2024-02-29")
	require.NoError(t, err)
	assert.Equal(t, time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC), until)
}
