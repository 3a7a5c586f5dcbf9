package scaffold

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/logcenter/logcenter/host/infer"
)

// Summary says what was found in the samples and what was written, for the author.
func (f *Folder) Summary() string {
	var b strings.Builder
	if s := f.Spec; s != nil {
		shape := newParserView(s).Shape
		fmt.Fprintf(&b, "%d lines: %s\n", s.Lines, strings.ToLower(shape[:1])+shape[1:])
		mapped := len(s.Writes) - len(s.Own)
		fmt.Fprintf(&b, "%d fields of ECS, %d of the plugin's own", mapped, len(s.Own))
		if s.Time.Found {
			fmt.Fprintf(&b, ", @timestamp from %s", s.Time.From)
		} else {
			b.WriteString(", no time: events get that of their receipt")
		}
		b.WriteString("\n")
		if s.Unparsed > 0 {
			fmt.Fprintf(&b, "%d lines are of another shape: they are in the samples, and their golden lines show what becomes of them\n", s.Unparsed)
		}
		switch {
		case slices.ContainsFunc(s.Accepts, func(a infer.Accept) bool { return a.Input != nil }):
			fmt.Fprintf(&b, "nothing in the lines tells all of them from other devices': give them an input that is called %s, or change accepts in plugin.yaml\n", s.ID)
		case s.Loose:
			b.WriteString("other devices may write what accepts in plugin.yaml looks for: if their lines come by the same inputs, narrow it, e.g. by input: [NAME]\n")
		}
		if t := newParserView(s).Severity(); t != nil && t.Guess != "" {
			b.WriteString("what numbers mean under severity in plugin.yaml is a guess: look it up in the device's manual\n")
		}
		if u := newParserView(s).Unknown(); len(u) > 0 {
			names := make([]string, len(u))
			for i, t := range u {
				names[i], _, _ = strings.Cut(strings.TrimPrefix(t, "TODO "), ":")
			}
			fmt.Fprintf(&b, "not in the lines, say it in plugin.yaml: %s\n", strings.Join(names, ", "))
		}
	}
	fmt.Fprintf(&b, "written to %s: %s\n", f.Path, strings.Join(f.Files(), ", "))
	return b.String()
}

// Next says what an author does next, as commands to run in the folder that the plugin's was made in.
func (f *Folder) Next(dir string) string {
	name := filepath.Join(dir, filepath.Base(f.Path))
	golden := ""
	for _, n := range f.Files() {
		if sample, ok := strings.CutSuffix(n, ".log"); ok && sample != "testdata/bad" {
			golden = sample + ".golden.jsonl"
		}
		if sample, ok := strings.CutSuffix(n, ".events.jsonl"); ok {
			golden = sample + ".golden.jsonl"
		}
	}
	lines := []string{"cd " + name}
	if golden != "" {
		lines = append(lines, "less "+golden+strings.Repeat(" ", max(1, 36-len(golden)))+"# what became of line N is line N: read it")
	}
	if f.Lang == "go" {
		lines = append(lines, "go test ./...")
	}
	lines = append(lines, "logcenter plugin test .")
	if f.Lang == "go" {
		lines = append(lines, "go build && logcenter run --plugins . --data ../data")
	} else {
		lines = append(lines, "logcenter run --plugins . --data ../data")
	}
	return "next:\n  " + strings.Join(lines, "\n  ") + "\n"
}
