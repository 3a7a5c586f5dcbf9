package config_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/logcenter/logcenter/host/config"
	"github.com/logcenter/logcenter/host/plugin/install"
	"github.com/logcenter/logcenter/sdk/schema"
)

var update = flag.Bool("update", false, "write the expected output anew")

// golden compares with a file in testdata.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(path, got, 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(want), string(got), "run `go test ./host/config -update` and read the difference")
}

func parse(text string) (*config.Config, error) {
	return config.Parse("logcenter.yaml", []byte(text))
}

func TestDefault(t *testing.T) {
	c := config.Default()
	assert.Equal(t, "127.0.0.1:8080", c.HTTP.Listen)
	here, err := os.Getwd()
	require.NoError(t, err)
	assert.Equal(t, filepath.Join(here, "data"), c.Path(c.DataDir))
	require.Len(t, c.Inputs, 2)
	assert.Equal(t, "127.0.0.1:5514", c.Inputs[0].Syslog.UDP)
	assert.Equal(t, "127.0.0.1:5514", c.Inputs[0].Syslog.TCP)
	assert.NotNil(t, c.Inputs[1].HTTP)
	assert.Equal(t, "auto", c.Inputs[1].Encoding)
	assert.Equal(t, schema.Bytes(8<<30), c.Journal.Raw.MaxBytes)

	empty, err := config.Parse("logcenter.yaml", nil)
	require.NoError(t, err)
	commentsOnly, err := parse("# nothing\n")
	require.NoError(t, err)
	assert.Equal(t, empty, commentsOnly)
	equal(t, c, empty)
}

// equal compares all that can be configured.
func equal(t *testing.T, want, got *config.Config) {
	t.Helper()
	a, err := json.Marshal(want)
	require.NoError(t, err)
	b, err := json.Marshal(got)
	require.NoError(t, err)
	assert.JSONEq(t, string(a), string(b))
}

func TestExampleIsTheDefault(t *testing.T) {
	text := config.Example()
	got, err := config.Parse("example.yaml", text)
	require.NoError(t, err)
	equal(t, config.Default(), got)
	for i, line := range strings.Split(string(text), "\n") {
		assert.LessOrEqual(t, len(line), 110, "line %d", i+1)
	}
	golden(t, "example.yaml", text)
}

// TestExamplesInComments proves that what is commented out is right, too: without its # each section loads.
func TestExamplesInComments(t *testing.T) {
	commented := regexp.MustCompile(`^( *)#([^ ].*|  +(- |[a-z_]+:).*)$`)
	var out []string
	var sections int
	within := false // a commented section, which ends before the next line that is none of it
	for _, line := range strings.Split(string(config.Example()), "\n") {
		m := commented.FindStringSubmatch(line)
		starts := m != nil && !strings.HasPrefix(m[2], " ")
		if starts && !strings.HasSuffix(m[2], ":") || starts && within || m != nil && within {
			out = append(out, m[1]+m[2])
			sections++
		} else if starts {
			out = append(out, m[1]+m[2])
			within = true
			continue
		} else {
			out = append(out, line)
		}
		within = m != nil && (within || starts)
	}
	assert.Greater(t, sections, 20)
	c, err := config.Parse("example.yaml", []byte(strings.Join(out, "\n")))
	require.NoError(t, err, strings.Join(out, "\n"))
	assert.Len(t, c.Inputs, 5)
	assert.Len(t, c.Streams, 1)
	assert.NotNil(t, c.HTTP.TLS)
	assert.False(t, *c.Plugins.Settings["asset"].Enabled)
}

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "logcenter.yaml")
	require.NoError(t, os.WriteFile(path, []byte(`
data_dir: var
http: &web {listen: ":0"}
inputs:
  - name: fw
    timezone: Asia/Shanghai
    syslog: {tcp: "[::]:514"}
    multiline:
      start: '^\d'
  - name: app
    http:
      token_file: app.token
plugins:
  settings:
    geoip:
      transport: socket
      config:
        database: ./国家.mmdb
        ratio: 1.5
        since: 2026-01-01
    nginx:
store:
  flush_every: 1h
  memory: 2GiB
streams:
  - {name: all, query: "*"}
`), 0o600))
	c, err := config.Load(path)
	require.NoError(t, err)
	assert.Equal(t, filepath.Join(dir, "var"), c.Path(c.DataDir))
	assert.Equal(t, "/x", c.Path("/x"))
	assert.Empty(t, c.Path(""))
	assert.Equal(t, time.Second, c.Inputs[0].Multiline.Wait)
	assert.Equal(t, schema.Bytes(2<<30), c.Store.Memory)
	assert.Equal(t, time.Hour, c.Store.FlushEvery)
	assert.Equal(t, map[string]any{"database": "./国家.mmdb", "ratio": 1.5, "since": "2026-01-01"}, c.Plugins.Settings["geoip"].Config)
	assert.Equal(t, "socket", c.Plugins.Settings["geoip"].Transport)
	assert.Nil(t, c.Plugins.Settings["nginx"].Enabled, "as an admin switched it")

	require.NoError(t, os.WriteFile(filepath.Join(dir, "app.token"), []byte("s3cret\n"), 0o600))
	secret, err := c.Secret(c.Inputs[1].HTTP.TokenFile, "")
	require.NoError(t, err)
	assert.Equal(t, "s3cret", secret)
}

func TestLoadFails(t *testing.T) {
	_, err := config.Load(filepath.Join(t.TempDir(), "none.yaml"))
	require.ErrorIs(t, err, os.ErrNotExist)

	large := filepath.Join(t.TempDir(), "large.yaml")
	require.NoError(t, os.WriteFile(large, []byte(strings.Repeat("# nothing\n", 1<<20)), 0o600))
	_, err = config.Load(large)
	assert.ErrorContains(t, err, "is larger than 4 MiB")
}

func TestErrors(t *testing.T) {
	f := func(text string, want ...string) {
		t.Helper()
		_, err := parse(text)
		var got []string
		for _, e := range config.Errors(err) {
			got = append(got, e.Error())
		}
		assert.Equal(t, want, got)
	}
	f("retention:\n  policy:\n    - {device_type: door, log_type: badge, online_days: 0, archive_years: 1}\n",
		`logcenter.yaml:3:57: retention.policy[0].online_days: 0 days are not possible (write 1 to 36500)`)
	f("retention:\n  policy:\n    - {device_type: Door, log_type: badge, online_days: 3, archive_years: 1}\n",
		`logcenter.yaml:3:21: retention.policy[0].device_type: "Door" is no device type (use lower-case letters, digits and underscores, as in observer.type, e.g. firewall)`)
	f("retention: {policy: [{device_type: door, log_type: badge, archive_years: 1}]}\n", `logcenter.yaml:1:22: retention.policy[0].online_days: is required`)
	f("archive: {kind: s3}\n", `logcenter.yaml:1:17: archive.kind: is s3, but nothing says where the bucket is (give archive.s3.endpoint and archive.s3.bucket)`)
	f("drift: {effect: 0, persist: -1m, learn: 5}\n",
		`logcenter.yaml:1:17: drift.effect: 0 is out of bounds (0.001 to 1)`,
		`logcenter.yaml:1:29: drift.persist: "-1m" is not a duration such as 500ms, 10m, 1h30m or 30d`,
		`logcenter.yaml:1:34: drift.learn: unknown key (known keys: enabled, effect, field_effect, learn_lines, min_lines, persist, accept_after, rows_per_second, max_keys)`)
	f("archive: {kind: s3, s3: {endpoint: 'https://x/bucket', bucket: b}}\n", `logcenter.yaml:1:36: archive.s3.endpoint: "https://x/bucket" is not the address of a store (write e.g. https://s3.example.com, the bucket apart)`)
	f("archive: {kind: s3, s3: {endpoint: 'https://x', bucket: b, access_key_file: a, access_key_env: B}}\n", `logcenter.yaml:1:77: archive.s3.access_key_file: the access key is needed once (give either access_key_file or access_key_env)`)
	f("htpp:\n  listen: x\n", `logcenter.yaml:1:1: htpp: unknown key (did you mean "http"?)`)
	f("store:\n  kind: memory\n\n  fluhs_every: 1s\n",
		`logcenter.yaml:2:9: store.kind: "memory" is not allowed (one of embedded, elasticsearch, none)`,
		`logcenter.yaml:4:3: store.fluhs_every: unknown key (did you mean "flush_every"?)`)
	f("store: {kind: elasticsearch}\n", `logcenter.yaml:1:15: store.kind: is elasticsearch, but nothing says where it is (give store.elasticsearch.addresses, e.g. [http://127.0.0.1:9200])`)
	f("store: {elasticsearch: {addresses: [es1]}}\n", `logcenter.yaml:1:37: store.elasticsearch.addresses[0]: "es1" is not the address of a node (write e.g. https://es1:9200, the user apart)`)
	f("store: {elasticsearch: {addresses: ['http://a:1'], username: u}}\n", `logcenter.yaml:1:62: store.elasticsearch.username: has no password (name a password_file)`)
	f("store:\n  memory: 1KiB\n", `logcenter.yaml:2:11: store.memory: "1KiB" is out of bounds (at least 128MiB)`)
	f("http: {listen: localhost}\n", `logcenter.yaml:1:16: http.listen: "localhost" is not an address and port (e.g. 127.0.0.1:8080, [::]:514 or :514 for all addresses)`)
	f("inputs:\n  - syslog: {udp: ':1'}\n", `logcenter.yaml:2:5: inputs[0].name: is required`)
	f("inputs:\n  - name: a\n    syslog: {udp: ':1'}\n    http: {}\n",
		`logcenter.yaml:2:5: inputs[0]: input a has 2 kinds (give it exactly one of syslog, file and http)`)
	f("inputs:\n  - name: a\n    syslog: {}\n", `logcenter.yaml:3:5: inputs[0].syslog: listens on nothing (set udp, tcp or both, e.g. tcp: 0.0.0.0:514)`)
	f("inputs:\n  - name: A b\n    http: {}\n", `logcenter.yaml:2:11: inputs[0].name: "A b" is no name (1 to 64 lower-case letters, digits, '.', '_' or '-', beginning with a letter or digit)`)
	f("inputs:\n  - name: a\n    http: {}\n    timezone: Beijing\n", `logcenter.yaml:4:15: inputs[0].timezone: there is no time zone "Beijing" (an IANA name, e.g. Asia/Shanghai)`)
	f("inputs:\n  - name: a\n    http: {}\n    multiline: {start: '('}\n", "logcenter.yaml:4:24: inputs[0].multiline.start: error parsing regexp: missing closing ): `(`")
	f("inputs:\n  - name: a\n    http: {}\n    multiline: {max_lines: 3}\n", "logcenter.yaml:4:5: inputs[0].multiline: must say how lines are joined (set start, or indent to true, not both)")
	f("inputs:\n  - {name: a, http: {}, encoding: gkb}\n", `logcenter.yaml:2:35: inputs[0].encoding: unknown encoding "gkb": use auto, utf-8, gbk, gb18030, big5, latin1 or another name of the WHATWG Encoding Standard`)
	f("inputs:\n  - {name: a, http: {}}\n  - {name: a, syslog: {tcp: '127.0.0.1:8080', udp: ':1'}}\n  - {name: b, syslog: {udp: ':1'}}\n",
		`logcenter.yaml:3:12: inputs[1].name: there is an input "a" already (names are unique)`,
		`logcenter.yaml:3:29: inputs[1].syslog.tcp: 127.0.0.1:8080 is taken by http.listen (use another port)`,
		`logcenter.yaml:4:29: inputs[2].syslog.udp: :1 is taken by inputs[1].syslog.udp (use another port)`)
	f("inputs:\n  - {name: a, http: {token_file: x, token_env: Y}}\n", `logcenter.yaml:2:48: inputs[0].http.token_env: is one token too many (set token_file or token_env)`)
	f("streams:\n  - {name: s, query: 'a AND'}\n", `logcenter.yaml:2:22: streams[0].query: column 3: AND has nothing on its right (put a word in quotes to search for it)`)
	f("inputs:\n  - {name: files, http: {}}\n", `logcenter.yaml:2:12: inputs[0].name: files is the host's own input, for /api/v1/files (use another name)`)
	f("inputs:\n  - {name: self, http: {}}\n", `logcenter.yaml:2:12: inputs[0].name: self is the host's own input, for what it tells of itself (use another name)`)
	f("self: {certificate_urgent: 2000h}\n", `logcenter.yaml:1:28: self.certificate_urgent: is longer before the end than certificate_warn (a certificate is expiring first, then that is urgent)`)
	f("streams:\n  - {name: s, query: a}\n  - {name: s, query: b}\n", `logcenter.yaml:3:12: streams[1].name: there is a stream "s" already (names are unique)`)
	f("classification:\n  - {name: a, query: 'observer.type:firewall AND x', set: {log_type: atack, level: Wran, priority: 9, category: [net]}}\n",
		`logcenter.yaml:2:84: classification[0].set.level: "Wran" is not allowed (did you mean "Warn"? one of Debug, Info, Warn, Error, Fatal)`,
		`logcenter.yaml:2:100: classification[0].set.priority: 9 is out of bounds (1 to 5)`,
		`logcenter.yaml:2:114: classification[0].set.category[0]: "net" is not allowed (one of api, authentication, configuration, database, driver, email, file, host, iam, intrusion_detection, library, malware, network, package, process, registry, session, threat, vulnerability, web)`)
	f("classification:\n  - {name: a, query: 'observer.type:firewall AND x', set: {log_type: atack}}\n  - {name: a, query: 'x AND', set: {level: Warn}}\n  - {name: b, query: x}\n",
		`logcenter.yaml:2:70: classification[0].set.log_type: "atack" is no log type of the device type firewall (did you mean "attack"? one of attack, run_state, other; a row of retention.policy adds another one)`,
		`logcenter.yaml:3:12: classification[1].name: there is a rule "a" already (names are unique)`,
		`logcenter.yaml:3:22: classification[1].query: column 3: AND has nothing on its right (put a word in quotes to search for it)`,
		`logcenter.yaml:4:5: classification[2].set: nothing is set (give one or more of device_type, log_type, dataset, category, level, priority)`)
	f("plugins:\n  settings:\n    a.b:\n      enabeld: true\n", `logcenter.yaml:4:7: plugins.settings["a.b"].enabeld: unknown key (did you mean "enabled"?)`)
	f("plugins: {settings: {a: {severity: {low: info}}}}\n", `logcenter.yaml:1:42: plugins.settings.a.severity.low: "info" is not allowed (did you mean "Info"? one of Debug, Info, Warn, Error, Fatal)`)
	f("plugins: {settings: {a: {severity: {1-3: Info, 2: Warn}}}}\n", `logcenter.yaml:1:26: plugins.settings.a.severity: 2: 2 is there by 1-3, too`)
	f("alerts:\n  routes:\n  - {name: a, match: {severity: [error]}, to: [syslog]}\n  - {name: B, to: [syslog]}\n  - {name: c}\n",
		`logcenter.yaml:3:34: alerts.routes[0].match.severity[0]: "error" is not allowed (did you mean "Error"? one of Debug, Info, Warn, Error, Fatal)`,
		`logcenter.yaml:4:12: alerts.routes[1].name: "B" is no name (1 to 64 lower-case letters, digits, '.', '_' or '-', beginning with a letter or digit)`,
		`logcenter.yaml:5:5: alerts.routes[2].to: is missing (channels, e.g. [syslog, smtp/soc], or [] to tell nobody)`)
	f("alerts:\n  routes:\n  - {name: a, to: [smtp/sok]}\n  - {name: a, to: [smtp/]}\n  escalations: [{name: l, after: 1m, to: [smtp/x]}]\n  channels: {smtp/no: {}}\nplugins: {settings: {smtp: {config: {targets: [{name: soc}]}}}}\n",
		`logcenter.yaml:3:20: alerts.routes[0].to[0]: plugins.settings.smtp.config.targets has no sok (did you mean "smtp/soc"? it has soc)`,
		`logcenter.yaml:4:12: alerts.routes[1].name: there is "a" already (names are unique)`,
		`logcenter.yaml:4:20: alerts.routes[1].to[0]: "smtp/" is no channel (PLUGIN or PLUGIN/TARGET, e.g. smtp/soc)`,
		`logcenter.yaml:5:43: alerts.escalations[0].to[0]: plugins.settings.smtp.config.targets has no x (it has soc)`,
		`logcenter.yaml:6:14: alerts.channels.smtp/no: plugins.settings.smtp.config.targets has no no (it has soc)`)
	f("alerts:\n  channels:\n    syslog: {rate: 5/d}\n    file: {quiet_hours: [{from: \"25:00\", to: \"07:00\", timezone: Moon}]}\n",
		`logcenter.yaml:3:20: alerts.channels.syslog.rate: "5/d" is no rate: write a number of alerts per s, m or h, e.g. 60/m`,
		`logcenter.yaml:4:33: alerts.channels.file.quiet_hours[0].from: "25:00" is no time of a day (write "22:00", in quotes)`,
		`logcenter.yaml:4:65: alerts.channels.file.quiet_hours[0].timezone: unknown time zone Moon (an IANA zone, e.g. Asia/Shanghai)`)
	f("log: {level: info}\nlog: {level: warn}\n", `logcenter.yaml:2:1: log: is given twice (the first stands in line 1)`)
	f("log:\n  level: info\n level: warn\n", `logcenter.yaml:2: did not find expected key (this is not YAML; are indents, quotes and colons right?)`)
	f("log:\n\tlevel: info\n", `logcenter.yaml:2: found character that cannot start any token (this is not YAML; are indents, quotes and colons right?)`)
	f("log: {}\n---\nlog: {}\n", `logcenter.yaml:2:1: a second document (everything stands in one document: remove the line ---)`)
	f("store: {threads: 0600}\n", `logcenter.yaml:1:18: store.threads: 0600 begins with 0 (leave the 0 out, or put it in quotes if it is a text)`)
	f("store: {threads: 99999999999999999999}\n", `logcenter.yaml:1:18: store.threads: must be a whole number, not 1e+20`)
	f("store: {<<: {threads: 1}}\n", `logcenter.yaml:1:9: store: is no key (keys are plain words; << is not supported)`)
	f("store: {threads: !!binary YQ==}\n", `logcenter.yaml:1:18: store.threads: the tag !!binary is not supported (remove it)`)
	f("- a\n", `logcenter.yaml:1:1: must have keys, not be a list (known keys: data_dir, http, log, inputs, journal, store, retention, archive, plugins, pipeline, drift, self, classification, streams, watchlists, alerts, limits, files)`)
	f("log: &l\n  x: *l\n", `logcenter.yaml:1:6: log.x`+strings.Repeat(".x", 31)+`: is too large or too deep (are there aliases that contain each other?)`)
}

func TestManyErrorsAtOnce(t *testing.T) {
	text, err := os.ReadFile("testdata/broken.yaml")
	require.NoError(t, err)
	_, err = config.Parse("broken.yaml", text)
	var got strings.Builder
	for _, e := range config.Errors(err) {
		got.WriteString(e.Error() + "\n")
	}
	golden(t, "broken.txt", []byte(got.String()))
}

func TestSecret(t *testing.T) {
	c := config.Default()
	t.Setenv("LOGCENTER_TEST_SECRET", " from environment ")
	t.Setenv("LOGCENTER_TEST_EMPTY", "")
	empty := filepath.Join(t.TempDir(), "empty")
	require.NoError(t, os.WriteFile(empty, []byte(" \n"), 0o600))
	f := func(file, env, want, wrong string) {
		t.Helper()
		got, err := c.Secret(file, env)
		assert.Equal(t, want, got)
		if wrong == "" {
			assert.NoError(t, err)
		} else {
			assert.ErrorContains(t, err, wrong)
		}
	}
	f("", "", "", "")
	f("", "LOGCENTER_TEST_SECRET", "from environment", "")
	f("", "LOGCENTER_TEST_EMPTY", "", "is not set or empty")
	f(empty, "", "", "a secret has 1 to 65536")
	f("/nowhere", "", "", "no such file")
	f("a", "B", "", "name one")
}

func TestCheckFiles(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"tls.crt", "tls.key", "raw.key", "app.token"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o600))
	}
	f := func(text string, want ...string) {
		t.Helper()
		c, err := config.Parse(filepath.Join(dir, "logcenter.yaml"), []byte(text))
		require.NoError(t, err)
		var got []string
		for _, e := range config.Errors(c.CheckFiles()) {
			got = append(got, strings.ReplaceAll(e.Error(), dir+"/", ""))
		}
		assert.Equal(t, want, got)
	}
	f("")
	f("http: {tls: {cert_file: tls.crt, key_file: tls.key}}\njournal: {raw: {key_file: raw.key}}\ninputs:\n  - {name: a, http: {token_file: app.token}}\nplugins: {dirs: [.]}\n")
	f("http: {tls: {cert_file: tls.cert, key_file: tls.key}}\n", "logcenter.yaml:1:25: http.tls.cert_file: open tls.cert: no such file or directory")
	f("inputs:\n  - {name: a, http: {token_file: none}}\n  - {name: b, syslog: {tcp: ':1', tls: {cert_file: tls.crt, key_file: no.key}}}\n",
		"logcenter.yaml:2:34: inputs[0].http.token_file: open none: no such file or directory",
		"logcenter.yaml:3:71: inputs[1].syslog.tls.key_file: open no.key: no such file or directory")
	f("plugins:\n  dirs:\n    - plugins\njournal: {event: {key_file: no.key}}\n",
		"logcenter.yaml:3:7: plugins.dirs[0]: open plugins: no such file or directory",
		"logcenter.yaml:4:29: journal.event.key_file: open no.key: no such file or directory")
	require.NoError(t, config.Default().CheckFiles())
}

// TestJSONSchemaHolds has another program's validator read the schema.
func TestJSONSchemaHolds(t *testing.T) {
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(config.JSONSchema()))
	require.NoError(t, err)
	c := jsonschema.NewCompiler()
	require.NoError(t, c.AddResource("logcenter.json", document))
	s, err := c.Compile("logcenter.json") // which checks it against draft 2020-12
	require.NoError(t, err)
	valid := func(text []byte) error {
		var v any
		require.NoError(t, yaml.Unmarshal(text, &v))
		return s.Validate(v)
	}
	require.NoError(t, valid(config.Example()))
	for _, text := range []string{
		"store: {memory: 134217728, flush_every: 1m30s}", "inputs: [{name: a, http: {}, tags: [x]}]", "plugins: {settings: {a: {config: {x: [1]}}}}",
		"inputs: [{name: a, syslog: {udp: \":1\", idle_timeout: 1d}}]", "store: {memory: 1.5GiB}", "inputs: []",
	} {
		_, err := parse(text)
		require.NoError(t, err, text)
		assert.NoError(t, valid([]byte(text)), text)
	}
	for _, text := range []string{
		"htpp: {}", "store: {kind: memory}", "store: {memory: lots}", "inputs: [{http: {}}]", "store: {threads: -1}", "store: {flush_every: 10}",
		"plugins: {settings: {a: {config: 1}}}", "log: [info]", "journal: {raw: {sync: yes please}}",
	} {
		_, err := parse(text)
		require.Error(t, err, text)
		assert.Error(t, valid([]byte(text)), text)
	}
}

func TestJSONSchema(t *testing.T) {
	var s map[string]any
	require.NoError(t, json.Unmarshal(config.JSONSchema(), &s))
	assert.NotContains(t, string(config.JSONSchema()), "\n      \"type\": null")
	golden(t, "schema.json", config.JSONSchema())
}

// TestDescriptionsAreCurrent proves that docs_gen.go is what the doc comments say.
func TestDescriptionsAreCurrent(t *testing.T) {
	fresh := filepath.Join(t.TempDir(), "docs_gen.go")
	out, err := exec.Command("go", "run", "github.com/logcenter/logcenter/sdk/schema/docsgen", "-out", fresh, "-package", "config", ".").CombinedOutput()
	require.NoError(t, err, string(out))
	want, err := os.ReadFile(fresh)
	require.NoError(t, err)
	got, err := os.ReadFile("docs_gen.go")
	require.NoError(t, err)
	assert.True(t, bytes.Equal(want, got), "the doc comments have changed: run `go generate ./host/config`")
}

// TestEverythingIsDescribed finds keys without a description and such that only repeat their name.
func TestEverythingIsDescribed(t *testing.T) {
	var s map[string]any
	require.NoError(t, json.Unmarshal(config.JSONSchema(), &s))
	var walk func(path string, s map[string]any)
	walk = func(path string, s map[string]any) {
		properties, _ := s["properties"].(map[string]any)
		for name, p := range properties {
			p := p.(map[string]any)
			at := schema.Key(path, name)
			description, _ := p["description"].(string)
			said := strings.Trim(strings.TrimPrefix(strings.ToLower(description), name), " .")
			assert.Greater(t, len(said), len(name)+5, "%s says nothing: %q", at, description)
			walk(at, p)
			for _, inner := range []string{"items", "additionalProperties"} {
				if e, ok := p[inner].(map[string]any); ok {
					walk(at, e)
				}
			}
		}
	}
	walk("", s)
}

func TestTrust(t *testing.T) {
	const acme, other = "RWQTY2Tdo9QX3qRuN3wAmUwjm0sknaTe6OnsaEc4na6i29cAx6O2rjaR", "RWQ6VUthd2GYrwOCuRrEz7l7rAtPXzvr/kOp9odtl6x6VBQpQ2yOKU4R"
	f := func(trust, want string) {
		t.Helper()
		c, err := config.Parse("x.yaml", []byte("plugins:\n  trust: "+trust+"\n"))
		if want != "" {
			require.ErrorContains(t, err, want)
			return
		}
		require.NoError(t, err)
		policy, err := c.PluginTrust()
		require.NoError(t, err)
		require.Len(t, policy.Keys, 2)
		assert.Equal(t, acme, policy.Keys[0].Public.String())
		assert.Equal(t, []bool{false, true, true, false, true}, []bool{policy.Keys[0].Trusted, policy.Keys[1].Trusted, policy.Unsigned, policy.UnknownKeys, policy.Certificate})
	}
	f("{keys: [{name: acme, public_key: "+acme+"}, {name: other, public_key: "+other+", trusted: true}], unsigned: allow, certificate: required}", "")
	f("{keys: [{name: acme, public_key: RWQx}]}", `x.yaml:2:43: plugins.trust.keys[0].public_key: "RWQx" is no minisign public key: it is the line of the vendor's .pub file`)
	f("{keys: [{name: acme, public_key: "+acme+"}, {name: acme, public_key: "+other+"}]}", `plugins.trust.keys[1].name: there is a key "acme" already`)
	f("{keys: [{name: acme, public_key: "+acme+"}, {name: other, public_key: "+acme+"}]}", "plugins.trust.keys[1].public_key: is the key of acme, too")
	f("{keys: [{public_key: "+acme+"}]}", "plugins.trust.keys[0].name: is required")
	f("{unsigned: yes please}", "plugins.trust.unsigned")
	f("{unkown_keys: allow}", "unknown_keys")

	policy, err := config.Default().PluginTrust()
	require.NoError(t, err)
	assert.Equal(t, install.Trust{}, policy, "nothing is let in by default")
}

func FuzzParse(f *testing.F) {
	f.Add(config.Example())
	f.Add([]byte("a: &a [*a]\n? [x]\n: 1\n--- !!binary x\n"))
	f.Add([]byte("inputs: [{name: a, syslog: {udp: ':1'}}]\nstreams: [{name: b, query: 'x AND'}]\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := config.Parse("x.yaml", text)
		if (c == nil) == (err == nil) {
			t.Fatalf("both or neither: %v, %v", c, err)
		}
		for _, e := range config.Errors(err) {
			if e.Msg == "" {
				t.Fatal("an error without a message")
			}
		}
	})
}
