package complete

import "unicode/utf16"

// Units is a byte's offset in a text in UTF-16 code units, as browsers count; one behind the end is the end.
func Units(text string, at int) int {
	n := 0
	for i, r := range text {
		if i >= at {
			return n
		}
		n += max(1, utf16.RuneLen(r))
	}
	return n
}

// Offset is the byte of an offset in UTF-16 code units: the beginning of a character, and the end for one behind it.
func Offset(text string, at int) int {
	n := 0
	for i, r := range text {
		if n >= at {
			return i
		}
		n += max(1, utf16.RuneLen(r))
	}
	return len(text)
}
