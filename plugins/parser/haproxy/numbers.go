package main

// numbers are those that HAProxy puts slashes between, such as 12/0/9/262/283.
type numbers struct {
	at  [5]int64
	n   int  // how many there are; more than five are six
	bad bool // one of them is no number
}

// none is what HAProxy writes where a session did not get that far.
const none = -1

// read reads the numbers in front of the next blank, and returns what is behind it.
func (s *numbers) read(b []byte) (rest []byte) {
	for i := 0; ; i++ {
		v, end := next(b, i)
		if s.n < len(s.at) {
			s.at[s.n] = v
			s.n++
		} else {
			s.n = len(s.at) + 1
		}
		s.bad = s.bad || v < none
		if i = end; i >= len(b) {
			return nil
		}
		if b[i] == ' ' {
			return b[i+1:]
		}
	}
}

// amount reads the number in front of the next blank, and returns what is behind it. It is below none if there is no
// number.
func amount(b []byte) (n int64, rest []byte) {
	n, end := next(b, 0)
	switch {
	case end >= len(b):
		return n, nil
	case b[end] == ' ':
		return n, b[end+1:]
	}
	return noNumber, nil
}

const noNumber = none - 1

// mostDigits is how many a number has at most.
const mostDigits = 12

// next reads the number at i, behind a + too, and returns where it ends: before a slash, a blank or the end.
func next(b []byte, i int) (n int64, end int) {
	start, minus := i, false
	if i < len(b) && (b[i] == '+' || b[i] == '-') {
		minus = b[i] == '-'
		i++
	}
	first := i
	for i < len(b) && b[i]-'0' <= 9 {
		n = n*10 + int64(b[i]-'0')
		i++
	}
	good := i > first && i-first <= mostDigits && (i == len(b) || b[i] == '/' || b[i] == ' ')
	if minus {
		good = good && n == 1 && i-start == 2
		n = -n
	}
	if !good {
		n = noNumber
		for i < len(b) && b[i] != '/' && b[i] != ' ' {
			i++
		}
	}
	return n, i
}
