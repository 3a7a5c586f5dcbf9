package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/store"
)

// all lists a command and those below it, without those that cobra adds.
func all(c *cobra.Command) []*cobra.Command {
	list := []*cobra.Command{c}
	for _, below := range c.Commands() {
		if below.Name() != "help" && below.Name() != "completion" {
			list = append(list, all(below)...)
		}
	}
	return list
}

func TestEveryCommandIsExplained(t *testing.T) {
	var begun bool
	commands := all(newRootCommand(&begun))
	assert.Greater(t, len(commands), 20)
	for _, c := range commands {
		assert.NotEmpty(t, c.Short, c.CommandPath())
		assert.Contains(t, c.Example, "  "+c.CommandPath(), "%s needs an example of itself", c.CommandPath())
		for line := range strings.SplitSeq(c.Example, "\n") {
			assert.True(t, strings.HasPrefix(line, "  logcenter"), "%s: %s", c.CommandPath(), line)
		}
		out, _ := runs(t, append(strings.Fields(c.CommandPath())[1:], "--help")...)
		assert.Contains(t, out, "Examples:", c.CommandPath())
	}
}

// TestExamplesParse proves that the examples are command lines that their commands accept.
func TestExamplesParse(t *testing.T) {
	var begun bool
	for _, c := range all(newRootCommand(&begun)) {
		for line := range strings.SplitSeq(c.Example, "\n") {
			args := words(strings.TrimSpace(line))[1:]
			root := newRootCommand(&begun)
			found, rest, err := root.Find(args)
			require.NoError(t, err, line)
			require.NoError(t, found.ParseFlags(rest), line)
			assert.NoError(t, found.ValidateArgs(found.Flags().Args()), line)
		}
	}
}

// words splits a command line as a shell does, up to a pipe or redirection.
func words(line string) (list []string) {
	word, quoted, within := "", rune(0), false
	for _, r := range line + " " {
		switch {
		case quoted != 0 && r == quoted:
			quoted = 0
		case quoted == 0 && (r == '\'' || r == '"'):
			quoted, within = r, true
		case quoted == 0 && r == ' ':
			if word == "|" || word == ">" {
				return list
			}
			if word != "" || within {
				list = append(list, word)
			}
			word, within = "", false
		default:
			word += string(r)
		}
	}
	return list
}

func TestSearch(t *testing.T) {
	h := newHost(t)
	out, errs := runs(t, "search", "log.level:(Error OR Warn)", "--from", "2026-10-11 12:00:00", "--to", "2026-10-11T12:00:05+08:00")
	golden(t, "search.txt", out)
	assert.Equal(t, "4 events\n", errs)
	assert.Equal(t, noon, h.search.From) // as the zone of this machine says
	assert.Equal(t, noon.Add(5*time.Second), h.search.To)

	out, _ = runs(t, "search", "--fields", "@timestamp,user.name,source.ip,event.category", "--time-zone", "UTC")
	golden(t, "search-fields.txt", out)
	out, errs = runs(t, "search", "-o", "json")
	golden(t, "search.ndjson", out)
	assert.Empty(t, errs)
	out, _ = runs(t, "search", "-o", "csv")
	golden(t, "search.csv", out)

	out, errs = runs(t, "search", "--limit", "3", "--oldest-first", "--count")
	assert.Equal(t, 4, strings.Count(out, "\n"))
	assert.Equal(t, "3 of 4 events\n", errs)
	assert.True(t, h.search.OldestFirst)
	_, errs = runs(t, "search", "--limit", "3")
	assert.Equal(t, "3 events; there are more: --limit shows them, --count counts them\n", errs)

	h.events = nil
	out, errs = runs(t, "search")
	assert.Empty(t, out)
	assert.Contains(t, errs, "no events")
	out, _ = runs(t, "search", "-o", "csv")
	assert.Equal(t, "@timestamp,log.level,event.dataset,host.name,message\n", out)
}

func TestSearchTakesAllPages(t *testing.T) {
	h := newHost(t)
	h.events = nil
	for i := range 2500 {
		h.events = append(h.events, store.Event{"@timestamp": noon, "event.id": fmt.Sprint(i), "message": fmt.Sprint("line ", i)})
	}
	out, _ := runs(t, "search", "--limit", "2400", "-o", "json")
	lines := strings.Split(strings.TrimSpace(out), "\n")
	require.Len(t, lines, 2400)
	assert.Contains(t, lines[2399], `"line 2399"`)
}

func TestErrors(t *testing.T) {
	newHost(t)
	f := func(wantCode int, want string, args ...string) {
		t.Helper()
		code, out, errs := run(t, args...)
		assert.Equal(t, wantCode, code, errs)
		assert.Equal(t, want, errs)
		assert.Empty(t, out)
	}
	usage := func(command string) string { return command + " --help shows what is possible, with examples\n" }
	f(exitWrong, "logcenter: AND has nothing on its right\n  用户:\"张三\" AND\n              ^^^\n  hint: put a word in quotes to search for it\n",
		"search", `用户:"张三" AND`)
	f(exitWrong, "logcenter: AND has nothing on its right\n  a AND\n    ^^^\n  hint: put a word in quotes to search for it\n", "agg", "a AND", "--terms", "a")
	f(exitWrong, "logcenter: AND has nothing on its right\n  a AND\n    ^^^\n  hint: put a word in quotes to search for it\n", "tail", "a AND")
	f(exitWrong, "logcenter: AND has nothing on its right\n  a AND\n    ^^^\n  hint: put a word in quotes to search for it\n", "stream", "set", "x", "a AND")
	f(exitUsage, "logcenter: logcenter has no command \"serach\"; did you mean search?\n"+usage("logcenter"), "serach")
	f(exitUsage, "logcenter: unknown flag: --form\n"+usage("logcenter search"), "search", "--form", "-1h")
	f(exitUsage, "logcenter: \"b\" is one argument too many; put what belongs together in quotes\n  usage: logcenter search [QUERY] [flags]\n"+usage("logcenter search"), "search", "a", "b")
	f(exitUsage, "logcenter: ID is missing\n  usage: logcenter alert ack ID... [flags]\n"+usage("logcenter alert ack"), "alert", "ack")
	f(exitUsage, "logcenter: FILE, DIR or RULE-ID is missing\n  usage: logcenter rule backtest FILE|DIR|RULE-ID... [flags]\n"+usage("logcenter rule backtest"), "rule", "backtest")
	f(exitUsage, "logcenter: VERSION is missing\n  usage: logcenter rule rollback ID VERSION [flags]\n"+usage("logcenter rule rollback"), "rule", "rollback", "a")
	f(exitUsage, "logcenter: \"d\" is one argument too many; put what belongs together in quotes\n  usage: logcenter rule diff ID [FROM [TO]] [flags]\n"+usage("logcenter rule diff"), "rule", "diff", "a", "1", "2", "d")
	f(exitUsage, "logcenter: \"x\" is one argument too many\n  usage: logcenter alert list [flags]\n"+usage("logcenter alert list"), "alert", "list", "x")
	f(exitUsage, "logcenter: logcenter rule has no command \"lst\"; did you mean list, put or test?\n"+usage("logcenter rule"), "rule", "lst")
	f(exitUsage, "logcenter: --output xml is not possible: use table, json or csv\n"+usage("logcenter search"), "search", "-o", "xml")
	f(exitUsage, "logcenter: --limit 0 is not possible: at least 1\n"+usage("logcenter search"), "search", "--limit", "0")
	f(exitUsage, "logcenter: --time-zone Beijing is not known: use an IANA name, e.g. Asia/Shanghai\n"+usage("logcenter search"), "search", "--time-zone", "Beijing")
	f(exitUsage, "logcenter: invalid argument \"@timestamp:often\" for \"--hist\" flag: the step \"often\" is neither a time such as 10s, 5m, 1h, 1d, 1w, 1M nor a width such as 100\n"+usage("logcenter agg"),
		"agg", "--hist", "@timestamp:often")
	f(exitUsage, "logcenter: \"127.0.0.1\" is no address of a host: use e.g. http://127.0.0.1:8080\n"+usage("logcenter health"), "health", "--url", "127.0.0.1")
	f(exitUsage, "logcenter: --framing lines is not possible: use newline or octet\n"+usage("logcenter loadgen"), "loadgen", "--framing", "lines")
	f(exitUsage, "logcenter: --mix 1:2 is not possible: use three or four numbers such as 5:2:3\n"+usage("logcenter loadgen"), "loadgen", "--mix", "1:2")

	code, _, errs := run(t, "search", "--from", "yesterday")
	assert.Equal(t, exitWrong, code)
	assert.Contains(t, errs, "from: ")
	code, _, errs = run(t, "plugin", "info", "nobody")
	assert.Equal(t, exitWrong, code)
	assert.Equal(t, "logcenter: plugin nobody not found\n", errs)
}

func TestTokensAndReach(t *testing.T) {
	h := newHost(t)
	t.Setenv("LOGCENTER_TOKEN", "wrong")
	code, _, errs := run(t, "health")
	assert.Equal(t, exitUnauthorised, code)
	assert.Contains(t, errs, "hint: give an API token by --token-file")
	t.Setenv("LOGCENTER_TOKEN", "reader")
	code, _, errs = run(t, "health")
	assert.Equal(t, exitUnauthorised, code)
	assert.Contains(t, errs, "hint: use the token of an admin")

	t.Setenv("LOGCENTER_TOKEN", "")
	t.Chdir(t.TempDir())
	code, _, _ = run(t, "health")
	assert.Equal(t, exitUnauthorised, code, "there is no token")
	require.NoError(t, os.Mkdir("data", 0o700))
	require.NoError(t, os.WriteFile(filepath.Join("data", "admin.token"), []byte(adminToken+"\n"), 0o600))
	runs(t, "health") // found by itself
	require.NoError(t, os.WriteFile("other.token", []byte("reader"), 0o600))
	code, _, _ = run(t, "health", "--token-file", "other.token")
	assert.Equal(t, exitUnauthorised, code, "the command line comes first")
	t.Setenv("LOGCENTER_TOKEN_FILE", "other.token")
	code, _, _ = run(t, "health")
	assert.Equal(t, exitUnauthorised, code, "then the environment")
	code, _, errs = run(t, "health", "--token-file", "none.token")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, errs, "cannot read the API token: open none.token")
	t.Setenv("LOGCENTER_TOKEN_FILE", "")

	// The token of this machine's host stays on this machine.
	for _, far := range []string{"https://logs.example.com", "http://192.0.2.1:8080"} {
		u, err := url.Parse(far)
		require.NoError(t, err)
		token, err := (&connection{}).token(u)
		require.NoError(t, err)
		assert.Empty(t, token, far)
	}
	for _, near := range []string{h.url, "http://localhost:8080", "http://[::1]:8080"} {
		u, err := url.Parse(near)
		require.NoError(t, err)
		token, err := (&connection{}).token(u)
		require.NoError(t, err)
		assert.Equal(t, adminToken, token, near)
	}

	closed := httptest.NewServer(nil)
	closed.Close()
	code, _, errs = run(t, "health", "--url", closed.URL)
	assert.Equal(t, exitUnreachable, code)
	assert.Contains(t, errs, "logcenter: cannot reach "+closed.URL+": dial tcp")
	assert.Contains(t, errs, "connection refused")
	assert.Contains(t, errs, "hint: is the host running?")
}

func TestAgg(t *testing.T) {
	h := newHost(t)
	number := func(f float64) *float64 { return &f }
	byStatus := func(counts ...int64) []store.AggResult {
		r := store.AggResult{Name: "http.response.status_code", Kind: store.Terms, Other: 2}
		for i, n := range counts {
			code := int64(200 * (i + 1))
			r.Buckets = append(r.Buckets, store.Bucket{Key: code, Text: fmt.Sprint(code), Count: n, Aggs: []store.AggResult{
				{Name: "avg(http.response.bytes)", Kind: store.Avg, Value: number(1234.5)},
				{Name: "percentiles(event.duration:50,99.9)", Kind: store.Percentiles, Values: []float64{0.25, 3}},
			}})
		}
		return []store.AggResult{r}
	}
	h.aggs = []store.AggResult{{Name: "@timestamp", Kind: store.DateHistogram, Buckets: []store.Bucket{
		{Key: noon, Text: "2026-10-11T04:00:00Z", Count: 3, Aggs: byStatus(2, 1)},
		{Key: noon.Add(time.Minute), Text: "2026-10-11T04:01:00Z", Count: 1, Aggs: byStatus(1)},
	}}}
	args := []string{
		"agg", "event.dataset:nginx.access", "--avg", "http.response.bytes", "--hist", "@timestamp:1m",
		"--terms", "http.response.status_code:5", "--percentiles", "event.duration:50,99.9", "--missing", "none", "--empty",
	}
	out, errs := runs(t, args...)
	golden(t, "agg.txt", out)
	assert.Equal(t, "4 events\n", errs)
	out, _ = runs(t, append(args, "-o", "csv")...)
	golden(t, "agg.csv", out)
	out, _ = runs(t, append(args, "-o", "json")...)
	var answer map[string]any
	require.NoError(t, json.Unmarshal([]byte(out), &answer))
	delete(answer, "from")
	delete(answer, "to")
	b, err := json.MarshalIndent(answer, "", "  ")
	require.NoError(t, err)
	golden(t, "agg.json", string(b)+"\n")

	require.Len(t, h.asked.Aggs, 1)
	hist := h.asked.Aggs[0]
	assert.Equal(t, []any{store.DateHistogram, "1m", "Asia/Shanghai", true}, []any{hist.Kind, hist.Interval, hist.TimeZone, hist.Empty})
	require.Len(t, hist.Aggs, 1)
	assert.Equal(t, []any{store.Terms, 5, "none"}, []any{hist.Aggs[0].Kind, hist.Aggs[0].Size, hist.Aggs[0].Missing})
	require.Len(t, hist.Aggs[0].Aggs, 2)
	assert.Equal(t, []float64{50, 99.9}, hist.Aggs[0].Aggs[1].Percents)

	h.aggs = []store.AggResult{{Name: "user.name", Kind: store.Terms, Other: 3, Buckets: []store.Bucket{
		{Key: "张三", Text: "张三", Count: 7}, {Key: netip.MustParseAddr("192.0.2.1"), Text: "192.0.2.1", Count: 1},
	}}}
	out, errs = runs(t, "agg", "--terms", "user.name")
	assert.Equal(t, "user.name  count\n张三           7\n192.0.2.1      1\n", out)
	assert.Equal(t, "4 events, 3 of them with other values than these: --terms FIELD:N shows more\n", errs)

	h.aggs = []store.AggResult{{Kind: store.GeoTile, Other: 2, Buckets: []store.Bucket{
		{Key: "4/13/6", Text: "4/13/6", Count: 7, Center: &store.GeoPoint{Lat: 31.23, Lon: 121.47}},
		{Key: "4/8/5", Text: "4/8/5", Count: 1, Center: &store.GeoPoint{Lat: 52.52, Lon: -0.1234567}},
	}}}
	out, errs = runs(t, "agg", "--geo", "source.geo.location:4:2")
	assert.Equal(t, "source.geo.location  source.geo.location.lat  source.geo.location.lon  count\n"+
		"4/13/6                            31.2300000              121.4700000      7\n"+
		"4/8/5                             52.5200000               -0.1234567      1\n", out)
	assert.Equal(t, "4 events, 2 of them with other values than these: --geo FIELD:ZOOM:N shows more\n", errs)
	out, _ = runs(t, "agg", "--geo", "source.geo.location:4", "-o", "json")
	assert.Contains(t, out, `"lat": 31.23,`)
	assert.Contains(t, out, `"other": 2`)

	h.aggs = []store.AggResult{
		{Kind: store.Min, Value: number(1)}, {Kind: store.Max, Value: number(12345678)}, {Kind: store.Avg}, {Kind: store.Sum, Value: number(2.5e20)},
	}
	out, _ = runs(t, "agg", "--stats", "a", "--avg", "a")
	assert.Equal(t, "min(a)    max(a)  avg(a)  sum(a)\n     1  12345678          2.5e20\n", out)

	h.aggs = nil
	out, _ = runs(t, "agg", "denied")
	assert.Equal(t, "count\n    4\n", out)
}

func TestAggFlags(t *testing.T) {
	f := func(want string, args ...string) {
		t.Helper()
		var a aggFlags
		cmd := &cobra.Command{}
		a.flags(cmd.Flags())
		err := cmd.ParseFlags(args)
		if err != nil {
			assert.Contains(t, err.Error(), want)
			return
		}
		b, err := json.Marshal(a.request(false, ""))
		require.NoError(t, err)
		assert.JSONEq(t, want, string(b))
	}
	f(`[{"name":"a","kind":"terms","field":"a","aggs":[{"name":"b","kind":"histogram","field":"b","width":0.5}]}]`, "--terms", "a", "--hist", "b:0.5")
	f(`[{"name":"b","kind":"date_histogram","field":"b","interval":"2w","aggs":[{"name":"a","kind":"terms","field":"a","size":3}]}]`, "--hist", "b:2w", "--terms", "a:3")
	f(`[{"name":"a","kind":"ranges","field":"a","ranges":[{"key":"..-1","to":-1},{"key":"-1..2.5","from":-1,"to":2.5},{"key":"3..","from":3}]}]`, "--ranges", "a:..-1,-1..2.5,3..")
	f(`[{"name":"g","kind":"geotile","field":"g","zoom":4,"size":20,"aggs":[{"name":"h","kind":"geotile","field":"h"}]}]`, "--geo", "g:4:20", "--geo", "h:0")
	f("ZOOM from 0 to 29", "--geo", "g:30")
	f("want FIELD:ZOOM", "--geo", "g")
	f("want FIELD:ZOOM", "--geo", "g:1:0")
	f("want FIELD:ZOOM", "--geo", ":1")
	f(`[{"name":"distinct(a)","kind":"distinct","field":"a"},{"name":"percentiles(b)","kind":"percentiles","field":"b","percents":[50,90,95,99]}]`, "--distinct", "a", "--percentiles", "b")
	f("want FIELD:STEP", "--hist", "a")
	f("neither a time", "--hist", "a:0")
	f("neither a time", "--hist", "a:1y")
	f("want FIELD or FIELD:N", "--terms", "a:x")
	f("want FIELD or FIELD:N", "--terms", "a:0")
	f("too many", "--terms", "a:99999999999999999999")
	f("want a field", "--terms", "")
	f("want a field", "--sum", "")
	f("is no range", "--ranges", "a:1")
	f("is no range", "--ranges", "a:2..1")
	f("is no range", "--ranges", "a:..")
	f("each P from 0 to 100", "--percentiles", "a:101")
	f("a level for a already", "--terms", "a", "--terms", "a")
}

func TestTail(t *testing.T) {
	h := newHost(t)
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	var out, errs syncBuffer
	done := make(chan int)
	go func() {
		done <- execute(ctx, []string{"tail", "log.level:Error", "--fields", "@timestamp,user.name,log.level,message"}, strings.NewReader(""), &out, &errs)
	}()
	<-h.followed
	h.tail <- traffic()[:1]
	h.tail <- traffic()[1:3]
	require.Eventually(t, func() bool { return strings.Count(out.String(), "\n") == 3 }, time.Minute, time.Millisecond)
	interrupt()
	assert.Equal(t, exitOK, <-done, "interrupting a tail is no failure: %s", errs.String())
	golden(t, "tail.txt", out.String())
	assert.Contains(t, errs.String(), "note: 7 events were skipped")
}

func TestFields(t *testing.T) {
	newHost(t)
	out, _ := runs(t, "fields")
	golden(t, "fields.txt", out)
	out, errs := runs(t, "fields", "user.name")
	assert.Equal(t, "user.name  events  share\n张三            1  50.0%\nadmin           1  50.0%\n", out)
	assert.Equal(t, "2 events have it, 2 do not; 2 different values\n", errs)
}

func TestPlugin(t *testing.T) {
	newHost(t)
	out, _ := runs(t, "plugin", "list")
	golden(t, "plugin-list.txt", out)
	out, _ = runs(t, "plugin", "info", "geoip")
	golden(t, "plugin-info.txt", out)
	out, _ = runs(t, "plugin", "disable", "geoip")
	assert.Equal(t, "geoip is disabled\n", out)
	out, _ = runs(t, "plugin", "enable", "geoip")
	assert.Equal(t, "geoip is running\n", out)
	out, _ = runs(t, "plugin", "info", "geoip", "-o", "json")
	assert.Contains(t, out, `"rows": 1234567`)
	out, _ = runs(t, "__complete", "plugin", "disable", "")
	assert.Contains(t, out, "acmefw\ngeoip\n")
}

func TestPluginUpgrade(t *testing.T) {
	newHost(t)
	out, errs := runs(t, "plugin", "upgrade", "geoip", "/opt/geoip", "--canary", "5%", "--yes")
	golden(t, "plugin-upgrade.txt", out)
	assert.Equal(t, "geoip 1.2.0 → 2.0.0, from /opt/geoip\ncompared with version 1.2.0 it may\n  + connect to 192.0.2.1:53\n", errs)
	out, _ = runs(t, "plugin", "rollout", "geoip", "-o", "json")
	assert.Contains(t, out, `"state": "running"`)
	out, _ = runs(t, "plugin", "upgrade", "geoip", "--promote")
	assert.Contains(t, out, "promoted")
	out, _ = runs(t, "plugin", "upgrade", "geoip", "--abort")
	assert.Contains(t, out, "aborted")
	out, _ = runs(t, "plugin", "rollback", "geoip")
	assert.Contains(t, out, "plugin    geoip 1.2.0 → 2.0.0")
	out, _ = runs(t, "plugin", "reconfigure", "geoip", "--check")
	assert.Equal(t, "geoip takes the settings in the configuration file; they are not in effect yet; it is running\n", out)
	f := func(want string, args ...string) {
		t.Helper()
		code, _, errs := run(t, append([]string{"plugin", "upgrade"}, args...)...)
		assert.Equal(t, exitUsage, code, "%q: %s", args, errs)
		assert.Contains(t, errs, want)
	}
	f("there is nobody to ask", "geoip", "/opt/geoip")
	f(`--canary: "five" is no part above zero: use 5% or 0.05`, "geoip", "--canary", "five")
	f("--for is of --shadow and --canary", "geoip", "--for", "5m")
	f("--events is of --shadow", "geoip", "--canary", "5%", "--events", "10")
	f("--min-events are of --canary", "geoip", "--shadow", "--max-errors", "1%")
	f("leave out", "geoip", "/opt/geoip", "--promote")
	f("not two of them", "geoip", "/opt/geoip", "--digest", "abc")
	f("give one of them", "geoip", "--shadow", "--canary", "5%")
}

func TestStream(t *testing.T) {
	newHost(t)
	out, _ := runs(t, "stream", "set", "night", "log.level:Fatal", "--description", "what wakes people up")
	assert.Equal(t, "stream night selects log.level:Fatal\n", out)
	out, _ = runs(t, "stream", "list")
	golden(t, "stream-list.txt", out)
	out, _ = runs(t, "stream", "delete", "night")
	assert.Equal(t, "stream night is deleted\n", out)
	code, _, errs := run(t, "stream", "delete", "errors")
	assert.Equal(t, exitWrong, code)
	assert.Contains(t, errs, "change it in the configuration file")
}

func TestHealthInputsConsumersLetters(t *testing.T) {
	h := newHost(t)
	h.status = "degraded"
	out, _ := runs(t, "health")
	golden(t, "health.txt", out)
	h.status = "failed"
	code, out, errs := run(t, "health", "-o", "json")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, out, `"advice": "free space on /var"`)
	assert.Empty(t, errs)

	out, _ = runs(t, "inputs")
	golden(t, "inputs.txt", out)
	out, _ = runs(t, "consumers")
	golden(t, "consumers.txt", out)
	out, errs = runs(t, "deadletters", "poison OR KILL", "--plugin", "nginx", "--limit", "2")
	golden(t, "deadletters.txt", out)
	assert.Contains(t, errs, "there are more")
	out, errs = runs(t, "deadletters", "--limit", "0", "-o", "csv")
	assert.Equal(t, 4, strings.Count(out, "\n"))
	assert.Empty(t, errs)
	out, _ = runs(t, "deadletters", "--by", "plugin,reason")
	golden(t, "deadletters-by.txt", out)
	out, _ = runs(t, "deadletters", "--by", "plugin,reason", "--time-zone", "UTC")
	assert.Contains(t, out, "  2026-10-11 04:00:00  2026-10-11 05:00:00\n")
	out, _ = runs(t, "deadletters", "--time-zone", "UTC", "--limit", "1")
	assert.Contains(t, out, "\n2026-10-11 04:00:00  1 ")
	code, _, errs = run(t, "deadletters", "plugn:nginx")
	assert.Equal(t, exitWrong, code)
	assert.Contains(t, errs, "dead letters have no field plugn")
	assert.Contains(t, errs, "^^^^^")
	code, out, errs = run(t, "deadletters", "redrive", "*", "--yes")
	assert.Equal(t, exitFailed, code)
	golden(t, "redrive.txt", out)
	assert.Contains(t, errs, "1 letter could not be redriven; run this again: disk is full")
	code, _, errs = run(t, "deadletters", "redrive", "--id", "1,2")
	assert.Equal(t, exitUsage, code)
	assert.Contains(t, errs, "9 letters selected: 3 can be redriven, 4 redriven before, 2 not held, 1 unknown\n")
	assert.Contains(t, errs, "add --yes")
	code, _, errs = run(t, "deadletters", "redrive", "--yes")
	assert.Equal(t, exitUsage, code)
	assert.Contains(t, errs, "--plugin")
}

func TestRuleKeys(t *testing.T) {
	out, _ := runs(t, "rule", "keys")
	require.Regexp(t, `(?m)^threshold +number +20 +threshold is what is still fine`, out)
	require.Regexp(t, `(?m)^steps\[\]\.without +string `, out)
	out, _ = runs(t, "rule", "keys", "-o", "json")
	var keys []map[string]string
	require.NoError(t, json.Unmarshal([]byte(out), &keys))
	require.Equal(t, "id", keys[0]["key"])
	require.Contains(t, keys[0]["meaning"], "names the rule")
	out, _ = runs(t, "rule", "keys", "--schema")
	require.True(t, json.Valid([]byte(out)))
	require.Contains(t, out, `"additionalProperties": false`)
}

func TestConfigCommands(t *testing.T) {
	t.Chdir(t.TempDir())
	here, err := os.Getwd()
	require.NoError(t, err)
	example, _ := runs(t, "config", "example")
	require.NoError(t, os.WriteFile("logcenter.yaml", []byte(example), 0o600))
	out, _ := runs(t, "validate")
	assert.Equal(t, "logcenter.yaml is right: HTTP on 127.0.0.1:8080, 2 inputs, 0 classification rules, 0 streams, data in "+here+"/data\n", out)

	require.NoError(t, os.WriteFile("broken.yaml", []byte("htpp: {}\nstore:\n  kind: memory\n"), 0o600))
	code, _, errs := run(t, "validate", "--config", "broken.yaml")
	assert.Equal(t, exitWrong, code)
	assert.Equal(t, "broken.yaml:1:1: htpp: unknown key (did you mean \"http\"?)\nbroken.yaml:3:9: store.kind: \"memory\" is not allowed (one of embedded, elasticsearch, none)\n", errs)
	code, _, errs = run(t, "validate", "-c", "none.yaml")
	assert.Equal(t, exitWrong, code)
	assert.Equal(t, "logcenter: open none.yaml: no such file or directory\n", errs)

	schema, _ := runs(t, "config", "schema")
	assert.True(t, json.Valid([]byte(schema)))
	out, _ = runs(t, "version")
	assert.Regexp(t, `^logcenter \d+\.\d+\.\d+\S* .*go1\.\d+`, out)
	out, _ = runs(t, "completion", "bash")
	assert.Contains(t, out, "__start_logcenter")
}

func TestStoreReplicas(t *testing.T) {
	h := newHost(t)
	out, _ := runs(t, "store", "replicas")
	require.Equal(t, "wanted  making  missing\n     1       0        0\n", out)
	out, _ = runs(t, "store", "replicas", "2", "-o", "json")
	require.JSONEq(t, `{"wanted":2,"making":0,"missing":3}`, out)
	require.Equal(t, 2, h.replicas)
	code, _, errs := run(t, "store", "replicas", "-1")
	require.Equal(t, exitUsage, code, errs)
	code, _, errs = run(t, "store", "replicas", "many")
	require.Equal(t, exitUsage, code)
	require.Contains(t, errs, `"many" is no number of replicas`)
	code, _, errs = run(t, "store", "replicas", "17")
	require.NotEqual(t, exitOK, code)
	require.Contains(t, errs, "at most 16")
}
