package query

import (
	"net/netip"
	"strings"
	"unicode"
)

// Format prints a query so that [Parse] reads the same AST, positions apart. It is canonical: equal ASTs
// print equally. Nodes that Parse never makes are printed as what they mean: an And or Or of one node as
// that node, an empty And as *, an empty Or as NOT *.
func Format(n Node) string {
	var b strings.Builder
	format(&b, n, false)
	return b.String()
}

// format prints n; inner says that n is an operand, so that And and Or need parentheses.
func format(b *strings.Builder, n Node, inner bool) {
	switch n := n.(type) {
	case *And:
		formatNodes(b, n.Nodes, " AND ", "*", inner)
	case *Or:
		formatNodes(b, n.Nodes, " OR ", "NOT *", inner)
	case *Not:
		b.WriteString("NOT ")
		format(b, n.Node, true)
	case *All, nil:
		b.WriteByte('*')
	default:
		formatLeaf(b, n)
	}
}

func formatNodes(b *strings.Builder, nodes []Node, op, empty string, inner bool) {
	switch len(nodes) {
	case 0:
		b.WriteString(empty)
		return
	case 1:
		format(b, nodes[0], inner)
		return
	}
	if inner {
		b.WriteByte('(')
	}
	for i, n := range nodes {
		if i > 0 {
			b.WriteString(op)
		}
		format(b, n, true)
	}
	if inner {
		b.WriteByte(')')
	}
}

func formatLeaf(b *strings.Builder, n Node) {
	switch n := n.(type) {
	case *Exists:
		b.WriteString("_exists_:" + n.Field.Name)
	case *Term:
		if n.Quoted || n.Value == "" {
			formatField(b, n.Field)
			formatQuoted(b, n.Value)
			return
		}
		formatAddressField(b, n.Field, n.Value)
		formatWord(b, n.Value, n.Field, escapeAll)
	case *Prefix:
		formatField(b, n.Field)
		formatWord(b, n.Value, n.Field, escapeAll)
		b.WriteByte('*')
	case *Wildcard:
		formatField(b, n.Field)
		formatWord(b, n.Pattern, n.Field, keepWildcards)
	case *Regex:
		formatField(b, n.Field)
		b.WriteByte('/')
		for i := 0; i < len(n.Expr); i++ {
			switch c := n.Expr[i]; {
			case c == '/':
				b.WriteString(`\/`)
			case c == '\\' && i+1 < len(n.Expr):
				i++
				b.WriteByte(c)
				b.WriteByte(n.Expr[i])
			default:
				b.WriteByte(c)
			}
		}
		b.WriteByte('/')
		if n.Fold {
			b.WriteByte('i')
		}
	case *Range:
		formatField(b, n.Field)
		formatRange(b, n)
	case *InList:
		formatField(b, n.Field)
		b.WriteString("list(" + n.List + ")")
	case *CIDR:
		formatAddressField(b, n.Field, n.Prefix.String())
		b.WriteString(n.Prefix.String())
	}
}

func formatField(b *strings.Builder, f Field) {
	if f.Name != "" {
		b.WriteString(f.Name + ":")
	}
}

// formatAddressField puts a space behind the colon where field and value together would be read as one
// address, e.g. a: 2001:db8::1.
func formatAddressField(b *strings.Builder, f Field, value string) {
	formatField(b, f)
	if f.Name != "" && isAddress(f.Name+":"+value) {
		b.WriteByte(' ')
	}
}

func formatRange(b *strings.Builder, n *Range) {
	switch {
	case n.Min == nil && n.Max == nil:
		b.WriteByte('*')
	case n.Max == nil:
		b.WriteString(operator(">", n.IncludeMin))
		formatBound(b, *n.Min)
	case n.Min == nil:
		b.WriteString(operator("<", n.IncludeMax))
		formatBound(b, *n.Max)
	default:
		open, closing := byte('{'), byte('}')
		if n.IncludeMin {
			open = '['
		}
		if n.IncludeMax {
			closing = ']'
		}
		b.WriteByte(open)
		formatBound(b, *n.Min)
		b.WriteString(" TO ")
		formatBound(b, *n.Max)
		b.WriteByte(closing)
	}
}

func operator(sign string, include bool) string {
	if include {
		return sign + "="
	}
	return sign
}

// formatBound prints a bound plainly if it is of safe characters only, else in quotes.
func formatBound(b *strings.Builder, s string) {
	safe := s != "" && s != "TO"
	for i := 0; i < len(s) && safe; i++ {
		safe = nameByte(s[i]) || s[i] == ':' || s[i] == '/' && i > 0 || s[i] == '+' && i > 0
	}
	if safe {
		b.WriteString(s)
		return
	}
	formatQuoted(b, s)
}

func formatQuoted(b *strings.Builder, s string) {
	b.WriteByte('"')
	for i := 0; i < len(s); i++ {
		if s[i] == '"' || s[i] == '\\' {
			b.WriteByte('\\')
		}
		b.WriteByte(s[i])
	}
	b.WriteByte('"')
}

const (
	escapeAll     = false // * and ? mean themselves
	keepWildcards = true  // s is a pattern: * and ? are wildcards unless escaped
)

// formatWord prints an unquoted value with the escapes it needs.
func formatWord(b *strings.Builder, s string, f Field, pattern bool) {
	escapeSlash := f.Name != "" && !pattern && isPrefix(s)
	operator := s == "AND" || s == "OR" || s == "NOT"
	rs := []rune(s)
	for i := 0; i < len(rs); i++ {
		r := rs[i]
		escape := false
		switch r {
		case '\\':
			if pattern && i+1 < len(rs) {
				i++
				b.WriteByte('\\')
				b.WriteRune(rs[i])
				continue
			}
			escape = true
		case '*', '?':
			escape = !pattern
		case '(', ')', '[', ']', '{', '}', '"', '^', '~':
			escape = true
		case '&', '|':
			escape = i > 0 && rs[i-1] == r || i+1 < len(rs) && rs[i+1] == r
		case '+', '-', '!', '<', '>':
			escape = i == 0
		case '/':
			escape = i == 0 || escapeSlash
		case ':':
			escape = f.Name == ""
		default:
			escape = unicode.IsSpace(r) || i == 0 && operator
		}
		if escape {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
}

func isPrefix(s string) bool {
	_, err := netip.ParsePrefix(s)
	return err == nil
}
