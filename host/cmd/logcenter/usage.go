package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// suggestAt is how many letters a mistyped command may be off.
const suggestAt = 2

// flagError is a flag that cannot be read.
type flagError struct{ err error }

func (e *flagError) Error() string { return e.err.Error() }
func (e *flagError) Unwrap() error { return e.err }

// argumentError says what is wrong with the arguments of a command, in the words of its usage; nil if they are right.
// args is the whole command line, for what leads to no command.
func argumentError(cmd *cobra.Command, args []string) error {
	given := cmd.Flags().Args()
	if !cmd.HasParent() {
		given = args
	}
	if cmd.HasAvailableSubCommands() {
		return unknownCommand(cmd, given)
	}
	if cmd.ValidateArgs(given) == nil {
		return nil
	}
	want, needed := usageWords(cmd.Use)
	usage := "\n  usage: " + cmd.UseLine()
	switch {
	case len(given) < needed:
		return fmt.Errorf("%s is missing%s", orList(strings.Split(strings.TrimSuffix(want[len(given)], "..."), "|")), usage)
	case len(given) > len(want):
		hint := ""
		if len(want) > 0 {
			hint = "; put what belongs together in quotes"
		}
		return fmt.Errorf("%q is one argument too many%s%s", given[len(want)], hint, usage)
	}
	return nil
}

// unknownCommand says that there is no such command below cmd, and which is meant perhaps; nil if none is named.
func unknownCommand(cmd *cobra.Command, given []string) error {
	i := slices.IndexFunc(given, func(s string) bool { return !strings.HasPrefix(s, "-") })
	if i < 0 {
		return nil
	}
	cmd.SuggestionsMinimumDistance = suggestAt
	meant := ""
	if list := cmd.SuggestionsFor(given[i]); len(list) > 0 {
		meant = "; did you mean " + orList(list) + "?"
	}
	return fmt.Errorf("%s has no command %q%s", cmd.CommandPath(), given[i], meant)
}

// orList is a, b or c.
func orList(list []string) string {
	if n := len(list) - 1; n > 0 {
		return strings.Join(list[:n], ", ") + " or " + list[n]
	}
	return strings.Join(list, "")
}

// usageWords are the arguments that a command's usage names, and how many of them must be given.
func usageWords(use string) (names []string, needed int) {
	optional := false
	words := strings.Fields(use)[1:]
	for i := 0; i < len(words); i++ {
		if strings.HasPrefix(words[i], "--") {
			i++ // its value
			continue
		}
		optional = optional || strings.HasPrefix(words[i], "[")
		names = append(names, strings.Trim(words[i], "[]"))
		if !optional {
			needed++
		}
	}
	return names, needed
}
