package schema_test

import (
	"encoding/json"
	"errors"
	"flag"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/sdk/schema"
)

var update = flag.Bool("update", false, "write the expected output anew")

// config has a field of each kind.
type config struct {
	Zone    string            `yaml:"zone" default:"UTC"`
	Level   string            `yaml:"level" default:"info" enum:"debug,info,warn"`
	On      bool              `yaml:"on" default:"true"`
	Port    uint16            `yaml:"port" default:"514" min:"1"`
	Ratio   float64           `yaml:"ratio" default:"0.5" min:"0" max:"1"`
	Idle    time.Duration     `yaml:"idle" default:"10m" max:"2d"`
	Memory  schema.Bytes      `yaml:"memory" default:"512MiB" min:"1MiB"`
	Net     netip.Prefix      `yaml:"net" default:"10.0.0.0/8"`
	Tags    []string          `yaml:"tags" default:"a,b"`
	Labels  map[string]string `yaml:"labels"`
	Rules   []rule            `yaml:"rules"`
	TLS     *tls              `yaml:"tls"`
	Limits  limits            `yaml:"limits"`
	Extra   any               `yaml:"extra"`
	Plain   int               `default:"7"`
	Hidden  string            `yaml:"-"`
	private int
	shared
	Hooks map[string]*rule `yaml:"hooks"`
}

type shared struct {
	Name string `yaml:"name"`
}

type rule struct {
	Query string        `yaml:"query" required:"true"`
	Every time.Duration `yaml:"every" default:"1m"`
}

func (r rule) Validate() error {
	if strings.HasPrefix(r.Query, "*") {
		return &schema.Error{Path: "query", Msg: "must not start with *", Hint: "name a field"}
	}
	return nil
}

type tls struct {
	Cert string `yaml:"cert" required:"true"`
	Key  string `yaml:"key" required:"true"`
}

type limits struct {
	Low  int `yaml:"low" default:"1"`
	High int `yaml:"high" default:"9"`
}

func (l *limits) Validate() error {
	if l.Low > l.High {
		return errors.New("low is above high")
	}
	return nil
}

func defaults() config {
	return config{
		Zone: "UTC", Level: "info", On: true, Port: 514, Ratio: 0.5, Idle: 10 * time.Minute, Memory: 512 << 20,
		Net: netip.MustParsePrefix("10.0.0.0/8"), Tags: []string{"a", "b"}, Limits: limits{1, 9}, Plain: 7,
	}
}

func parsed(t *testing.T, text string) any {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var data any
	require.NoError(t, d.Decode(&data))
	return data
}

func TestDecode(t *testing.T) {
	f := func(text string, want func(*config)) {
		t.Helper()
		got := config{Zone: "left over", Labels: map[string]string{"left": "over"}}
		require.NoError(t, schema.Decode(parsed(t, text), &got))
		expected := defaults()
		want(&expected)
		assert.Equal(t, expected, got)
	}
	f(`null`, func(*config) {})
	f(`{}`, func(*config) {})
	f(`{"zone":null,"tags":null,"limits":null}`, func(*config) {})
	f(`{"zone":"","on":false,"port":1,"ratio":1}`, func(c *config) { c.Zone, c.On, c.Port, c.Ratio = "", false, 1, 1 })
	f(`{"idle":"1d1h","memory":"1.5GiB"}`, func(c *config) { c.Idle, c.Memory = 25*time.Hour, 3<<29 })
	f(`{"idle":0,"memory":1048576}`, func(c *config) { c.Idle, c.Memory = 0, 1<<20 })
	f(`{"net":"2001:db8::/32"}`, func(c *config) { c.Net = netip.MustParsePrefix("2001:db8::/32") })
	f(`{"tags":[],"labels":{"站点":"上海"}}`, func(c *config) {
		c.Tags, c.Labels = []string{}, map[string]string{"站点": "上海"}
	})
	f(`{"rules":[{"query":"a"},{"query":"b","every":"5m"}]}`, func(c *config) {
		c.Rules = []rule{{"a", time.Minute}, {"b", 5 * time.Minute}}
	})
	f(`{"tls":{"cert":"c","key":"k"}}`, func(c *config) { c.TLS = &tls{"c", "k"} })
	f(`{"limits":{"low":5}}`, func(c *config) { c.Limits.Low = 5 })
	f(`{"extra":{"a":[1]},"plain":3e0,"name":"n"}`, func(c *config) {
		c.Extra, c.Plain, c.Name = map[string]any{"a": []any{json.Number("1")}}, 3, "n"
	})
	f(`{"hooks":{"x":{"query":"q"}}}`, func(c *config) { c.Hooks = map[string]*rule{"x": {"q", time.Minute}} })
}

func TestDecodeTakesGoNumbers(t *testing.T) {
	var c config
	require.NoError(t, schema.Decode(map[string]any{"port": 1, "plain": int64(-2), "ratio": 0.25, "memory": uint64(1 << 21)}, &c))
	assert.Equal(t, []any{uint16(1), -2, 0.25, schema.Bytes(1 << 21)}, []any{c.Port, c.Plain, c.Ratio, c.Memory})
}

func TestDecodeErrors(t *testing.T) {
	f := func(text string, want ...string) {
		t.Helper()
		var c config
		var got []string
		for _, e := range schema.Errors(schema.Decode(parsed(t, text), &c)) {
			got = append(got, e.Error())
		}
		assert.Equal(t, want, got)
	}
	f(`{"zonne":"UTC"}`, `zonne: unknown key (did you mean "zone"?)`)
	f(`{"LEVEL":"info","meomry":1}`, `LEVEL: unknown key (did you mean "level"?)`, `meomry: unknown key (did you mean "memory"?)`)
	f(`{"rules":[{"query":"a"},{"qery":"b"}]}`, `rules[1].qery: unknown key (did you mean "query"?)`, `rules[1].query: is required`)
	f(`{"rules":[{"query":"a","zzz":1}]}`, `rules[0].zzz: unknown key (known keys: query, every)`)
	f(`{"a.b":1}`, `["a.b"]: unknown key (known keys: zone, level, on, port, ratio, idle, memory, net, tags, labels, rules, tls, limits, extra, plain, name, hooks)`)
	f(`{"zone":5}`, `zone: must be a text, not 5 (put it in quotes)`)
	f(`{"zone":["a"]}`, `zone: must be a text, not a list`)
	f(`{"on":"yes"}`, `on: must be true or false, not "yes"`)
	f(`{"level":"wran"}`, `level: "wran" is not allowed (did you mean "warn"? one of debug, info, warn)`)
	f(`{"level":"all"}`, `level: "all" is not allowed (one of debug, info, warn)`)
	f(`{"port":"514"}`, `port: must be a whole number, not "514" (write it without quotes)`)
	f(`{"port":1.5}`, `port: must be a whole number, not 1.5`)
	f(`{"port":0}`, `port: 0 is out of bounds (at least 1)`)
	f(`{"port":65536}`, `port: 65536 is out of bounds (0 to 65535)`)
	f(`{"ratio":1.01}`, `ratio: 1.01 is out of bounds (0 to 1)`)
	f(`{"idle":10}`, `idle: must be a duration, not 10 (a number and a unit, e.g. 500ms, 10m, 30d)`)
	f(`{"idle":"10"}`, `idle: "10" is not a duration such as 500ms, 10m, 1h30m or 30d`)
	f(`{"idle":"49h"}`, `idle: "49h" is out of bounds (at most 2d)`)
	f(`{"memory":"lots"}`, `memory: "lots" is not a size such as 512MiB`)
	f(`{"memory":"1KiB"}`, `memory: "1KiB" is out of bounds (at least 1MiB)`)
	f(`{"net":"10.0.0.0/40"}`, `net: cannot use "10.0.0.0/40": netip.ParsePrefix("10.0.0.0/40"): prefix length out of range`)
	f(`{"tags":"a"}`, `tags: must be a list, not "a" (one element a line, each behind "- ")`)
	f(`{"tags":["a",null,3]}`, `tags[1]: is empty`, `tags[2]: must be a text, not 3 (put it in quotes)`)
	f(`{"labels":{"x.y":1,"a":null}}`, `labels.a: is empty`, `labels["x.y"]: must be a text, not 1 (put it in quotes)`)
	f(`{"tls":{}}`, `tls.cert: is required`, `tls.key: is required`)
	f(`{"tls":{"cert":"","key":"k"}}`, `tls.cert: must not be empty`)
	f(`{"tls":true}`, `tls: must have keys, not be true (known keys: cert, key)`)
	f(`{"limits":{"low":10}}`, `limits: low is above high`)
	f(`{"rules":[{"query":"*"}],"hooks":{"h":{"query":"*"},"i":null}}`,
		`rules[0].query: must not start with * (name a field)`,
		`hooks.h.query: must not start with * (name a field)`,
		`hooks.i.query: is required`)
	f(`[1]`, `must have keys, not be a list (known keys: zone, level, on, port, ratio, idle, memory, net, tags, labels, rules, tls, limits, extra, plain, name, hooks)`)
}

func TestDefaults(t *testing.T) {
	c := config{Hidden: "x", private: 1}
	schema.Defaults(&c)
	assert.Equal(t, defaults(), c)
}

func TestCheck(t *testing.T) {
	f := func(v any, want string) {
		t.Helper()
		err := schema.Check(v)
		if want == "" {
			require.NoError(t, err)
			return
		}
		require.ErrorContains(t, err, want)
	}
	type self struct{ Next []*selfNext }
	f(config{}, "")
	f(&config{}, "")
	f(5, "a configuration is a struct, not int")
	f(struct{ C chan int }{}, "chan int cannot be configured")
	f(struct{ M map[int]string }{}, "keys are strings")
	f(struct{ E error }{}, "error cannot be configured: it has methods")
	f(self{}, "selfNext contains itself")
	f(struct {
		N int `default:"x"`
	}{}, `.N: default: must be a whole number, not x`)
	f(struct {
		N int `default:"3" min:"4"`
	}{}, "default: 3 is out of bounds (at least 4)")
	f(struct {
		S string `default:"x" enum:"a,b"`
	}{}, `"x" is not allowed`)
	f(struct {
		S string `min:"1"`
	}{}, "bounds are for numbers")
	f(struct {
		S string `default:"a" required:"true"`
	}{}, "cannot be required")
	f(struct {
		A string `yaml:"x"`
		B string `yaml:"x"`
	}{}, `A and B are both called "x"`)
}

type selfNext struct{ Next *selfNext }

func TestUnder(t *testing.T) {
	f := func(path string, err error, want string) {
		t.Helper()
		assert.EqualError(t, schema.Under(path, err), want)
	}
	f("a", errors.New("no"), "a: no")
	f("a", &schema.Error{Path: "b", Msg: "no"}, "a.b: no")
	f("a", &schema.Error{Path: `["b.c"]`, Msg: "no"}, `a["b.c"]: no`)
	f("", &schema.Error{Path: "b", Msg: "no"}, "b: no")
	f("a[1]", errors.Join(&schema.Error{Path: "b", Msg: "x"}, errors.New("y")), "a[1].b: x\na[1]: y")
	assert.NoError(t, schema.Under("a", nil))
}

func TestNearest(t *testing.T) {
	names := []string{"listen", "level", "data_dir"}
	f := func(word, want string) {
		t.Helper()
		assert.Equal(t, want, schema.Nearest(word, names))
	}
	f("listne", "listen")
	f("levle", "level")
	f("LISTEN", "listen")
	f("data-dir", "data_dir")
	f("datadir", "data_dir")
	f("lvl", "")
	f("x", "")
	f("", "")
	f(strings.Repeat("listen", 100), "")
}

func TestSizesAndDurations(t *testing.T) {
	size := func(text string, want schema.Bytes, again string) {
		t.Helper()
		got, err := schema.ParseBytes(text)
		require.NoError(t, err)
		assert.Equal(t, want, got)
		assert.Equal(t, again, got.String())
	}
	size("0", 0, "0B")
	size("1", 1, "1B")
	size("1500", 1500, "1500B")
	size("2000", 2000, "2kB")
	size("64 KiB", 64<<10, "64KiB")
	size("1.5GiB", 3<<29, "1536MiB")
	size("1e3KiB", 1000<<10, "1024kB")
	size("10GB", 1e10, "10GB")
	size("8388607TiB", 8388607<<40, "8388607TiB")
	for _, text := range []string{"", "B", "-1", "-1KiB", "1XB", "NaN", "Inf", "1e400", "8388608TiB", "9223372036854775808"} {
		_, err := schema.ParseBytes(text)
		assert.Error(t, err, text)
	}

	duration := func(text string, want time.Duration, again string) {
		t.Helper()
		got, err := schema.ParseDuration(text)
		require.NoError(t, err)
		assert.Equal(t, want, got)
		assert.Equal(t, again, schema.FormatDuration(got))
	}
	duration("0", 0, "0s")
	duration("500ms", 500*time.Millisecond, "500ms")
	duration("90m", 90*time.Minute, "1h30m")
	duration("2h", 2*time.Hour, "2h")
	duration("48h", 48*time.Hour, "2d")
	duration("1d12h", 36*time.Hour, "36h")
	duration("1h0m5s", time.Hour+5*time.Second, "1h0m5s")
	for _, text := range []string{"", "5", "-1s", "+1s", "d", "-1d", "1d-1h", "1.5d", "200000d", "1w"} {
		_, err := schema.ParseDuration(text)
		assert.Error(t, err, text)
	}
}

func TestDocsAndJSONSchema(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "config.go"), []byte(`package schema_test

// documented is what an admin may set.
type documented struct {
	// Zone is the IANA zone of the device clock,
	// see [Location].
	//
	// Lines carry none.
	Zone, Other string
	Level string // Level of the log.
	Idle  string // Idle closes a silent connection.
}
`), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "x_test.go"), []byte("not Go"), 0o600))
	docs, err := schema.Docs(dir)
	require.NoError(t, err)

	type inner struct {
		Size schema.Bytes `yaml:"size" min:"1KiB" max:"1MiB"`
	}
	type rename = documented
	got := schema.JSONSchema(&rename{}, docs)
	if *update {
		require.NoError(t, os.WriteFile("testdata/schema.json", got, 0o600))
	}
	want, err := os.ReadFile("testdata/schema.json")
	require.NoError(t, err)
	assert.Equal(t, string(want), string(got))
	assert.JSONEq(t, `{"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object",
		"properties":{"size":{"description":"1KiB to 1MiB.","type":["string","integer"],"pattern":"^[0-9.]+ *([KMGT]iB|[kKMGT]?B)?$"}},
		"additionalProperties":false}`, string(schema.JSONSchema(inner{}, nil)))

	_, err = schema.Docs(t.TempDir())
	assert.ErrorContains(t, err, "no Go files")
}

type documented struct {
	Zone   string            `yaml:"zone" default:"UTC"`
	Other  string            `yaml:"other" required:"true"`
	Level  []string          `yaml:"level" default:"info" enum:"info,warn"`
	Idle   time.Duration     `yaml:"idle" default:"10m" max:"1d"`
	Ports  map[string]uint16 `yaml:"ports" min:"1" max:"1024"`
	Limits *limits           `yaml:"limits"`
	Extra  any               `yaml:"extra"`
}

func FuzzDecode(f *testing.F) {
	f.Add(`{"zone":"UTC","rules":[{"query":"*"}],"idle":"1d","memory":"1MiB"}`)
	f.Add(`{"tls":{"cert":[]},"port":1e300,"limits":{"low":1e18},"net":"::/0"}`)
	f.Add(`{"labels":{"":""},"hooks":{"a":null},"extra":null}`)
	f.Fuzz(func(t *testing.T, text string) {
		var data any
		if json.Unmarshal([]byte(text), &data) != nil {
			return
		}
		var c, again config
		err := schema.Decode(data, &c)
		for _, e := range schema.Errors(err) {
			if e.Msg == "" {
				t.Fatalf("an error without a message: %#v", e)
			}
		}
		if err == nil {
			require.NoError(t, schema.Decode(data, &again))
			assert.Equal(t, c, again)
		}
	})
}

func FuzzSizesAndDurations(f *testing.F) {
	f.Add("1.5GiB")
	f.Add("1d2h3m4.5s")
	f.Fuzz(func(t *testing.T, text string) {
		if b, err := schema.ParseBytes(text); err == nil {
			again, err := schema.ParseBytes(b.String())
			require.NoError(t, err)
			require.Equal(t, b, again)
		}
		if d, err := schema.ParseDuration(text); err == nil {
			require.GreaterOrEqual(t, d, time.Duration(0))
			again, err := schema.ParseDuration(schema.FormatDuration(d))
			require.NoError(t, err)
			require.Equal(t, d, again)
		}
	})
}
