// Command table prints what the executors of package storetest made of its suite, side by side, from the reports that
// their tests have left:
//
//	go run ./host/store/storetest/table embedded elasticsearch matcher
//
// Executors that are named must be there; those that are not but have left a report are shown, too. It fails if a case
// failed, and, if CI=true, if an executor is missing or was skipped.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/logcenter/logcenter/host/store/storetest"
)

func main() {
	ok, err := run(os.Stdout, os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "storetest:", err)
		os.Exit(1)
	}
	if !ok {
		os.Exit(1)
	}
}

// column is one executor, or one of its modes.
type column struct {
	executor, mode string
}

type table struct {
	reports map[string]*storetest.Report
	columns []column
	rows    []string
}

func run(w io.Writer, wanted []string) (ok bool, err error) {
	dir, err := storetest.Directory()
	if err != nil {
		return false, err
	}
	sum, err := storetest.Sum()
	if err != nil {
		return false, err
	}
	names := slices.Clone(wanted)
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	for _, e := range entries {
		if !slices.Contains(names, e.Name()) {
			names = append(names, e.Name())
		}
	}
	t := &table{reports: map[string]*storetest.Report{}}
	var missing []string
	for _, name := range names {
		r, why, err := read(filepath.Join(dir, name, "report.json"), sum)
		if err != nil {
			return false, err
		}
		if why != "" {
			missing = append(missing, name+": "+why)
			continue
		}
		t.add(name, r)
	}
	var out strings.Builder
	t.print(&out)
	ok = t.summary(&out)
	for _, m := range missing {
		out.WriteString("*** MISSING, " + m + " ***\n")
	}
	if _, err := io.WriteString(w, out.String()); err != nil {
		return false, err
	}
	return ok && (len(missing) == 0 || os.Getenv("CI") != "true"), nil
}

// read reads a report; why says what is wrong with it.
func read(path, sum string) (r *storetest.Report, why string, err error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, "it has not run", nil
	}
	if err != nil {
		return nil, "", err
	}
	r = &storetest.Report{}
	if err := json.Unmarshal(b, r); err != nil {
		return nil, "", fmt.Errorf("%s: %w", path, err)
	}
	switch {
	case r.Scripts == "":
		return nil, "its last run did not run the whole suite, or did not end", nil
	case r.Scripts != sum:
		return nil, "its last run was of other scripts", nil
	case !slices.ContainsFunc(r.Groups, func(g *storetest.Group) bool { return !g.Skipped }):
		return nil, "it was skipped", nil
	}
	return r, "", nil
}

// shownByMode is the executor whose modes have columns of their own.
const shownByMode = "embedded"

func (t *table) add(name string, r *storetest.Report) {
	t.reports[name] = r
	c := column{executor: name}
	if name != shownByMode {
		t.columns = append(t.columns, c)
	}
	for _, g := range r.Groups {
		if !slices.Contains(t.rows, g.Name) {
			t.rows = append(t.rows, g.Name)
		}
		if c.mode = g.Mode; name == shownByMode && g.Mode != "" && !slices.Contains(t.columns, c) {
			t.columns = append(t.columns, c)
		}
	}
}

// cell adds up the groups of a row in a column. A case that is asked in several modes counts once in each.
func (t *table) cell(row string, c column) string {
	var sum storetest.Group
	found := false
	for _, g := range t.reports[c.executor].Groups {
		if g.Name == row && (c.mode == "" || g.Mode == "" || g.Mode == c.mode) {
			found = true
			sum.Passed, sum.Failed, sum.NotApplicable = sum.Passed+g.Passed, sum.Failed+g.Failed, sum.NotApplicable+g.NotApplicable
			sum.Skipped = sum.Skipped || g.Skipped
		}
	}
	if !found {
		return "n/a"
	}
	s := fmt.Sprint(sum.Passed)
	if sum.Failed > 0 {
		s += fmt.Sprintf(", %d FAILED", sum.Failed)
	}
	if sum.NotApplicable > 0 {
		s += fmt.Sprintf(", %d n/a", sum.NotApplicable)
	}
	if sum.Skipped {
		s += " SKIPPED"
	}
	return s
}

// cases is how many the first executor that has the row was asked in one mode.
func (t *table) cases(row string) int {
	for _, c := range t.columns {
		for _, g := range t.reports[c.executor].Groups {
			if g.Name == row {
				return g.Passed + g.Failed + g.NotApplicable
			}
		}
	}
	return 0
}

// print writes the rows in columns.
func (t *table) print(w *strings.Builder) {
	lines := [][]string{{"suite of stores", "cases"}}
	for _, c := range t.columns {
		lines[0] = append(lines[0], strings.TrimSpace(c.executor+" "+c.mode))
	}
	for _, row := range t.rows {
		line := []string{row, strconv.Itoa(t.cases(row))}
		for _, c := range t.columns {
			line = append(line, t.cell(row, c))
		}
		lines = append(lines, line)
	}
	for _, line := range lines {
		text := ""
		for k, cell := range line {
			width := 0
			for _, l := range lines {
				width = max(width, len(l[k]))
			}
			text += cell + strings.Repeat(" ", width-len(cell)+2)
		}
		w.WriteString(strings.TrimRight(text, " ") + "\n")
	}
}

// summary prints the sums and says whether nothing failed.
func (t *table) summary(w *strings.Builder) bool {
	ok := true
	names := make([]string, 0, len(t.reports))
	for name := range t.reports {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		passed, failed := 0, 0
		for _, g := range t.reports[name].Groups {
			passed, failed = passed+g.Passed, failed+g.Failed
		}
		ok = ok && failed == 0
		w.WriteString(fmt.Sprintf("%s: %d passed, %d failed\n", name, passed, failed))
	}
	return ok
}
