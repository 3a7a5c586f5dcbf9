package classification_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/classification"
	"github.com/logcenter/logcenter/host/config"
	"github.com/logcenter/logcenter/host/loadgen"
	"github.com/logcenter/logcenter/host/pipeline"
	"github.com/logcenter/logcenter/host/retention"
	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/query"
	"github.com/logcenter/logcenter/sdk/sample"
	"github.com/logcenter/logcenter/sdk/wire"
)

// batch is a batch of events, one JSON object each.
func batch(t testing.TB, events ...string) *wire.Batch {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.events.jsonl")
	require.NoError(t, os.WriteFile(path, []byte(strings.Join(events, "\n")+"\n"), 0o600))
	f, err := sample.Read(path)
	require.NoError(t, err)
	b, err := f.Batch(0, len(f.Lines))
	require.NoError(t, err)
	return b
}

// through is what the pipeline makes of a batch with rules and streams.
func through(t testing.TB, b *wire.Batch, c *classification.Classifier, streams *pipeline.Router) (all []store.Event) {
	t.Helper()
	p := pipeline.NewProcessor(pipeline.NewPlan(pipeline.Plan{Rules: c, Streams: streams}), nil)
	f, err := p.Process(t.Context(), pipeline.RawOf("journal", 7, b))
	require.NoError(t, err)
	defer f.Release()
	require.NoError(t, f.Batch.Validate(uint32(ecs.Message)))
	for row := range int(f.Batch.Rows) {
		ev := store.EventAt(f.Batch, row)
		for _, name := range []string{"event.id", "event.ingested", "@timestamp", "error.message", "error.code", "error.type", "logcenter.flags"} {
			delete(ev, name)
		}
		all = append(all, ev)
	}
	return all
}

func rules(t testing.TB, list ...classification.Rule) *classification.Classifier {
	t.Helper()
	c, err := classification.New(list, nil)
	require.NoError(t, err)
	return c
}

// Each field is set by the first rule that matches, others may set what it leaves; what no rule sets stays; streams and
// all behind them see what rules have set.
func TestTheFirstRuleSetsAField(t *testing.T) {
	c := rules(
		t,
		classification.Rule{Name: "grave", Query: "Fail AND observer.type:server", Set: classification.Set{LogType: "error", Level: "Error", Priority: 1}},
		classification.Rule{Name: "login", Query: "login", Set: classification.Set{
			DeviceType: "server", LogType: "security", Dataset: "switch.login", Category: []string{"authentication", "network"}, Priority: 3,
		}},
		classification.Rule{Name: "late", Query: "login AND Fail", Set: classification.Set{Level: "Debug"}},
		classification.Rule{Name: "never", Query: "elsewhere", Set: classification.Set{Level: "Fatal"}},
	)
	n, err := query.Parse("logcenter.log_type:security")
	require.NoError(t, err)
	streams, err := pipeline.NewRouter(map[string]query.Node{"secure": n})
	require.NoError(t, err)
	events := []string{
		`{"message":"login Fail","observer.type":"server","logcenter.log_type":"other","log.level":"Info","event.category":["host"],"event.dataset":"syslog.message","event.module":"syslog","logcenter.priority":5}`,
		`{"message":"login ok","observer.type":"firewall","log.level":"Info","event.category":["host","file"]}`,
		`{"message":"quiet","observer.type":"firewall","log.level":"Warn","event.category":["file"],"logcenter.priority":4}`,
	}
	got := through(t, batch(t, events...), c, streams)
	want := []string{
		`{"message":"login Fail","observer.type":"server","logcenter.log_type":"error","log.level":"Error","event.category":["authentication","network"],"event.dataset":"switch.login","event.module":"switch","logcenter.priority":1,"logcenter.classified_by":["grave","login"]}`,
		`{"message":"login ok","observer.type":"server","logcenter.log_type":"security","log.level":"Info","event.category":["authentication","network"],"event.dataset":"switch.login","event.module":"switch","logcenter.priority":3,"logcenter.classified_by":["login"],"logcenter.stream":["secure"]}`,
		events[2],
	}
	for i, ev := range got {
		text, err := json.Marshal(ev)
		require.NoError(t, err)
		assert.JSONEq(t, want[i], string(text))
	}

	var counts []string
	for _, r := range c.Rules() {
		counts = append(counts, fmt.Sprint(r.Name, " ", r.Matched, " ", r.Decided))
	}
	assert.Equal(t, []string{"grave 1 1", "login 2 2", "late 1 0", "never 0 0"}, counts)
	assert.Equal(t, map[ecs.Field]string{
		ecs.LogcenterLogType: "grave", ecs.LogLevel: "grave", ecs.LogcenterPriority: "grave", ecs.ObserverType: "login",
		ecs.EventDataset: "login", ecs.EventModule: "login", ecs.EventCategory: "login",
	}, c.By([]string{"grave", "login"}))

	// Rules that stay go on counting, and what was written down is the same rules.
	again, err := classification.New([]classification.Rule{c.Rules()[1].Rule, {Name: "late", Query: "other", Set: classification.Set{Level: "Debug"}}}, c)
	require.NoError(t, err)
	assert.EqualValues(t, 2, again.Rules()[0].Matched)
	assert.EqualValues(t, 0, again.Rules()[1].Matched)
	copied, err := classification.Parse(c.Source())
	require.NoError(t, err)
	assert.Equal(t, c.Source(), copied.Source())
}

// Batches of any size, with rules on all rows, on none and on some.
func TestRowsOfAllSizes(t *testing.T) {
	c := rules(
		t,
		classification.Rule{Name: "third", Query: "a2", Set: classification.Set{Level: "Error", Category: []string{"web", "web"}}},
		classification.Rule{Name: "all", Query: "*", Set: classification.Set{Priority: 2}},
	)
	for _, n := range []int{1, 7, 8, 63, 64, 65, 200} {
		var events []string
		for i := range n {
			events = append(events, fmt.Sprintf(`{"message":"line a%d"}`, i%3))
		}
		for i, ev := range through(t, batch(t, events...), c, nil) {
			want := store.Event{"message": fmt.Sprintf("line a%d", i%3), "logcenter.priority": int64(2), "logcenter.classified_by": []any{"all"}}
			if i%3 == 2 {
				want["log.level"], want["event.category"], want["logcenter.classified_by"] = "Error", []any{"web"}, []any{"third", "all"}
			}
			require.Equal(t, want, ev, "row %d of %d", i, n)
		}
	}
}

// What the log standard gives as an example is found in the text, and as the field of a header.
func TestTheLogStandardsNotation(t *testing.T) {
	for text, want := range map[string]bool{
		"device=sw-1 app_name=switch state=Fail":  true,
		"device=sw-1 app_name=switch state=BAD":   true,
		"device=sw-1 app_name=switch state=ok":    false,
		"device=sw-1 app_name=switches state=Bad": false,
		"switch: Error": false,
	} {
		c := rules(t, classification.Rule{Name: "r", Query: "app_name=switch AND (Fail OR Bad OR Error)", Set: classification.Set{Level: "Error"}})
		ev := through(t, batch(t, fmt.Sprintf(`{"message":%q}`, text)), c, nil)[0]
		assert.Equal(t, want, ev["log.level"] == "Error", text)
	}
}

// A rule whose query cannot be asked is left out and told; the others go on.
func TestARuleThatCannotBeAsked(t *testing.T) {
	c, err := classification.New([]classification.Rule{
		{Name: "bad", Query: "source.port:abc", Set: classification.Set{Level: "Error"}},
		{Name: "good", Query: "x", Set: classification.Set{Level: "Error"}},
	}, nil)
	require.ErrorContains(t, err, "classification rule bad is not in effect: query: column 1: ")
	require.Len(t, c.Rules(), 1)
	assert.Equal(t, "good", c.Rules()[0].Name)
	none, err := classification.New(nil, c)
	require.NoError(t, err)
	assert.Nil(t, none)
	assert.Nil(t, none.Source())
	assert.Empty(t, none.Rules())
	assert.Nil(t, none.Match(batch(t, `{"message":"x"}`)))
}

func TestCheck(t *testing.T) {
	p, err := retention.New([]retention.Row{{ObserverType: "door", LogType: "badge", OnlineDays: 1, ArchiveYears: 1}})
	require.NoError(t, err)
	for _, c := range []struct {
		rule classification.Rule
		want []string
	}{
		{classification.Rule{Name: "a", Query: "observer.type:server AND x", Set: classification.Set{LogType: "security"}}, nil},
		{classification.Rule{Name: "a", Query: "x OR (observer.type:(server OR database) y)", Set: classification.Set{Level: "Error"}}, nil},
		{classification.Rule{Name: "a", Query: "x AND (observer.type:server OR observer.type:ips)", Set: classification.Set{LogType: "other"}}, nil},
		{classification.Rule{Name: "a", Query: "x", Set: classification.Set{DeviceType: "door", LogType: "badge"}}, nil},
		{classification.Rule{Name: "a", Query: "x", Set: classification.Set{DeviceType: "network_traffic", LogType: "anything"}}, nil},
		{classification.Rule{Name: "A b", Query: "x", Set: classification.Set{Dataset: "Switch Login"}}, []string{
			`name: "A b" is no name (1 to 64 lower-case letters`, `set.dataset: "Switch Login" is no dataset (write what makes the events and their kind in lower case, e.g. switch.login)`,
		}},
		{classification.Rule{Name: "a", Query: "x"}, []string{"set: nothing is set (give one or more of device_type"}},
		{classification.Rule{Name: "a", Query: "x AND (", Set: classification.Set{Level: "Error"}}, []string{"query: column 7: "}},
		{classification.Rule{Name: "a", Query: "source.port:abc", Set: classification.Set{Level: "Error"}}, []string{"query: column "}},
		{classification.Rule{Name: "a", Query: "x", Set: classification.Set{LogType: "error"}}, []string{
			"query: selects events of any device, but log types are those of a device type (write observer.type:server AND (…), or set device_type; error is a log type of business_system, ",
		}},
		{classification.Rule{Name: "a", Query: "x OR observer.type:server", Set: classification.Set{LogType: "error"}}, []string{"query: selects events of any device"}},
		{classification.Rule{Name: "a", Query: "NOT observer.type:server", Set: classification.Set{LogType: "error"}}, []string{"query: selects events of any device"}},
		{classification.Rule{Name: "a", Query: "observer.type:(firewall OR server) AND x", Set: classification.Set{LogType: "atack"}}, []string{
			`set.log_type: "atack" is no log type of the device type firewall (did you mean "attack"? one of attack, run_state, other; a row of retention.policy adds another one)`,
			`set.log_type: "atack" is no log type of the device type server (one of error, security, run_state, other; `,
		}},
		{classification.Rule{Name: "a", Query: "x", Set: classification.Set{DeviceType: "fierwall", LogType: "attack"}}, []string{
			`set.device_type: "fierwall" is no device type of the retention table (did you mean "firewall"? one of business_system, `,
		}},
		{classification.Rule{Name: "a", Query: "observer.type:fw x", Set: classification.Set{LogType: "attack"}}, []string{`query: "fw" is no device type`}},
		{classification.Rule{Name: "a", Query: "x", Set: classification.Set{DeviceType: "server"}}, []string{"set.device_type: retention goes by device type and log type together (give set.log_type, too)"}},
		{classification.Rule{Name: "a", Query: "x", Set: classification.Set{DeviceType: "file", LogType: "No Type"}}, []string{`set.log_type: "No Type" is no log type`}},
	} {
		wrong := c.rule.Check(p)
		if assert.Len(t, wrong, len(c.want), "%+v: %v", c.rule, wrong) {
			for i, want := range c.want {
				assert.Contains(t, wrong[i].Error(), want)
			}
		}
	}
}

// The rules of examples/classification.yaml find what their names say in lines of devices, and nothing in others. A
// sample's tags are the rules that are to decide something of it.
func TestLibrary(t *testing.T) {
	cfg, err := config.Load("../../examples/classification.yaml")
	require.NoError(t, err)
	c := rules(t, cfg.ClassificationRules()...)
	f, err := sample.Read("testdata/library.events.jsonl")
	require.NoError(t, err)
	b, err := f.Batch(0, len(f.Lines))
	require.NoError(t, err)
	for _, ev := range through(t, b, c, nil) {
		assert.Equal(t, ev["tags"], ev["logcenter.classified_by"], ev["message"])
		class := retention.Standard().Classify(ev["observer.type"].(string), ev["logcenter.log_type"].(string))
		assert.NotEqual(t, retention.Unclassified, class, ev["message"])
	}
	for _, r := range c.Rules() {
		assert.Positive(t, r.Decided, "rule %s has no sample in testdata/library.events.jsonl", r.Name)
	}
}

// traffic is a batch of made-up firewall, IPS and web lines as the pipeline has them at once, as if they came from devices
// of these types in turn.
func traffic(devices ...string) *wire.Batch {
	g := loadgen.New(loadgen.Options{Seed: 1})
	var lines [][]byte
	for size := 0; size < 768<<10; size += len(lines[len(lines)-1]) + 1 {
		lines = append(lines, slices.Clone(g.Next(nil)))
	}
	batch := sample.Lines(lines)
	var device wire.Builder
	device.Reset(wire.Type_STRING, false, len(lines), nil, nil)
	for row := range lines {
		device.Text(row, devices[row%len(devices)])
	}
	batch.Columns = append(batch.Columns, device.Finish(uint32(ecs.ObserverType)))
	return batch
}

// BenchmarkMatch asks the rules of the library about lines that none of them matches but by chance: of devices that the
// rules are not for, and of devices of which nearly all lines have to be looked at. ns a line is what rules add to the
// pipeline.
func BenchmarkMatch(b *testing.B) {
	cfg, err := config.Load("../../examples/classification.yaml")
	require.NoError(b, err)
	for _, bb := range []struct {
		name  string
		batch *wire.Batch
	}{{"firewall", traffic("firewall")}, {"server", traffic("server")}, {"mixed", traffic("server", "business_system", "firewall")}} {
		for _, n := range []int{0, 1, len(cfg.Classification)} {
			b.Run(fmt.Sprintf("%s/rules=%d", bb.name, n), func(b *testing.B) {
				b.SetBytes(int64(len(bb.batch.Columns[0].Data)))
				c := rules(b, cfg.ClassificationRules()[:n]...)
				c.Match(bb.batch)
				b.ReportAllocs()
				for b.Loop() {
					c.Match(bb.batch)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(bb.batch.Rows), "ns/line")
			})
		}
	}
}
