package xmlscan

import "bytes"

// Iter is a cursor over the elements of one line, see [Scan]. It is for one goroutine.
type Iter struct {
	line []byte
	pos  int // where the next tag is looked for

	n0, n1  int // name
	a0, a1  int // attributes
	t0, t1  int // text
	depth   int // of the current element
	literal bool

	open  int // elements that are open, those below MaxDepth included
	names [MaxDepth]name
	found bool // an element was

	errPos, errKind int
}

// name is where the name of an open element stands, with its prefix.
type name struct{ from, to int }

// Next moves to the next element and reports whether there is one.
func (it *Iter) Next() bool {
	line := it.line
	for i := it.pos; ; {
		if it.open == 0 {
			if i = blanks(line, i); i == len(line) {
				break
			}
			if line[i] != '<' && !it.outside(&i) {
				break
			}
		}
		n := bytes.IndexByte(line[i:], '<')
		if n < 0 {
			break
		}
		i += n + 1
		switch {
		case i == len(line):
			it.fault(faultCut, i)
		case line[i] == '/':
			i = it.end(i + 1)
			continue
		case line[i] == '!' || line[i] == '?':
			i = it.skip(i)
			continue
		case it.open == 0 && it.found:
			it.fault(faultTrailing, i-1)
			i = len(line)
		case !isName[line[i]]:
			it.fault(faultName, i-1)
			continue
		default:
			if i = it.start(i); i >= 0 {
				it.pos = i
				return true
			}
			i = -i
			continue
		}
		break
	}
	return it.finish()
}

// outside is called for text at *i where none may be, and says whether to go on behind it.
func (it *Iter) outside(i *int) bool {
	if it.found {
		it.fault(faultTrailing, *i)
		return false
	}
	const bom = "\ufeff"
	if bytes.HasPrefix(it.line[*i:], []byte(bom)) && *i == 0 {
		*i += len(bom)
		return true
	}
	it.fault(faultNoElement, *i)
	return true
}

// finish ends the cursor; what is still open was cut.
func (it *Iter) finish() bool {
	end := len(it.line)
	switch {
	case it.open > 0:
		it.fault(faultCut, end)
	case !it.found:
		it.fault(faultNoElement, end)
	}
	it.pos, it.open, it.depth, it.literal = end, 0, 0, false
	it.n0, it.n1, it.a0, it.a1, it.t0, it.t1 = end, end, end, end, end, end
	return false
}

// start reads the start tag whose name is at i, and the text behind it, and returns where to go on. If the tag is
// damaged it returns minus that.
func (it *Iter) start(i int) int {
	line := it.line
	from, prefix := i, 0
	for i++; i < len(line) && isName[line[i]]; i++ {
		if line[i] == ':' && prefix == 0 {
			prefix = i
		}
	}
	to := i
	for i < len(line) && line[i] != '>' {
		switch c := line[i]; c {
		case '"', '\'': // a value may hold a >
			n := bytes.IndexByte(line[i+1:], c)
			if n < 0 {
				it.fault(faultQuote, i)
				return -len(line)
			}
			i += n + 1
		case '<':
			it.fault(faultTag, i)
			return -i
		}
		i++
	}
	if i == len(line) {
		it.fault(faultCut, i)
		return -i
	}
	attributes := i
	closed := line[i-1] == '/'
	if closed {
		attributes--
	}
	it.found, it.literal = true, false
	it.n0, it.n1 = from, to
	if prefix > 0 && prefix+1 < to {
		it.n0 = prefix + 1
	}
	it.a0, it.a1 = to, attributes
	it.depth = it.open + 1
	i++
	it.t0, it.t1 = i, i
	if closed {
		return i
	}
	if it.open < MaxDepth {
		it.names[it.open] = name{from, to}
	} else {
		it.fault(faultDepth, from-1)
	}
	it.open++
	return it.text(i)
}

const (
	cdata    = "<![CDATA["
	cdataEnd = "]]>"
)

// text reads the text at i and returns where it ends.
func (it *Iter) text(i int) int {
	line := it.line
	n := bytes.IndexByte(line[i:], '<')
	if n < 0 {
		it.t1 = len(line)
		return len(line)
	}
	end := i + n
	it.t1 = end
	if end+1 >= len(line) || line[end+1] != '!' || !bytes.HasPrefix(line[end:], []byte(cdata)) || blanks(line[:end], i) < end {
		return end
	}
	it.literal = true
	it.t0 = end + len(cdata)
	if n = bytes.Index(line[it.t0:], []byte(cdataEnd)); n < 0 {
		it.t1 = len(line)
		return len(line)
	}
	it.t1 = it.t0 + n
	return it.t1 + len(cdataEnd)
}

// end reads the end tag whose name is at i, and returns where it ends.
func (it *Iter) end(i int) int {
	line := it.line
	from := i
	for i < len(line) && isName[line[i]] {
		i++
	}
	tag := line[from:i]
	if i = blanks(line, i); i == len(line) {
		return i // cut, as finish says
	}
	if line[i] != '>' {
		it.fault(faultTag, i)
		return i
	}
	i++
	if it.open > MaxDepth {
		it.open--
		return i
	}
	for k := it.open - 1; k >= 0; k-- {
		if n := it.names[k]; string(line[n.from:n.to]) == string(tag) {
			it.open = k
			return i
		}
		it.fault(faultEnd, from-2)
	}
	it.fault(faultEnd, from-2) // nothing is open
	return i
}

// skip passes over a comment, a CDATA section behind other text, an instruction or a declaration, whose ! or ? is at i,
// and returns where it ends.
func (it *Iter) skip(i int) int {
	line := it.line
	for _, markup := range [...]struct{ start, end string }{{"!--", "-->"}, {cdata[1:], cdataEnd}, {"?", "?>"}} {
		if rest, ok := bytes.CutPrefix(line[i:], []byte(markup.start)); ok {
			n := bytes.Index(rest, []byte(markup.end))
			if n < 0 {
				it.fault(faultCut, len(line))
				return len(line)
			}
			return len(line) - len(rest) + n + len(markup.end)
		}
	}
	// A declaration may have others in brackets, and in these a >.
	for depth := 1; i < len(line); i++ {
		switch line[i] {
		case '<':
			depth++
		case '>':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	it.fault(faultCut, len(line))
	return len(line)
}

func (it *Iter) fault(kind, pos int) {
	if it.errKind == 0 {
		it.errKind, it.errPos = kind, pos
	}
}

// isName are the bytes that names are made of (XML 1.0, section 2.3): all but blanks and those of markup.
var isName = func() (set [256]bool) {
	for c := ' ' + 1; c < 256; c++ {
		set[c] = true
	}
	for _, c := range `<>/='"&!?` {
		set[c] = false
	}
	return set
}()

// isBlank tells white space (XML 1.0, section 2.3).
func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

// blanks returns where the blanks at i end.
func blanks(b []byte, i int) int {
	for i < len(b) && isBlank(b[i]) {
		i++
	}
	return i
}
