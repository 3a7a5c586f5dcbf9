package main

import "bytes"

// ends are the bytes that part pairs in free text.
var ends = func() (set [256]bool) {
	for c := range ' ' + 1 {
		set[c] = true
	}
	for _, c := range ",;|()[]" {
		set[c] = true
	}
	return set
}()

// pairs hands out the pairs key=value of a text, whatever parts them. Package kv is for devices of which that is known.
func pairs(text []byte, r *record) {
	for from := 0; ; {
		i := bytes.IndexByte(text[from:], '=')
		if i < 0 {
			return
		}
		i += from
		k := i
		for k > from && !ends[text[k-1]] {
			k--
		}
		v := i + 1
		end, quoted := v, false
		if v < len(text) && (text[v] == '"' || text[v] == '\'') {
			if n := closing(text[v+1:], text[v]); n >= 0 {
				v, end, quoted = v+1, v+1+n, true
			}
		}
		if !quoted {
			for end < len(text) && !ends[text[end]] {
				end++
			}
		}
		if k < i && end > v {
			r.pair(text[k:i], text[v:end:end], quoted)
		}
		from = end
	}
}

// maxQuoted bounds how far a quote may be from the one that opens, so that time stays linear.
const maxQuoted = 4096

// closing is where the quote is that closes the text, -1 if there is none.
func closing(text []byte, quote byte) int {
	text = text[:min(len(text), maxQuoted)]
	for from := 0; ; {
		i := bytes.IndexByte(text[from:], quote)
		if i < 0 {
			return -1
		}
		i += from
		if i == 0 || text[i-1] != '\\' {
			return i
		}
		from = i + 1
	}
}
