// Package xmlscan reads lines that are XML records, such as events of Windows and audit records of databases, without
// decoding them into trees.
//
// Its one idea: a cursor goes over the elements of a line in their order and says each one's name, attributes and text, so
// that a parser is a switch over names. What it gives are slices of the line: they hold as long as the line does, and
// nothing is allocated.
//
//	for it := xmlscan.Scan(line); it.Next(); {
//		switch string(it.Name()) { // a switch on string(bytes) does not allocate
//		case "EventID":
//			ev.Set(ecs.EventCode, it.Text())
//		case "Provider":
//			ev.SetDecoded(ecs.EventProvider, it.Attr("Name"), xmlscan.AppendUnescaped)
//		}
//	}
//
// # What is read
//
//	<a>1</a>                    a, depth 1, text 1
//	<a><b>1</b><b/></a>         a, depth 1; b, depth 2, text 1; b, depth 2
//	<n:a id="7">1</n:a>         a, attribute id is 7: prefixes of namespaces are left out
//	<a>1<b/>2</a>               a, text 1; b: text behind an element in it is left out
//	<a><![CDATA[1<2]]></a>      a, text 1<2
//
// Comments, processing instructions and declarations are passed over. References are left as they are, see
// [Iter.Escaped]; those to entities of the record's own are not resolved, so that no record can blow up.
//
// # Malformed lines
//
// Devices cut lines, so what stands in front of a fault is handed out, a text that is cut included, and the first fault is
// kept for [Iter.Err]. It tells records that are cut or damaged; it is no proof that the others are XML by the letter, as
// values of attributes and characters of names are not checked. Time is linear in the line whatever is in it.
package xmlscan

import (
	"bytes"
	"errors"
	"strconv"

	"github.com/logcenter/logcenter/sdk/fault"
)

// MaxDepth is how many elements may be open at once. Those below are handed out, too, but their end tags are only counted.
const MaxDepth = 32

// What can be wrong with a line; match with errors.Is.
var (
	ErrNoElement = errors.New("an element such as <Event> is expected")
	ErrCut       = errors.New("the line ends here, before its first element is closed")
	ErrName      = errors.New("a name is expected behind the <; in text it is written &lt;")
	ErrTag       = errors.New("a > is expected here, before the next tag")
	ErrQuote     = errors.New("the quote opened here is never closed")
	ErrEnd       = errors.New("the end tag of the innermost open element is expected")
	ErrDepth     = errors.New("more than " + strconv.Itoa(MaxDepth) + " elements are open")
	ErrTrailing  = errors.New("nothing is expected behind the end of the first element")
)

// Error is a fault in a line.
type Error = fault.Error

const (
	faultNoElement = iota + 1
	faultCut
	faultName
	faultTag
	faultQuote
	faultEnd
	faultDepth
	faultTrailing
)

var faults = fault.Cache{Scanner: "xmlscan", Kinds: []error{
	nil, ErrNoElement, ErrCut, ErrName, ErrTag, ErrQuote, ErrEnd, ErrDepth, ErrTrailing,
}}

// Scan returns a cursor in front of the first element of line, which may be nil. The line must not change while the cursor
// or what it gave is in use.
//
// Scan is small enough to be inlined, so the cursor lives on the stack of a caller that keeps it to itself.
func Scan(line []byte) *Iter { return &Iter{line: line} }

// Name is the name of the current element, without the prefix of its namespace.
func (it *Iter) Name() []byte { return it.line[it.n0:it.n1:it.n1] }

// Depth is 1 for the first element, 2 for those in it, and so on; 0 in front of the first and behind the last.
func (it *Iter) Depth() int { return it.depth }

// Text is what stands behind the start tag up to the next tag or comment, as it is in the line, with blanks; or what is in
// a CDATA section, if nothing but blanks is in front of that. It aliases the line, and is empty if there is none.
func (it *Iter) Text() []byte { return it.line[it.t0:it.t1:it.t1] }

// Pos is the byte position of the text in the line.
func (it *Iter) Pos() int { return it.t0 }

// Escaped reports whether the text has a reference, so that [AppendUnescaped] may change it. A CDATA section has none,
// whatever is in it.
func (it *Iter) Escaped() bool { return !it.literal && bytes.IndexByte(it.Text(), '&') >= 0 }

// Attr is the value of an attribute of the current element as it stands in the line, with its references; nil if there is
// none of that name, which includes the prefix of a namespace. Of two the first counts.
func (it *Iter) Attr(name string) []byte {
	for b := it.line[it.a0:it.a1:it.a1]; ; {
		i := bytes.IndexByte(b, '=')
		if i < 0 {
			return nil
		}
		key := b[blanks(b, 0):i]
		for len(key) > 0 && isBlank(key[len(key)-1]) {
			key = key[:len(key)-1]
		}
		if i = blanks(b, i+1); i == len(b) || b[i] != '"' && b[i] != '\'' {
			return nil
		}
		n := bytes.IndexByte(b[i+1:], b[i])
		if n < 0 {
			return nil
		}
		end := i + 1 + n
		if string(key) == name {
			return b[i+1 : end : end]
		}
		b = b[end+1:]
	}
}

// Err is the first fault in what has been scanned so far, an [*Error], or nil. Once Next was false it speaks of the whole
// line.
func (it *Iter) Err() error { return faults.At(it.errKind, it.errPos) }
