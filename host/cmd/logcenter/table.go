package main

import (
	"bufio"
	"encoding/csv"
	"io"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// table is what a command prints: columns and rows of text, the same as a table for people and as CSV.
type table struct {
	columns  []column
	rows     [][]string
	headless bool // of one thing: names are in the first column
}

type column struct {
	name  string
	right bool // aligned, as numbers are
}

func newTable(names ...string) *table {
	t := &table{}
	for _, name := range names {
		t.columns = append(t.columns, column{name: name})
	}
	return t
}

// numbers aligns columns on the right.
func (t *table) numbers(names ...string) *table {
	for i := range t.columns {
		for _, name := range names {
			t.columns[i].right = t.columns[i].right || t.columns[i].name == name
		}
	}
	return t
}

func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

// gap is what lies between two columns.
const gap = "  "

// print writes the table, its lines cut to limit columns; 0 cuts nothing.
func (t *table) print(w io.Writer, limit int) error {
	widths := make([]int, len(t.columns))
	for i, c := range t.columns {
		widths[i] = columnsOf(c.name)
	}
	for _, row := range t.rows {
		for i, cell := range row {
			row[i] = printable(cell)
			widths[i] = max(widths[i], columnsOf(row[i]))
		}
	}
	out := bufio.NewWriter(w)
	rows := t.rows
	if !t.headless {
		head := make([]string, len(t.columns))
		for i, c := range t.columns {
			head[i] = c.name
		}
		rows = append([][]string{head}, t.rows...)
	}
	for _, row := range rows {
		line := t.line(row, widths)
		if limit > 0 {
			line = cut(line, limit)
		}
		_, _ = out.WriteString(line + "\n") // Flush returns the error
	}
	return out.Flush()
}

func (t *table) line(row []string, widths []int) string {
	var b strings.Builder
	for i, cell := range row {
		if i > 0 {
			b.WriteString(gap)
		}
		pad := strings.Repeat(" ", widths[i]-columnsOf(cell))
		if t.columns[i].right {
			b.WriteString(pad + cell)
		} else {
			b.WriteString(cell + pad)
		}
	}
	return strings.TrimRight(b.String(), " ")
}

// csv writes the table as [csvWriter] does.
func (t *table) csv(w io.Writer) error {
	out := newCSVWriter(w)
	head := make([]string, len(t.columns))
	for i, c := range t.columns {
		head[i] = c.name
	}
	out.write(head)
	for _, row := range t.rows {
		out.write(row)
	}
	return out.flush()
}

// csvWriter writes rows as RFC 4180 does, with \n as line end. What goes to a terminal is made printable;
// elsewhere every character stays.
type csvWriter struct {
	w        *csv.Writer
	terminal bool
}

func newCSVWriter(w io.Writer) *csvWriter {
	return &csvWriter{w: csv.NewWriter(w), terminal: terminalColumns(w) > 0}
}

func (c *csvWriter) write(row []string) {
	if c.terminal {
		for i := range row {
			row[i] = printable(row[i])
		}
	}
	_ = c.w.Write(row) // flush returns its error
}

func (c *csvWriter) flush() error {
	c.w.Flush()
	return c.w.Error()
}

// terminalColumns is the width of the terminal that w is; 0 if it is none.
func terminalColumns(w io.Writer) int {
	f, ok := w.(*os.File)
	if !ok {
		return 0
	}
	size, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ)
	if err != nil {
		return 0
	}
	return int(size.Col)
}
