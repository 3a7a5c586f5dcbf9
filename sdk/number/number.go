// Package number reads whole numbers that lines have in digits.
//
// Its one idea: a parser that reckons with a number says how many digits it may have, so that nothing overflows and no
// second check is needed. Numbers that are only to be kept are set from their text, see [sdk.Event.Set].
package number

// MaxDigits is how many digits every whole number of 64 bits can have.
const MaxDigits = 18

// Uint reads a whole number of up to most digits, which is at most [MaxDigits]. Zeros may stand in front. ok is false for
// anything else, a sign included.
func Uint(b []byte, most int) (n int64, ok bool) {
	if len(b) == 0 || len(b) > most {
		return 0, false
	}
	for _, c := range b {
		if c-'0' > 9 {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, true
}

// IsDigits reports whether b is digits alone, one at least.
func IsDigits(b []byte) bool {
	for _, c := range b {
		if c-'0' > 9 {
			return false
		}
	}
	return len(b) > 0
}
