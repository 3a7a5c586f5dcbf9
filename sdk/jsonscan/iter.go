package jsonscan

import "github.com/logcenter/logcenter/sdk/internal/swar"

// Iter is a cursor over the values of one line, see [Scan]. It is for one goroutine.
type Iter struct {
	line     []byte
	pos      int
	depth    int // of the innermost open bracket; 0 in front of the first and behind the last
	maxDepth int

	k0, k1  int // the current key, in quotes, if the path is in the line
	v0, v1  int
	pathLen int

	errPos, errKind int

	kind    Kind
	inLine  bool // the path is line[k0:k1]
	escaped bool

	levels [MaxDepth]level
	path   [MaxPath]byte
}

// level is an open bracket.
type level struct {
	prefix  uint16 // length of the path in front of its keys, with the dot; of an array's elements, whole
	array   bool
	further bool  // something was read in it, so that a comma comes next
	index   int32 // of the current element of the innermost array; -1 in front of the first, and if there is none
}

func (it *Iter) init(line []byte, depth int) {
	if depth <= 0 || depth > MaxDepth {
		depth = MaxDepth
	}
	it.line, it.maxDepth = line, depth
	i := blanks(line, 0)
	switch {
	case i < len(line) && line[i] == '{':
		it.open(0, false)
	case i < len(line) && line[i] == '[':
		it.open(0, true)
	default:
		it.stop(faultNoObject, i)
		return
	}
	it.pos = i + 1
}

// open begins a level whose keys have a prefix, or whose elements have that path.
func (it *Iter) open(prefix int, array bool) {
	index := int32(-1)
	if !array && it.depth > 0 {
		index = it.levels[it.depth-1].index
	}
	it.levels[it.depth] = level{prefix: uint16(prefix), array: array, index: index}
	it.depth++
}

// blanks returns where the blanks at i end (RFC 8259, section 2).
func blanks(line []byte, i int) int {
	for i < len(line) && (line[i] == ' ' || line[i] == '\t' || line[i] == '\n' || line[i] == '\r') {
		i++
	}
	return i
}

// Next moves to the next value and reports whether there is one.
func (it *Iter) Next() bool {
	line := it.line
	for it.depth > 0 {
		l := &it.levels[it.depth-1]
		i := blanks(line, it.pos)
		comma := false
		if i < len(line) && line[i] == ',' {
			if !l.further {
				it.fault(faultValue, i)
			}
			comma = true
			i = blanks(line, i+1)
		}
		if i >= len(line) {
			it.stop(faultCut, len(line))
			return false
		}
		c := line[i]
		if c == '}' || c == ']' {
			if l.array != (c == ']') {
				it.stop(faultComma, i)
				return false
			}
			if comma {
				it.fault(faultValue, i)
			}
			it.close(i + 1)
			continue
		}
		if !comma && l.further {
			it.fault(faultComma, i)
		}
		l.further = true
		if l.array {
			l.index++
			it.inLine, it.pathLen = false, int(l.prefix)
		} else if i = it.key(l, i); i < 0 {
			return false
		}
		if it.value(i) {
			return true
		}
	}
	it.kind, it.escaped, it.v0, it.v1 = None, false, len(line), len(line)
	it.inLine, it.pathLen = false, 0
	return false
}

// close ends the innermost level; i is behind its bracket.
func (it *Iter) close(i int) {
	it.pos = i
	if it.depth--; it.depth > 0 {
		return
	}
	if i = blanks(it.line, i); i < len(it.line) {
		it.fault(faultTrailing, i)
	}
}

// key reads the key at i and its colon, and returns where its value starts, -1 if the cursor ended.
func (it *Iter) key(l *level, i int) int {
	line := it.line
	if line[i] != '"' {
		it.stop(faultKey, i)
		return -1
	}
	end, escaped := it.stringEnd(i)
	it.k0, it.k1 = i+1, end
	if end == len(line) {
		it.stop(faultCut, end)
		return -1
	}
	i = end + 1
	if i >= len(line) || line[i] != ':' {
		if i = blanks(line, i); i >= len(line) || line[i] != ':' {
			it.stop(faultColon, i)
			return -1
		}
	}
	i++
	if i < len(line) && line[i] <= ' ' {
		i = blanks(line, i)
	}
	if i >= len(line) {
		it.stop(faultCut, i)
		return -1
	}
	prefix := int(l.prefix)
	if it.inLine = prefix == 0 && !escaped; it.inLine {
		return i
	}
	key := line[it.k0:it.k1]
	switch {
	case prefix+len(key) > MaxPath:
		it.pathLen = MaxPath + 1
	case escaped:
		it.pathLen = len(AppendUnescaped(it.path[:prefix], key))
	default:
		it.pathLen = prefix + copy(it.path[prefix:], key)
	}
	return i
}

// value reads the value at i. It is false if it has no value to hand out: it was opened, or is left out.
func (it *Iter) value(i int) bool {
	line := it.line
	c := line[i]
	it.escaped = false
	switch {
	case c == '"':
		end, escaped := it.stringEnd(i)
		it.kind, it.escaped, it.v0, it.v1 = String, escaped, i+1, end
		it.pos = min(end+1, len(line))
	case c == '{' || c == '[':
		if it.depth < it.maxDepth && it.enter(c == '[') {
			it.pos = i + 1
			return false
		}
		it.kind = Object
		if c == '[' {
			it.kind = Array
		}
		it.v0 = i
		it.v1 = it.wholeEnd(i)
		it.pos = it.v1
	case c == ',' || c == '}' || c == ']':
		it.fault(faultValue, i)
		it.pos = i
		return false
	default:
		end := wordEnd(line, i)
		it.kind = word(line[i:end])
		if it.kind == Bare {
			it.fault(faultValue, i)
			end = max(end, i+1)
		}
		it.v0, it.v1, it.pos = i, end, end
	}
	if !it.inLine && it.pathLen > MaxPath {
		it.fault(faultPath, it.k0)
		return false
	}
	return true
}

// enter opens the bracket of the current path. It is false if the path is too long for what may be in it.
func (it *Iter) enter(array bool) bool {
	n := it.pathLen
	if it.inLine {
		if n = it.k1 - it.k0; n < MaxPath {
			copy(it.path[:], it.line[it.k0:it.k1])
		}
	}
	if n >= MaxPath {
		it.inLine, it.pathLen = false, MaxPath+1
		return false
	}
	if !array && (n > 0 || !it.levels[it.depth-1].array) {
		it.path[n] = '.'
		n++
	}
	it.open(n, array)
	return true
}

// stringEnd returns where the quote is that closes the string at i, or the length of the line.
func (it *Iter) stringEnd(i int) (end int, escaped bool) {
	line := it.line
	for j := i + 1; ; j++ {
		j = swar.Index2Below(line, j, '"', '\\', ' ')
		switch {
		case j >= len(line):
			it.fault(faultString, i)
			return len(line), escaped
		case line[j] == '"':
			return j, escaped
		case line[j] == '\\':
			escaped = true
			if n := escapeLen(line[j:]); n > 0 {
				j += n - 1
			} else {
				it.fault(faultEscape, j)
				j = min(j+1, len(line)-1)
			}
		default:
			it.fault(faultControl, j)
		}
	}
}

// escapeLen returns the length of the escape that b starts with, 0 if it is none.
func escapeLen(b []byte) int {
	if len(b) < 2 {
		return 0
	}
	switch b[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		if _, ok := hex4(b, 2); ok {
			return 6
		}
	}
	return 0
}

// wholeEnd returns where the object or array at i ends. Brackets of both kinds are counted as one.
func (it *Iter) wholeEnd(i int) int {
	line := it.line
	depth := 0
	for ; i < len(line); i++ {
		switch line[i] {
		case '"':
			if i, _ = it.stringEnd(i); i >= len(line) {
				return len(line)
			}
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	it.fault(faultCut, len(line))
	return len(line)
}

// wordEnd returns where the word at i ends: in front of a comma, a closing bracket, a colon, a quote or a blank.
func wordEnd(line []byte, i int) int {
	for i < len(line) && !endsWord[line[i]] {
		i++
	}
	return i
}

var endsWord = func() (set [256]bool) {
	for c := range ' ' + 1 {
		set[c] = true
	}
	for _, c := range `,]}:"[{` {
		set[c] = true
	}
	return set
}()

// word tells what a word is, which may be empty.
func word(w []byte) Kind {
	if len(w) == 0 {
		return Bare
	}
	switch w[0] {
	case 't':
		if string(w) == "true" {
			return Bool
		}
	case 'f':
		if string(w) == "false" {
			return Bool
		}
	case 'n':
		if string(w) == "null" {
			return Null
		}
	default:
		if isNumber(w) {
			return Number
		}
	}
	return Bare
}

// isNumber reports whether w, which is not empty, is a number (RFC 8259, section 6).
func isNumber(w []byte) bool {
	i := 0
	if w[0] == '-' {
		i = 1
	}
	start := i
	i = digits(w, i)
	if i == start || i > start+1 && w[start] == '0' {
		return false
	}
	if i < len(w) && w[i] == '.' {
		start = i + 1
		if i = digits(w, start); i == start {
			return false
		}
	}
	if i < len(w) && w[i]|0x20 == 'e' {
		start = i + 1
		if start < len(w) && (w[start] == '+' || w[start] == '-') {
			start++
		}
		if i = digits(w, start); i == start {
			return false
		}
	}
	return i == len(w)
}

func digits(w []byte, i int) int {
	for i < len(w) && w[i]-'0' <= 9 {
		i++
	}
	return i
}

func (it *Iter) fault(kind, pos int) {
	if it.errKind == 0 {
		it.errKind, it.errPos = kind, pos
	}
}

// stop notes a fault behind which nothing can be read.
func (it *Iter) stop(kind, pos int) {
	it.fault(kind, pos)
	it.depth, it.pos, it.kind, it.escaped = 0, len(it.line), None, false
	it.v0, it.v1, it.inLine, it.pathLen = len(it.line), len(it.line), false, 0
}
