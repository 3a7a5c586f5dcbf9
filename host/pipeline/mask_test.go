package pipeline_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/pipeline"
	"github.com/logcenter/logcenter/host/plugin"
	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/manifest"
)

// An origin counts in the line as it is after earlier maskers.
func TestTwoMaskers(t *testing.T) {
	p := stage(t, &plugin.Manifest{ID: "p", Accepts: prefix(""), Writes: []ecs.Field{ecs.UserName, ecs.URLPath}}, parse(func(line []byte, ev *sdk.Event) error {
		at := bytes.Index(line, []byte("second"))
		ev.SetCopy(ecs.UserName, []byte("decoded second"), line[at:at+6])
		ev.SetCopy(ecs.URLPath, []byte("decoded tail"), line[at+7:])
		return nil
	}))
	plan := pipeline.Plan{Parsers: []pipeline.Stage{p}, Maskers: []pipeline.Stage{hider(t, "the-first-secret"), hider(t, "second")}}
	all, _ := finish(t, processor(plan, nil), records([]string{"the-first-secret second tail"}, nil))
	assert.Equal(t, "*** *** tail", all[0]["message"])
	assert.Equal(t, "decoded tail", all[0]["url.path"])
	assert.Equal(t, "******", all[0]["user.name"])
}

// hider masks a word wherever it stands.
func hider(t *testing.T, word string) pipeline.Stage {
	return stage(t, &plugin.Manifest{ID: "hider"}, mask(func(text []byte, e *sdk.Edits) error {
		if bytes.Contains(text, []byte("mask fails")) {
			return errors.New("cannot")
		}
		for at := 0; ; {
			i := bytes.Index(text[at:], []byte(word))
			if i < 0 {
				return nil
			}
			e.Replace(at+i, at+i+len(word), "***")
			at += i + len(word)
		}
	}))
}

const secret = "6222021001"

// leaky shows the secret in all ways a parser can.
func leaky(line []byte, ev *sdk.Event) error {
	i := bytes.Index(line, []byte(secret))
	if i < 0 {
		return nil
	}
	number := line[i : i+len(secret)]
	ev.Set(ecs.UserName, number)                                   // a span
	ev.Set(ecs.EventAction, line[i-1:i+len(secret)+1])             // a span around it
	ev.SetCopy(ecs.URLPath, []byte("dec"), line[i:i+3])            // decoded from a part of it
	ev.SetCopy(ecs.URLQuery, []byte("same"), line[:1])             // decoded from elsewhere
	ev.Set(ecs.SourceBytes, number)                                // a number
	ev.SetInt(ecs.SourcePort, 443)                                 // another
	ev.SetString(ecs.LogLevel, string(number))                     // a dictionary
	ev.Set(ecs.RelatedUser, number)                                // a list
	ev.Set(ecs.RelatedUser, append([]byte("copy of "), number...)) // and a copy in it
	ev.Set(ecs.URLDomain, append([]byte("x"), number...))          // a copy from nowhere
	return fmt.Errorf("parsing %q: invalid syntax", string(number))
}

var leaks = []ecs.Field{
	ecs.UserName, ecs.EventAction, ecs.URLPath, ecs.URLQuery, ecs.SourceBytes, ecs.SourcePort, ecs.LogLevel, ecs.RelatedUser, ecs.URLDomain,
}

func TestSecretsVanishEverywhere(t *testing.T) {
	p := stage(t, &plugin.Manifest{ID: "p", Accepts: prefix(""), Writes: leaks}, parse(leaky))
	for _, front := range []string{"", strings.Repeat("w", 70000)} { // narrow and wide spans
		r := processor(pipeline.Plan{Parsers: []pipeline.Stage{p}, Maskers: []pipeline.Stage{hider(t, secret)}}, nil)
		all, f := finish(t, r, records([]string{front + " [" + secret + "] tail", "clean line", front + " [" + secret + "]"}, nil))
		e := all[0]
		assert.Equal(t, front+" [***] tail", e["message"])
		assert.Equal(t, "***", e["user.name"])
		assert.Equal(t, "[***]", e["event.action"])
		assert.Equal(t, "******", e["url.path"])
		assert.Equal(t, "same", e["url.query"])
		assert.Equal(t, "443", e["source.port"])
		assert.Equal(t, "x***", e["url.domain"])
		assert.Equal(t, `parsing "******": invalid syntax`, e["error.message"])
		for _, e := range all {
			for field, v := range e {
				assert.NotContains(t, v, secret, field)
			}
		}
		for _, c := range f.Batch.Columns {
			assert.NotContains(t, string(c.Data), secret, "nor in bytes that no value shows: %s", ecs.Field(c.Field).Name())
		}
		assert.EqualValues(t, 2, r.Masked.Load())
	}
}

func TestWithheldWhereMaskingFails(t *testing.T) {
	p := stage(t, &plugin.Manifest{ID: "p", Accepts: prefix(""), Writes: leaks}, parse(leaky))
	k := &kept{}
	r := processor(pipeline.Plan{Parsers: []pipeline.Stage{p}, Maskers: []pipeline.Stage{hider(t, secret)}}, k)
	line := "mask fails [" + secret + "] tail"
	all, f := finish(t, r, records([]string{"before", line, "after"}, nil))
	assert.Equal(t, "[withheld]", all[1]["message"])
	for field, v := range all[1] {
		assert.NotContains(t, v, secret, field)
		assert.NotContains(t, v, "tail", field)
	}
	for _, c := range f.Batch.Columns {
		assert.NotContains(t, string(c.Data), secret, ecs.Field(c.Field).Name())
	}
	assert.Equal(t, "before", all[0]["message"])
	assert.Equal(t, "after", all[2]["message"])
	require.Len(t, k.said, 1)
	for _, said := range k.said {
		assert.Equal(t, "hider 1 beta: withheld: "+line+" by \n", said)
	}
}

// piece is an edit or a span, chosen by the line itself, so that parser, masker and test agree.
type piece struct{ from, to int }

func pieces(line string, seed uint64, n int) (ps []piece) {
	r := rand.New(rand.NewPCG(seed, uint64(len(line))))
	starts := []int{}
	for i := range line {
		starts = append(starts, i)
	}
	starts = append(starts, len(line))
	for range n {
		p := piece{starts[r.IntN(len(starts))], starts[r.IntN(len(starts))]}
		if p.from > p.to {
			p.from, p.to = p.to, p.from
		}
		ps = append(ps, p)
	}
	return ps
}

// masks are the edits of a line, in order and apart.
func masks(line string) (out []piece) {
	ps := pieces(line, uint64(line[0]), int(line[0])%4)
	slices.SortFunc(ps, func(a, b piece) int { return a.from - b.from })
	for _, p := range ps {
		if p.from == p.to || len(out) > 0 && p.from < out[len(out)-1].to {
			continue
		}
		out = append(out, p)
	}
	return out
}

const cover = "<盖>"

// shown is what a span shows after the edits, told naively: its bytes that stay, and the cover of each edit it
// touches.
func shown(line string, span piece) string {
	var b strings.Builder
	es := masks(line)
	for i := 0; i <= len(line); i++ {
		for _, e := range es {
			if e.from == i && e.from < span.to && span.from < e.to {
				b.WriteString(cover)
			}
		}
		hidden := slices.ContainsFunc(es, func(e piece) bool { return e.from <= i && i < e.to })
		if i >= span.from && i < span.to && !hidden {
			b.WriteByte(line[i])
		}
	}
	return b.String()
}

func TestSpansShowTheSameAfterEdits(t *testing.T) {
	fields := []ecs.Field{ecs.EventAction, ecs.UserName, ecs.URLPath, ecs.URLQuery}
	p := stage(t, &plugin.Manifest{ID: "p", Accepts: prefix(""), Writes: fields}, parse(func(line []byte, ev *sdk.Event) error {
		for i, s := range pieces(string(line), 99, len(fields)) {
			ev.Set(fields[i], line[s.from:s.to])
		}
		return nil
	}))
	m := stage(t, &plugin.Manifest{ID: "m"}, mask(func(text []byte, e *sdk.Edits) error {
		for _, s := range masks(string(text)) {
			e.Replace(s.from, s.to, cover)
		}
		return nil
	}))
	r := processor(pipeline.Plan{Parsers: []pipeline.Stage{p}, Maskers: []pipeline.Stage{m}}, nil)
	rnd := rand.New(rand.NewPCG(3, 4))
	for range 150 {
		lines := make([]string, 1+rnd.IntN(30))
		for i := range lines {
			var b strings.Builder
			for range 1 + rnd.IntN(12) {
				b.WriteString([]string{"a", "bc", "登", "é", " ", "0123456"}[rnd.IntN(6)])
			}
			lines[i] = b.String()
			if rnd.IntN(50) == 0 {
				lines[i] += strings.Repeat("long", 17000)
			}
		}
		all, _ := finish(t, r, records(lines, nil))
		for i, line := range lines {
			require.Equal(t, shown(line, piece{0, len(line)}), all[i]["message"])
			for k, s := range pieces(line, 99, len(fields)) {
				want := shown(line, s)
				if len(want) > maxKeyword {
					want = strings.ToValidUTF8(want[:maxKeyword], "")
				}
				if s.from == s.to { // sets nothing
					want = ""
				}
				require.Equal(t, want, all[i][fields[k].Name()], "%v of %.60q", s, line)
			}
		}
	}
}

// A word of a dictionary goes with its last value, also where other words stay, and where an enricher replaced it.
func TestSecretsVanishFromDictionaries(t *testing.T) {
	fields := []ecs.Field{ecs.UserName, ecs.LogLevel}
	p := stage(t, &plugin.Manifest{ID: "p", Accepts: prefix(""), Writes: fields}, parse(func(line []byte, ev *sdk.Event) error {
		ev.SetString(ecs.UserName, string(line))
		ev.SetString(ecs.LogLevel, string(line))
		return nil
	}))
	e := stage(t, &plugin.Manifest{ID: "e", Reads: fields, Writes: fields}, enrich(func(_ context.Context, ev *sdk.Event) error {
		if string(ev.Text(ecs.UserName)) == secret {
			ev.SetString(ecs.UserName, "somebody")
		}
		return nil
	}))
	r := processor(pipeline.Plan{Parsers: []pipeline.Stage{p}, Enrichers: []pipeline.Stage{e}, Maskers: []pipeline.Stage{hider(t, secret)}}, nil)
	all, f := finish(t, r, records([]string{"alice", secret, "bob", "alice"}, nil))
	assert.Equal(t, "somebody", all[1]["user.name"])
	assert.Empty(t, all[1]["log.level"])
	assert.Equal(t, "bob", all[2]["log.level"])
	for _, c := range f.Batch.Columns {
		assert.NotContains(t, string(c.Data), secret, ecs.Field(c.Field).Name())
	}
}

// What is a constant of one parser is taken from the line by another.
func TestSecretsVanishFromWhatAnotherParserFixes(t *testing.T) {
	fixes := stage(t, &plugin.Manifest{ID: "fixes", Accepts: prefix("a"), Constants: []manifest.Constant{{Field: ecs.EventAction, Values: []string{"fixed"}}}},
		parse(func([]byte, *sdk.Event) error { return nil }))
	reads := stage(t, &plugin.Manifest{ID: "reads", Accepts: prefix("b"), Writes: []ecs.Field{ecs.EventAction}}, parse(func(line []byte, ev *sdk.Event) error {
		ev.Set(ecs.EventAction, line[2:2+len(secret)])
		return nil
	}))
	r := processor(pipeline.Plan{Parsers: []pipeline.Stage{fixes, reads}, Maskers: []pipeline.Stage{stage(t, &plugin.Manifest{ID: "whole"}, mask(func(text []byte, e *sdk.Edits) error {
		if bytes.HasPrefix(text, []byte("b=")) { // only in its context
			e.Replace(2, 2+len(secret), "***")
		}
		return nil
	}))}}, nil)
	all, f := finish(t, r, records([]string{"a line", "b=" + secret + " x"}, nil))
	assert.Equal(t, "fixed", all[0]["event.action"])
	assert.Equal(t, "******", all[1]["event.action"])
	for _, c := range f.Batch.Columns {
		assert.NotContains(t, string(c.Data), secret, ecs.Field(c.Field).Name())
	}
}
