package schema

import (
	"strings"
	"unicode"
)

// Poor says why the description of a field or key tells a reader nothing: it is missing, or only repeats the name.
// Empty means that it says something.
func Poor(name, description string) string {
	words := func(s string) []string {
		return strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	}
	said := " " + strings.Join(words(name), " ") + " the a an of is in to field value "
	for _, w := range words(description) {
		if !strings.Contains(said, " "+w+" ") && !strings.Contains(said, " "+strings.TrimSuffix(w, "s")+" ") {
			return ""
		}
	}
	if description == "" {
		return "is missing"
	}
	return "only repeats the name"
}
