package main

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// output is the flag -o of commands that print results.
type output struct {
	format string
	wide   bool
}

// flags adds -o; json says what JSON output is, for the help.
func (o *output) flags(f *pflag.FlagSet, json string) {
	f.StringVarP(&o.format, "output", "o", "table", "`form` of the output: table, json ("+json+") or csv")
	f.BoolVar(&o.wide, "wide", false, "do not cut the lines of tables to the terminal's width")
}

func (o *output) check() error {
	switch o.format {
	case "table", "json", "csv":
		return nil
	default:
		return usagef("--output %s is not possible: use table, json or csv", o.format)
	}
}

func completeOutput(cmd *cobra.Command) {
	complete(cmd, "output", "table", "json", "csv")
}

// complete tells the shell what a flag can be.
func complete(cmd *cobra.Command, flag string, values ...string) {
	err := cmd.RegisterFlagCompletionFunc(flag, func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return values, cobra.ShellCompDirectiveNoFileComp
	})
	if err != nil {
		panic(err) // the flag does not exist
	}
}

// print writes t, or v as indented JSON.
func (o *output) print(w io.Writer, t *table, v any) error {
	switch o.format {
	case "json":
		return printJSON(w, v)
	case "csv":
		return t.csv(w)
	default:
		return t.print(w, o.limit(w))
	}
}

// limit is how long lines of tables are: as the terminal, unless that is not wanted or there is none.
func (o *output) limit(w io.Writer) int {
	if o.wide {
		return 0
	}
	return terminalColumns(w)
}

func printJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// grouped writes n with commas between thousands.
func grouped(n int64) string {
	s := fmt.Sprint(n)
	start := 0
	if n < 0 {
		start = 1
	}
	for i := len(s) - 3; i > start; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// counted is a number with its noun.
func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return grouped(int64(n)) + " " + noun + "s"
}
