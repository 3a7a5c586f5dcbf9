// Package query is Logcenter's one query language: Lucene's syntax with semantics that every executor
// shares (see DESIGN.md, "Query language").
//
// [Parse] turns text into an AST whose nodes know their place in it, [Format] prints an AST so that it
// parses back to itself, [Compile] makes a matcher over batches of events. Stores translate the same
// AST into their own terms.
package query

import "net/netip"

// Pos is a byte range of the query text.
type Pos struct{ Start, End int }

// Node is one node of the AST: *And, *Or, *Not, *All, *Term, *Phrase, *Prefix, *Wildcard, *Regex,
// *Range, *CIDR, *InList or *Exists. Nodes are immutable once parsed and may be shared between goroutines.
type Node interface {
	// Position is where the node stands in the text; the zero Pos in nodes that were not parsed.
	Position() Pos
	node()
}

// Field says which field a leaf looks at. The empty Name is the default: the text of message.
type Field struct {
	Name string
	Pos  Pos
}

type (
	// All matches every event: the empty query and "*".
	All struct{ Pos Pos }
	// And matches what all of Nodes match; two or more.
	And struct {
		Nodes []Node
		Pos   Pos
	}
	// Or matches what any of Nodes match; two or more.
	Or struct {
		Nodes []Node
		Pos   Pos
	}
	// Not matches what Node does not match, events without the field included.
	Not struct {
		Node Node
		Pos  Pos
	}
	// Term compares with one unquoted or quoted value. On text fields it is the phrase of the value's
	// tokens; on keywords equality, in its case; on numbers, booleans and IPs equality of the parsed value;
	// on dates any instant of the time that the value leaves open, e.g. of the day 2026-10-11, see ParseDate.
	// On a list, one element suffices.
	Term struct {
		Field  Field
		Value  string
		Quoted bool // it was written in quotes; on text the same as unquoted
		Pos    Pos
	}
	// Prefix is value*: on keywords the value starts so; on text it is the phrase of the value's tokens, the
	// last of which only needs to start so (case-insensitive), see TextWords.
	Prefix struct {
		Field Field
		Value string
		Pos   Pos
	}
	// Wildcard has * (any run) and ? (one character) anywhere; on keywords over the whole value, on
	// text over one token, case-insensitively, see TextWords. Pattern has a backslash before each *, ? and
	// backslash that means itself, and nowhere else.
	Wildcard struct {
		Field   Field
		Pattern string
		Pos     Pos
	}
	// Regex is /expr/ in the subset that CompileRegex takes. On keywords it matches anywhere unless
	// anchored, in its case or, as /expr/i, in any; on text within one token, in any case.
	Regex struct {
		Field Field
		Expr  string
		Fold  bool // it was written with an i behind it
		Pos   Pos
	}
	// Range is [a TO b], {a TO b}, >a, >=a, <a, <=a. A nil bound is open. Values are kept as written;
	// ParseValue reads them for the field's type.
	Range struct {
		Field      Field
		Min, Max   *string
		IncludeMin bool
		IncludeMax bool
		Pos        Pos
	}
	// CIDR is field:10.0.0.0/8 on an IP field. IPv4 and IPv4-mapped IPv6 are the same, so ::/0 contains
	// all addresses; see AddrRange.
	CIDR struct {
		Field  Field
		Prefix netip.Prefix
		Pos    Pos
	}
	// InList is field:list(name): a value is in a list that somebody keeps, see [List]. What is in it may change at any
	// time, without the query; a matcher asks for it once a batch. A list that is gone has nothing in it.
	InList struct {
		Field Field
		List  string
		Pos   Pos
	}
	// Exists is _exists_:field: at least one value is there.
	Exists struct {
		Field Field
		Pos   Pos
	}
)

func (n *All) Position() Pos      { return n.Pos }
func (n *And) Position() Pos      { return n.Pos }
func (n *Or) Position() Pos       { return n.Pos }
func (n *Not) Position() Pos      { return n.Pos }
func (n *Term) Position() Pos     { return n.Pos }
func (n *Prefix) Position() Pos   { return n.Pos }
func (n *Wildcard) Position() Pos { return n.Pos }
func (n *Regex) Position() Pos    { return n.Pos }
func (n *Range) Position() Pos    { return n.Pos }
func (n *CIDR) Position() Pos     { return n.Pos }
func (n *InList) Position() Pos   { return n.Pos }
func (n *Exists) Position() Pos   { return n.Pos }

func (*All) node()      {}
func (*And) node()      {}
func (*Or) node()       {}
func (*Not) node()      {}
func (*Term) node()     {}
func (*Prefix) node()   {}
func (*Wildcard) node() {}
func (*Regex) node()    {}
func (*Range) node()    {}
func (*CIDR) node()     {}
func (*InList) node()   {}
func (*Exists) node()   {}
