package pipeline

import (
	"bytes"
	"slices"
)

// prefixes is a tree of texts that lines may start with. Safe for concurrent use.
type prefixes struct {
	nodes []prefixNode // the first is the root; none: there are no texts
}

type prefixNode struct {
	tail []byte      // must follow here
	ends int         // index of the text that ends behind tail; -1: none
	kids *[256]int32 // node by the byte behind tail; 0: none
}

// newPrefixes makes the tree of texts, which are sorted, different and not empty.
func newPrefixes(texts [][]byte) *prefixes {
	p := &prefixes{}
	if len(texts) > 0 {
		p.add(texts, 0, 0)
	}
	return p
}

// add makes the node of texts, which have their first bytes in common, and returns its index. first is the index of
// the first of them.
func (p *prefixes) add(texts [][]byte, first, common int) int32 {
	n := int32(len(p.nodes))
	p.nodes = append(p.nodes, prefixNode{ends: -1})
	low, high := texts[0], texts[len(texts)-1] // sorted, so that what these share all share
	end := common
	for end < len(low) && end < len(high) && low[end] == high[end] {
		end++
	}
	p.nodes[n].tail = low[common:end]
	if len(low) == end {
		p.nodes[n].ends = first
		texts, first = texts[1:], first+1
	}
	if len(texts) == 0 {
		return n
	}
	kids := new([256]int32)
	for len(texts) > 0 {
		c := texts[0][end]
		k := slices.IndexFunc(texts, func(t []byte) bool { return t[end] != c })
		if k < 0 {
			k = len(texts)
		}
		kids[c] = p.add(texts[:k], first, end+1)
		texts, first = texts[k:], first+k
	}
	p.nodes[n].kids = kids
	return n
}

// each calls f with the index of every text that the line starts with, shortest first.
func (p *prefixes) each(line []byte, f *finder) {
	if len(p.nodes) == 0 {
		return
	}
	n := &p.nodes[0]
	for {
		if !bytes.HasPrefix(line, n.tail) {
			return
		}
		line = line[len(n.tail):]
		if n.ends >= 0 {
			f.starts(n.ends)
		}
		if n.kids == nil || len(line) == 0 {
			return
		}
		k := n.kids[line[0]]
		if k == 0 {
			return
		}
		line, n = line[1:], &p.nodes[k]
	}
}
