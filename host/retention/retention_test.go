package retention_test

import (
	"strconv"
	"strings"
	"testing"

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
		assert.Equal(t, want.Class(), retention.Classify(want.ObserverType, logType), line)
		got, ok := retention.ByName(want.Class().Name)
		assert.True(t, ok, line)
		assert.Equal(t, want.Class(), got, line)
	}
}

func TestClassify(t *testing.T) {
	f := func(observer, logType, want string) {
		t.Helper()
		assert.Equal(t, want, retention.Classify(observer, logType).Name)
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
	c := retention.Classify("toaster", "error")
	assert.Equal(t, 90, c.OnlineDays)
	assert.Equal(t, 3, c.ArchiveYears)
}

func TestVocabularies(t *testing.T) {
	assert.Equal(t, []string{"server", "middleware", "firewall", "ips", "waf", "business_system", "database", "network_traffic", "file", "video"}, retention.ObserverTypes())
	assert.Equal(t, []string{"attack", "run_state", "other"}, retention.LogTypes("firewall"))
	assert.Empty(t, retention.LogTypes("file"))
	_, ok := retention.ByName("firewall.dance")
	assert.False(t, ok)
	c, ok := retention.ByName("unclassified")
	assert.True(t, ok)
	assert.Equal(t, retention.Unclassified, c)
}
