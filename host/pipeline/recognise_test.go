package pipeline

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/loadgen"
	"github.com/logcenter/logcenter/host/plugin"
	"github.com/logcenter/logcenter/sdk/manifest"
	"github.com/logcenter/logcenter/sdk/wire"
)

// known is a parser that is only recognised.
type known struct{ m *plugin.Manifest }

func (k known) Manifest() *plugin.Manifest                                 { return k.m }
func (known) Process(context.Context, *wire.Batch) (*plugin.Answer, error) { return nil, nil }

func parser(id string, rules ...manifest.Recogniser) Stage {
	return known{&plugin.Manifest{ID: id, Kind: wire.Kind_PARSER, Accepts: rules}}
}

// oneByOne is what choose must find: rules are tried in their order, one by one.
func oneByOne(d *dispatcher, line []byte, input string) int {
	head := line[:min(len(line), manifest.RecognisedBytes)]
	for _, r := range d.rules {
		texts := func(list [][]byte, in func(a, b []byte) bool, b []byte) bool {
			return len(list) == 0 || slices.ContainsFunc(list, func(t []byte) bool { return in(b, t) })
		}
		if len(line) > 0 && texts(r.prefix, bytes.HasPrefix, line) && texts(r.contains, bytes.Contains, head) &&
			!slices.ContainsFunc(r.all, func(t []byte) bool { return !bytes.Contains(head, t) }) &&
			(len(r.inputs) == 0 || matchesAny(input, r.inputs)) &&
			(len(r.apps) == 0 || slices.ContainsFunc(r.apps, func(a string) bool { return a == string(appName(line)) && bytes.Contains(head, []byte(a)) })) {
			return r.parser
		}
	}
	return none
}

// draw makes recognisers and lines of few different letters, so that they meet.
func draw(rnd *rand.Rand) (*dispatcher, [][]byte) {
	text := func(least, most int) string {
		b := make([]byte, least+rnd.IntN(most-least+1))
		for i := range b {
			b[i] = "ab<>1 :["[rnd.IntN(8)]
		}
		return string(b)
	}
	list := func(often, least, most int) (out []string) {
		for rnd.IntN(often) == 0 && len(out) < 4 {
			out = append(out, text(least, most))
		}
		return out
	}
	var parsers []Stage
	for i := range 1 + rnd.IntN(12) {
		var rules []manifest.Recogniser
		for range 1 + rnd.IntN(3) {
			r := manifest.Recogniser{Prefix: list(3, 0, 4), Contains: list(2, rnd.IntN(3), 12), ContainsAll: list(3, rnd.IntN(3), 4), AppName: list(4, 0, 3), Fallback: rnd.IntN(4) == 0}
			if rnd.IntN(3) == 0 {
				r.Input = []string{[]string{"tcp", "u*", "file"}[rnd.IntN(3)]}
			}
			rules = append(rules, r)
		}
		parsers = append(parsers, parser(fmt.Sprintf("p%d", rnd.IntN(20)*100+i), rules...))
	}
	d := newDispatcher(parsers, nil)
	var lines [][]byte
	for range 20 {
		l := text(0, 40)
		switch rnd.IntN(4) {
		case 0:
			l = "<13>Oct 11 12:00:01 a " + text(1, 3) + "[1]: " + l
		case 1:
			r := d.rules[rnd.IntN(len(d.rules))]
			for _, t := range slices.Concat(r.prefix, r.contains, r.all) {
				l = string(t) + l
			}
		case 2:
			l = strings.Repeat(l, 20)
		}
		lines = append(lines, []byte(l))
	}
	return d, lines
}

func TestChoiceIsThatOfOneRuleAfterTheOther(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	claimed := 0
	for range 5000 {
		d, lines := draw(rnd)
		for _, l := range lines {
			for _, input := range []string{"", "tcp", "udp"} {
				want := oneByOne(d, l, input)
				if want != none {
					claimed++
				}
				require.Equal(t, want, d.choose(l, d.view(input)), "%q from %q by %+v", l, input, d.rules)
			}
		}
	}
	require.Greater(t, claimed, 10000)
}

func FuzzChoice(f *testing.F) {
	f.Add("a,b", "cc,%FW/", "sshd", "udp*", []byte("<13>Oct 11 12:00:01 a sshd[1]: %FW/ cc"), "udp1")
	f.Add("<", "", "", "", []byte("<"), "")
	f.Fuzz(func(t *testing.T, prefix, contains, apps, inputs string, line []byte, input string) {
		cut := func(s string) []string {
			if s == "" {
				return nil
			}
			return strings.Split(s, ",")
		}
		d := newDispatcher([]Stage{
			parser("a", manifest.Recogniser{Prefix: cut(prefix), Contains: cut(contains)}, manifest.Recogniser{Contains: cut(contains), Input: cut(inputs)}),
			parser("b", manifest.Recogniser{AppName: cut(apps)}, manifest.Recogniser{AppName: cut(apps), Contains: cut(contains)}),
			parser("c", manifest.Recogniser{Prefix: cut(prefix), AppName: cut(apps)}, manifest.Recogniser{Prefix: cut(contains)}),
		}, nil)
		if got, want := d.choose(line, d.view(input)), oneByOne(d, line, input); got != want {
			t.Fatalf("chose %d, want %d", got, want)
		}
	})
}

func TestFallbacksComeLast(t *testing.T) {
	d := newDispatcher([]Stage{
		parser("cef", manifest.Recogniser{Prefix: []string{"CEF:"}, Fallback: true}, manifest.Recogniser{Contains: []string{"CEF:"}, Fallback: true}),
		parser("vendor", manifest.Recogniser{Contains: []string{"|Vendor|"}}),
		parser("anything", manifest.Recogniser{Input: []string{"*"}, Fallback: true}),
	}, nil)
	for line, want := range map[string]string{
		"CEF:0|Vendor|": "vendor", "CEF:0|Other|": "cef", "<1>host CEF:0|Other|": "cef", "<1>host CEF:0|Vendor|": "vendor", "hello": "anything",
	} {
		got := d.choose([]byte(line), d.view("tcp"))
		require.Equal(t, want, d.parsers[got].Manifest().ID, line)
	}
}

// catalogue is n parsers as vendors write them: most look for a text of their own, some at the start, some at the
// program's name.
func catalogue(n int) (parsers []Stage) {
	parsers = append(parsers,
		parser("dptech", manifest.Recogniser{Contains: []string{"%FW/"}}),
		parser("nginx", manifest.Recogniser{Contains: []string{`] "GET `, `] "POST `, `] "HEAD `, `] "PUT `, `] "DELETE `}}),
		parser("nsfocus", manifest.Recogniser{Prefix: []string{"time:"}}, manifest.Recogniser{Contains: []string{";danger_degree:", ";breaking_sighn:"}}),
		parser("files", manifest.Recogniser{Prefix: []string{`{"kind":"`}, Input: []string{"files"}}),
	)
	words := []string{"devname=", "logid=", "%ASA-", "CEF:0|", "LEEF:2.0|", " policy_id=", "src_zone=", "action=", "[UTM] ", "threat=", ",TRAFFIC,", " msg=\""}
	for i := len(parsers); i < n; i++ {
		id, w := fmt.Sprintf("vendor%03d", i), words[i%len(words)]
		r := manifest.Recogniser{Contains: []string{fmt.Sprintf("%svendor%d", w, i), fmt.Sprintf("%%%%%02dX%d/", i, i)}}
		switch i % 5 {
		case 0:
			r = manifest.Recogniser{Prefix: []string{fmt.Sprintf("v%d:", i)}}
		case 1:
			r = manifest.Recogniser{AppName: []string{fmt.Sprintf("daemon%d", i)}}
		}
		parsers = append(parsers, parser(id, r))
	}
	return parsers
}

func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkChoose has the demo's mixed traffic.
func BenchmarkChoose(b *testing.B) {
	g := loadgen.New(loadgen.Options{Seed: 1, Start: time.Date(2026, 10, 11, 0, 0, 0, 0, time.UTC), Rate: 100})
	arena := make([]byte, 0, 4<<20) // lines lie side by side, as in a batch
	var lines [][]byte
	for range 5000 {
		from := len(arena)
		arena = append(g.Next(arena), '\n')
		lines = append(lines, arena[from:len(arena)-1])
	}
	size := len(arena)
	for _, n := range []int{4, 40, 200} {
		d := newDispatcher(catalogue(n), nil)
		v := d.view("syslog")
		for name, choose := range map[string]func([]byte) int{
			"":           func(l []byte) int { return d.choose(l, v) },
			"one by one": func(l []byte) int { return oneByOne(d, l, "syslog") },
		} {
			b.Run(fmt.Sprintf("%d parsers %s", n, name), func(b *testing.B) {
				b.SetBytes(int64(size))
				b.ReportAllocs()
				before := cpuTime(b)
				for b.Loop() {
					for _, l := range lines {
						choose(l)
					}
				}
				b.ReportMetric(float64(cpuTime(b)-before)/1e6/(float64(b.N)*float64(size)/1e6), "ms-CPU/MB")
			})
		}
	}
}
