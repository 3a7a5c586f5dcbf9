package sigma

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp/syntax"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/logcenter/logcenter/host/store/elastic/estest"
	"github.com/logcenter/logcenter/host/store/storetest"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/query"
)

// TestAsPySigma compares what the conditions of rules match with what pySigma's queries match in Elasticsearch, on events
// made so that they nearly match: with LOGCENTER_LONG, as it needs Python's package index. LOGCENTER_SIGMA_RULES names a
// folder with more rules, such as the Sigma project's.
func TestAsPySigma(t *testing.T) {
	if os.Getenv("LOGCENTER_LONG") == "" {
		t.Skip("only with LOGCENTER_LONG")
	}
	r := rand.New(rand.NewPCG(1, 2))
	cases, left := compared(t)
	pySigma(t, cases)
	var events []storetest.Event
	for i := range cases {
		for range 30 {
			events = append(events, nearly(r, cases[i].node))
		}
	}
	for i, e := range events {
		e["message"], e["@timestamp"] = "m", "2026-10-11T12:00:00Z"
		e["number"] = strconv.Itoa(i)
	}
	server := estest.Shared(t)
	load(t, server.URL, events)
	batches := matched(t, cases, events)
	wrong, refused, hits := 0, 0, 0
	for i, c := range cases {
		if c.lucene == "" {
			refused++
			continue
		}
		theirs, err := search(server.URL, c.lucene)
		if err != nil {
			refused++
			continue
		}
		hits += len(batches[i])
		if !slices.Equal(batches[i], theirs) {
			wrong++
			t.Errorf("%s\n  ours:   %s\n  theirs: %s\n  only ours: %v\n  only theirs: %v", c.title, query.Format(c.node), c.lucene,
				sample(events, batches[i], theirs), sample(events, theirs, batches[i]))
		}
	}
	t.Logf("%d rules compared on %d events, %d matches; %d differ. Not compared: %d of which pySigma or Elasticsearch refuses the query, %s",
		len(cases)-refused, len(events), hits, wrong, refused, left)
	require.Positive(t, hits)
}

type compare struct {
	title, text, lucene string
	node                query.Node
	source              *logSource
}

// compared are the rules that can be compared, and how many cannot and why.
func compared(t *testing.T) (cases []compare, left string) {
	folders := []string{"testdata/rules"}
	if dir := os.Getenv("LOGCENTER_SIGMA_RULES"); dir != "" {
		folders = append(folders, dir)
	}
	why := map[string]int{}
	for _, dir := range folders {
		require.NoError(t, filepath.WalkDir(dir, func(file string, _ os.DirEntry, err error) error {
			if err != nil || filepath.Ext(file) != ".yml" {
				return err
			}
			text, err := os.ReadFile(file)
			if err != nil {
				return err
			}
			for _, part := range strings.Split("\n"+string(text), "\n---\n") {
				c := &converter{o: Options{Mapping: Builtin(), TypeOf: typeOf}}
				docs, err := read(File{file, []byte(part)})
				if err != nil || len(docs) != 1 || docs[0].Correlation != nil {
					why["correlations"]++
					continue
				}
				if what := differs(docs[0]); what != "" {
					why[what]++
					continue
				}
				source := c.o.Mapping.find(docs[0].LogSource)
				if source == nil {
					continue
				}
				if node, err := c.condition(docs[0], source); err == nil {
					cases = append(cases, compare{title: docs[0].Title, text: part, node: node, source: source})
				}
			}
			return nil
		}))
	}
	for _, k := range slices.Sorted(maps.Keys(why)) {
		left += fmt.Sprintf("%d %s, ", why[k], k)
	}
	return cases, strings.TrimSuffix(left, ", ")
}

func typeOf(name string) (ecs.Type, bool) {
	f, ok := ecs.Lookup(name)
	if !ok {
		return 0, false
	}
	return f.Type(), true
}

// differs says in what the two are meant to differ: words are looked for in lines here, expressions find a part of a value,
// what is empty is not there, and some values have other names.
func differs(d *document) (what string) {
	var walk func(n *yaml.Node)
	walk = func(n *yaml.Node) {
		switch n.Kind {
		case yaml.MappingNode:
			for i := 0; i+1 < len(n.Content); i += 2 {
				key := strings.Split(n.Content[i].Value, "|")
				switch {
				case key[0] == "":
					what = "words"
				case slices.Contains(key, "re"):
					what = "expressions"
				case key[0] == "Hashes" || key[0] == "Initiated" || key[0] == "success":
					what = "values with other names"
				case slices.Contains(key, "cased") || slices.Contains(key, "base64"):
					what = "in their case, which the index here has not"
				}
				walk(n.Content[i+1])
			}
		case yaml.SequenceNode:
			for _, e := range n.Content {
				if e.Kind == yaml.ScalarNode && e.Value == "" && e.Tag == "!!str" {
					what = "empty values"
				}
				walk(e)
			}
		case yaml.ScalarNode:
			if n.Value == "" && n.Tag == "!!str" || n.Value == "-" {
				what = "empty values"
			}
		}
	}
	for name, n := range d.Detection {
		if name == "condition" {
			continue
		}
		if n.Kind == yaml.SequenceNode && n.Content[0].Kind == yaml.ScalarNode {
			return "words"
		}
		walk(&n)
	}
	return what
}

// pySigma has the queries made by pySigma, in an environment of Python that is made for it.
func pySigma(t *testing.T, cases []compare) {
	venv := filepath.Join(t.TempDir(), "venv")
	for _, args := range [][]string{
		{"python3", "-m", "venv", venv},
		{filepath.Join(venv, "bin", "pip"), "install", "--quiet", "pysigma==1.5.1", "pysigma-backend-elasticsearch==2.1.1"},
	} {
		out, err := exec.CommandContext(t.Context(), args[0], args[1:]...).CombinedOutput() //nolint:gosec // as above
		require.NoError(t, err, "%s", out)
	}
	type rule struct {
		Fields map[string][]string `json:"fields"`
		Rule   string              `json:"rule"`
	}
	var rules []rule
	for _, c := range cases {
		fields := map[string][]string{}
		for _, table := range slices.Backward(c.source.Tables) {
			for name, target := range c.source.mapping.fields[table] {
				fields[name] = target.Fields
			}
		}
		rules = append(rules, rule{fields, c.text})
	}
	asked, err := json.Marshal(rules)
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), filepath.Join(venv, "bin", "python"), "testdata/pysigma.py") //nolint:gosec // as above
	cmd.Stdin = bytes.NewReader(asked)
	out, err := cmd.Output()
	require.NoError(t, err)
	var queries []*string
	require.NoError(t, json.Unmarshal(out, &queries))
	for i, q := range queries {
		if q != nil {
			cases[i].lucene = *q
		}
	}
}

// nearly makes an event that fulfils what is asked, and then is often changed a little.
func nearly(r *rand.Rand, n query.Node) storetest.Event {
	e := storetest.Event{}
	fulfil(r, n, e)
	for _, name := range slices.Sorted(maps.Keys(e)) {
		s, ok := e[name].(string)
		if !ok {
			continue
		}
		if r.IntN(20) == 0 {
			delete(e, name)
			continue
		}
		if typ, _ := typeOf(name); typ == ecs.Keyword && len(s) > 2 && r.IntN(8) == 0 {
			runes := []rune(s)
			runes[r.IntN(len(runes))] = 'q'
			e[name] = string(runes)
		}
	}
	return e
}

func fulfil(r *rand.Rand, n query.Node, e storetest.Event) {
	set := func(f query.Field, v any) {
		if r.IntN(3) > 0 || e[f.Name] == nil {
			e[f.Name] = v
		}
		if field, _ := ecs.Lookup(f.Name); field.Info().List {
			e[f.Name] = []any{e[f.Name]}
			if l, ok := e[f.Name].([]any)[0].([]any); ok {
				e[f.Name] = l
			}
		}
	}
	switch n := n.(type) {
	case *query.And:
		for _, s := range n.Nodes {
			fulfil(r, s, e)
		}
	case *query.Or:
		fulfil(r, n.Nodes[r.IntN(len(n.Nodes))], e)
	case *query.Not:
		if r.IntN(5) == 0 {
			fulfil(r, n.Node, e)
		}
	case *query.Term:
		set(n.Field, value(r, n.Field.Name, n.Value))
	case *query.Prefix:
		set(n.Field, n.Value+noise(r))
	case *query.Wildcard:
		v := strings.NewReplacer(`\*`, "\x00", `\?`, "\x01", `\\`, `\`, "*", noise(r), "?", "z").Replace(n.Pattern)
		set(n.Field, strings.NewReplacer("\x00", "*", "\x01", "?").Replace(v))
	case *query.Regex:
		tree, err := syntax.Parse(n.Expr, syntax.PerlX)
		if err == nil {
			v := text(r, tree)
			if !strings.HasPrefix(n.Expr, "^") {
				v = noise(r) + v
			}
			if !strings.HasSuffix(n.Expr, "$") {
				v += noise(r)
			}
			set(n.Field, v)
		}
	case *query.Range:
		if n.Min != nil {
			set(n.Field, value(r, n.Field.Name, *n.Min))
		} else {
			set(n.Field, value(r, n.Field.Name, *n.Max))
		}
	case *query.CIDR:
		set(n.Field, n.Prefix.Addr().Next().String())
	case *query.Exists:
		if typ, _ := typeOf(n.Field.Name); typ == ecs.Keyword {
			set(n.Field, "something"+noise(r))
		}
	}
}

func value(r *rand.Rand, name, v string) any {
	switch typ, _ := typeOf(name); typ {
	case ecs.Long:
		n, _ := strconv.Atoi(v)
		return int64(n + r.IntN(2))
	case ecs.IP:
		a, err := netip.ParseAddr(v)
		if err == nil && r.IntN(3) == 0 {
			return a.Next().String()
		}
		return v
	case ecs.Boolean:
		return v == "true"
	default:
		return v
	}
}

func noise(r *rand.Rand) string {
	return []string{"", "", "x", `\y z`, "q-1", ` "k" `, "登录"}[r.IntN(7)]
}

// text is one that an expression of the converter's matches, in any case.
func text(r *rand.Rand, re *syntax.Regexp) string {
	switch re.Op {
	case syntax.OpLiteral:
		var b strings.Builder
		for _, c := range re.Rune {
			if r.IntN(4) == 0 && c < 128 {
				c = unicode.SimpleFold(c)
				if c > 127 {
					c = unicode.SimpleFold(c)
				}
			}
			b.WriteRune(c)
		}
		return b.String()
	case syntax.OpCharClass:
		return string(re.Rune[2*r.IntN(len(re.Rune)/2)])
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return "z"
	case syntax.OpStar:
		return noise(r)
	case syntax.OpConcat:
		var b strings.Builder
		for _, s := range re.Sub {
			b.WriteString(text(r, s))
		}
		return b.String()
	case syntax.OpAlternate, syntax.OpCapture, syntax.OpQuest, syntax.OpPlus:
		return text(r, re.Sub[r.IntN(len(re.Sub))])
	default:
		return ""
	}
}

// matched are the numbers of the events that each condition matches here.
func matched(t *testing.T, cases []compare, events []storetest.Event) [][]int {
	out := make([][]int, len(cases))
	var matchers []*query.Matcher
	for _, c := range cases {
		m, err := query.Compile(c.node, query.Options{})
		require.NoError(t, err, query.Format(c.node))
		matchers = append(matchers, m)
	}
	set, err := query.NewSet(matchers...)
	require.NoError(t, err)
	const rows = 1000
	for from := 0; from < len(events); from += rows {
		part := events[from:min(from+rows, len(events))]
		b, err := storetest.Batch(uint64(from+1), part)
		require.NoError(t, err)
		for i, bits := range set.Match(b, nil) {
			for row := range part {
				if bits[row/64]&(1<<(row%64)) != 0 {
					out[i] = append(out[i], from+row)
				}
			}
		}
	}
	return out
}

const index = "lctest-sigma"

// load puts events into an index of keywords in any case, which is what pySigma's queries are for.
func load(t *testing.T, server string, events []storetest.Event) {
	properties := map[string]any{}
	for _, e := range events {
		for name := range e {
			if properties[name] != nil {
				continue
			}
			switch typ, _ := typeOf(name); typ {
			case ecs.Long:
				properties[name] = map[string]any{"type": "long"}
			case ecs.IP:
				properties[name] = map[string]any{"type": "ip"}
			case ecs.Boolean:
				properties[name] = map[string]any{"type": "boolean"}
			default:
				properties[name] = map[string]any{"type": "keyword", "normalizer": "lower"}
			}
		}
	}
	properties["number"] = map[string]any{"type": "long"}
	delete(properties, "@timestamp")
	call(t, http.MethodDelete, server+"/"+index, nil)
	call(t, http.MethodPut, server+"/"+index, map[string]any{
		"settings": map[string]any{
			"number_of_replicas": 0, "index.max_result_window": 1000000, "mapping.total_fields.limit": 2000,
			"analysis": map[string]any{"normalizer": map[string]any{"lower": map[string]any{"type": "custom", "filter": []string{"lowercase"}}}},
		},
		"mappings": map[string]any{"dynamic": false, "properties": properties},
	})
	for from := 0; from < len(events); from += 5000 {
		var b bytes.Buffer
		for _, e := range events[from:min(from+5000, len(events))] {
			line, err := json.Marshal(e)
			require.NoError(t, err)
			b.WriteString("{\"index\":{}}\n")
			b.Write(append(line, '\n'))
		}
		resp, err := http.Post(server+"/"+index+"/_bulk?refresh=true", "application/x-ndjson", &b) //nolint:noctx // a test
		require.NoError(t, err)
		answer, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.NotContains(t, string(answer), `"errors":true`, "%.2000s", answer)
	}
}

func call(t *testing.T, method, url string, body any) {
	b, err := json.Marshal(body)
	require.NoError(t, err)
	req, err := http.NewRequestWithContext(t.Context(), method, url, bytes.NewReader(b))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	answer, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	if method != http.MethodDelete {
		require.Equal(t, http.StatusOK, resp.StatusCode, "%s", answer)
	}
}

// search are the numbers of the events that a query of pySigma's matches.
func search(server, lucene string) (numbers []int, err error) {
	body, _ := json.Marshal(map[string]any{ //nolint:errchkjson // texts
		"size": 100000, "_source": false, "docvalue_fields": []string{"number"}, "sort": []string{"number"},
		"query": map[string]any{"query_string": map[string]any{"query": lucene, "analyze_wildcard": true}},
	})
	resp, err := http.Post(server+"/"+url.PathEscape(index)+"/_search", "application/json", bytes.NewReader(body)) //nolint:noctx // a test
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	var answer struct {
		Hits struct {
			Hits []struct {
				Fields struct {
					Number []int `json:"number"`
				} `json:"fields"`
			} `json:"hits"`
		} `json:"hits"`
		Error json.RawMessage `json:"error"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return nil, err
	}
	if answer.Error != nil {
		return nil, fmt.Errorf("%.500s", answer.Error)
	}
	for _, h := range answer.Hits.Hits {
		numbers = append(numbers, h.Fields.Number...)
	}
	return numbers, nil
}

// sample shows an event that is in a and not in b.
func sample(events []storetest.Event, a, b []int) string {
	for _, n := range a {
		if !slices.Contains(b, n) {
			text, _ := json.Marshal(events[n]) //nolint:errchkjson // made by nearly
			return string(text)
		}
	}
	return "none"
}
