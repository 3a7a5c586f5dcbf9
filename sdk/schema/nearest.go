package schema

// Nearest returns the name that was probably meant by word, or "" if none is near: at most a third of the
// characters differ, a swap of neighbours counting as one. Case does not count.
func Nearest(word string, names []string) string {
	best, least := "", max(1, len([]rune(word))/3)+1
	if len(word) > 100 {
		return ""
	}
	for _, name := range names {
		if d := distance(fold(word), fold(name)); d < least {
			best, least = name, d
		}
	}
	return best
}

func fold(s string) []rune {
	folded := make([]rune, 0, len(s))
	for _, r := range s {
		switch {
		case 'A' <= r && r <= 'Z':
			r += 'a' - 'A'
		case r == '-':
			r = '_'
		}
		folded = append(folded, r)
	}
	return folded
}

// distance is the restricted Damerau-Levenshtein distance: insertions, deletions, substitutions and swaps
// of neighbours.
func distance(a, b []rune) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i, ca := range a {
		row[0] = i + 1
		for j, cb := range b {
			same := 1
			if ca == cb {
				same = 0
			}
			row[j+1] = min(last[j]+same, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && ca == b[j-1] && a[i-1] == cb {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
