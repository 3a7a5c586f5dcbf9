package query_test

import (
	"fmt"
	"strings"

	"github.com/logcenter/logcenter/sdk/query"
)

// dump writes an AST without positions, e.g. (and message=a source.ip=1).
func dump(n query.Node) string {
	list := func(op string, ns []query.Node) string {
		parts := []string{op}
		for _, s := range ns {
			parts = append(parts, dump(s))
		}
		return "(" + strings.Join(parts, " ") + ")"
	}
	bound := func(s *string) string {
		if s == nil {
			return "*"
		}
		return fmt.Sprintf("%q", *s)
	}
	switch n := n.(type) {
	case *query.All:
		return "all"
	case *query.And:
		return list("and", n.Nodes)
	case *query.Or:
		return list("or", n.Nodes)
	case *query.Not:
		return "(not " + dump(n.Node) + ")"
	case *query.Term:
		if n.Quoted {
			return fmt.Sprintf("%s=%q", n.Field.Name, n.Value)
		}
		return fmt.Sprintf("%s=%s", n.Field.Name, n.Value)
	case *query.Prefix:
		return fmt.Sprintf("%s^=%s", n.Field.Name, n.Value)
	case *query.Wildcard:
		return fmt.Sprintf("%s~%s", n.Field.Name, n.Pattern)
	case *query.Regex:
		if n.Fold {
			return fmt.Sprintf("%s~/%s/i", n.Field.Name, n.Expr)
		}
		return fmt.Sprintf("%s~/%s/", n.Field.Name, n.Expr)
	case *query.Range:
		open, closing := "{", "}"
		if n.IncludeMin {
			open = "["
		}
		if n.IncludeMax {
			closing = "]"
		}
		return n.Field.Name + open + bound(n.Min) + " " + bound(n.Max) + closing
	case *query.CIDR:
		return n.Field.Name + "@" + n.Prefix.String()
	case *query.InList:
		return n.Field.Name + " in " + n.List
	case *query.Exists:
		return "?" + n.Field.Name
	default:
		return fmt.Sprintf("%T", n)
	}
}
