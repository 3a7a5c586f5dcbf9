package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/plugintest"
	"github.com/logcenter/logcenter/sdk/sample"
	"github.com/logcenter/logcenter/sdk/wire"
)

// span is a part of a line, in bytes.
type span struct{ start, end int }

// label is a part of a line that a rule has to hide.
type label struct {
	span
	rule string
}

// labelled is a line and all in it that is confidential.
type labelled struct {
	line   string
	labels []label
}

// marked is how the sets in testdata/labelled mark what has to go: ⟦rule:text⟧. Everything else has to stay.
var marked = regexp.MustCompile(`⟦([a-z-]+):(.*?)⟧`)

func readLabelled(t *testing.T, names ...string) (out []labelled) {
	t.Helper()
	for _, name := range names {
		text, err := os.ReadFile(filepath.Join("testdata", "labelled", name))
		require.NoError(t, err)
		for l := range strings.Lines(string(text)) {
			var one labelled
			l = strings.TrimSuffix(l, "\n")
			at := 0
			for _, m := range marked.FindAllStringSubmatchIndex(l, -1) {
				one.line += l[at:m[0]]
				start := len(one.line)
				one.line += l[m[4]:m[5]]
				one.labels = append(one.labels, label{span{start, len(one.line)}, l[m[2]:m[3]]})
				at = m[1]
			}
			one.line += l[at:]
			require.NotContains(t, one.line, "⟦")
			out = append(out, one)
		}
	}
	return out
}

// edits are what the plugin hides of each line.
func edits(t *testing.T, config string, lines []labelled) [][]span {
	t.Helper()
	s := sdk.MaskerStage(New)
	plugintest.Open(t, s, []byte(config))
	in := make([][]byte, len(lines))
	for i, l := range lines {
		in[i] = []byte(l.line)
	}
	out := make([][]span, len(lines))
	b := sample.Lines(in)
	err := s.Process(context.Background(), b, func(r *wire.Result) error {
		require.NoError(t, r.Validate(b, b.Columns[0].Field))
		require.Empty(t, r.Errors)
		for _, e := range r.Edits {
			for i := range e.Len() {
				row, start, end, _ := e.EditAt(i)
				out[row] = append(out[row], span{start, end})
			}
		}
		return nil
	})
	require.NoError(t, err)
	return out
}

// tally is what a rule did on a set.
type tally struct {
	labels, hidden int // to be hidden, and hidden to the last byte
	edits, right   int // what it hid, and what of that is within labels
}

func (c tally) recall() float64    { return share(c.hidden, c.labels) }
func (c tally) precision() float64 { return share(c.right, c.edits) }

func share(n, of int) float64 {
	if of == 0 {
		return 1
	}
	return float64(n) / float64(of)
}

// within says whether a range is in one of several that do not overlap and may touch.
func within(s span, in []span) bool {
	at := s.start
	for _, x := range in {
		if x.start <= at && at < x.end {
			at = x.end
		}
	}
	return at >= s.end
}

func (l *labelled) spans() (out []span) {
	for _, x := range l.labels {
		out = append(out, x.span)
	}
	return out
}

// TestPrecisionAndRecall: of what is labelled at least 99 of 100 are hidden whole, and of what is hidden at least 99
// of 100 are within labels; so for each rule and for all. Recall is that of the rules together, as they run; precision
// is that of each rule with all others off.
func TestPrecisionAndRecall(t *testing.T) {
	const bar = 0.99
	for _, set := range []struct {
		name, config string
		files        []string
	}{
		{"formats of the shipped parsers", "", []string{"formats.txt"}},
		{"written apart from the rules", "", []string{"written.txt"}},
		{"everything on", strings.TrimSuffix(everything, "}") + `, "rules": {"long-number": "off"}}`, []string{"asked.txt"}},
	} {
		t.Run(set.name, func(t *testing.T) {
			lines := readLabelled(t, set.files...)
			tallies := map[string]*tally{}
			for _, r := range catalogue {
				tallies[r.id] = &tally{}
			}
			var all tally
			got := edits(t, set.config, lines)
			for i, l := range lines {
				for _, x := range l.labels {
					c := tallies[x.rule]
					require.NotNil(t, c, "no rule %s: %s", x.rule, l.line)
					c.labels++
					all.labels++
					if within(x.span, got[i]) {
						c.hidden++
						all.hidden++
					} else {
						t.Logf("missed %s %q: %s", x.rule, l.line[x.start:x.end], l.line)
					}
				}
				for _, e := range got[i] {
					all.edits++
					if within(e, l.spans()) {
						all.right++
					} else {
						t.Logf("hidden %q: %s", l.line[e.start:e.end], l.line)
					}
				}
			}
			for _, r := range catalogue {
				c := tallies[r.id]
				if c.labels == 0 && !(r.on && set.config == "") {
					continue
				}
				for i, one := range edits(t, fmt.Sprintf(`{"categories": {"secrets": "off", "customer": "off"}, "rules": {%q: "on"}}`, r.id), lines) {
					for _, e := range one {
						c.edits++
						if within(e, lines[i].spans()) {
							c.right++
						}
					}
				}
			}
			t.Logf("%-14s %6s %6s %9s %7s", "rule", "labels", "hidden", "precision", "recall")
			for _, r := range catalogue {
				if c := tallies[r.id]; c.labels > 0 || c.edits > 0 {
					t.Logf("%-14s %6d %6d %9.4f %7.4f", r.id, c.labels, c.edits, c.precision(), c.recall())
					if c.precision() < bar || c.recall() < bar {
						t.Errorf("%s: precision %.4f, recall %.4f, wanted %v", r.id, c.precision(), c.recall(), bar)
					}
				}
			}
			t.Logf("%-14s %6d %6d %9.4f %7.4f (%d lines)", "all", all.labels, all.edits, all.precision(), all.recall(), len(lines))
			if all.precision() < bar || all.recall() < bar {
				t.Errorf("all: precision %.4f, recall %.4f, wanted %v", all.precision(), all.recall(), bar)
			}
		})
	}
}

// TestCatalogueIsInREADME: what an admin reads of the rules is what they are.
func TestCatalogueIsInREADME(t *testing.T) {
	var want strings.Builder
	want.WriteString("| category | rule | on | what | becomes |\n| --- | --- | --- | --- | --- |\n")
	for _, r := range catalogue {
		on := ""
		if r.on {
			on = "yes"
		}
		becomes := r.becomes
		if becomes == stars {
			becomes = "`" + stars + "`"
		}
		fmt.Fprintf(&want, "| %s | `%s` | %s | %s | %s |\n", r.category, r.id, on, r.what, becomes)
	}
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	require.True(t, slices.Contains(categories, catalogue[0].category))
	require.Contains(t, string(readme), want.String(), "README.md needs this table:\n%s", want.String())
}
