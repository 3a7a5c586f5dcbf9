package main

import "bytes"

// atHits adds every @ in [from, to): it may belong to a URL with a password, scheme://user:password@host, or to a mail
// address.
func atHits(arena []byte, from, to int, hits []int) []int {
	for at := from; ; {
		i := bytes.IndexByte(arena[at:to], '@')
		if i < 0 {
			return hits
		}
		at += i + 1
		hits = append(hits, at-1)
	}
}

// maxUserinfo bounds how far before an @ its :// is looked for.
const maxUserinfo = 256

// ats hides what stands before an @.
func (p *pass) ats() {
	text, userinfos, emails := p.text, p.rules.has(ruleUserinfo), p.rules.has(ruleEmail)
	for at := 0; ; {
		i := bytes.IndexByte(text[at:], '@')
		if i < 0 {
			return
		}
		i += at
		for { // the last @ before the path: passwords may have some, too
			next := bytes.IndexAny(text[i+1:], "@/ \"'<>?#")
			if next < 0 || text[i+1+next] != '@' {
				break
			}
			i += 1 + next
		}
		if from := userinfo(text[max(at, i-maxUserinfo):i]); from > 0 {
			if from += max(at, i-maxUserinfo); userinfos && !excludedMark(text[from:i]) {
				p.hide(ruleUserinfo, from, i)
			}
		} else if emails {
			p.email(i)
		}
		at = i + 1
	}
}

// userinfo is where the password starts in what stands before an @, 0 if there is none.
func userinfo(before []byte) int {
	scheme := bytes.LastIndex(before, []byte("://"))
	if scheme < 0 || bytes.ContainsAny(before[scheme+3:], "/ \"'<>?#") {
		return 0
	}
	colon := bytes.IndexByte(before[scheme+3:], ':')
	if colon < 0 || scheme+3+colon+1 == len(before) {
		return 0
	}
	return scheme + 3 + colon + 1
}

// email hides the name of the mail address whose @ is at at.
func (p *pass) email(at int) {
	text := p.text
	start := at
	for start > 0 && at-start < 64 && (alnum(text[start-1]) || bytes.IndexByte([]byte("._+-"), text[start-1]) >= 0) { // RFC 5321, 4.5.3.1.1
		start--
	}
	for start < at && !alnum(text[start]) {
		start++
	}
	end, dot := at+1, 0
	for end < len(text) && (alnum(text[end]) || text[end] == '-' || text[end] == '.') {
		if text[end] == '.' {
			dot = end
		}
		end++
	}
	if end == dot+1 { // of the sentence
		end = dot
		dot = at + max(0, bytes.LastIndexByte(text[at:end], '.'))
	}
	if start == at || dot <= at+1 || end-dot < 3 || !letter(text[dot+1]) {
		return
	}
	p.part(ruleEmail, start, end, start, at, stars)
}

// mobileHits adds a position in every run of at least eleven digits that may be a mobile number, as longHits does for
// longer ones: such a run covers a multiple of eleven, and reaches five bytes from there on one side at least.
func mobileHits(arena []byte, from, to int, hits []int) []int {
	for i := (from + mobileDigits - 1) / mobileDigits * mobileDigits; i < to; i += mobileDigits {
		if i >= 5 && i+5 < len(arena) {
			w := arena[i-5 : i+6 : i+6]
			if chain[w[5]]&(chain[w[7]]&chain[w[10]]|chain[w[3]]&chain[w[0]]) == 0 {
				continue
			}
		}
		if chain[arena[i]] != 0 && mayBeMobile(arena, i) {
			hits = append(hits, i)
		}
	}
	return hits
}

const mobileDigits = 11

// mayBeMobile says whether the chain of digits around i has eleven that begin like a mobile number. Dates with a time
// behind them, which are in nearly all lines, do not.
func mayBeMobile(arena []byte, i int) bool {
	start := i
	for start > 0 && i-start < 24 && chain[arena[start-1]] != 0 {
		start--
	}
	for ; start <= i && start+1 < len(arena); start++ {
		if arena[start] != '1' || arena[start+1] < '3' || arena[start+1] > '9' {
			continue
		}
		n := 0
		for j := start; j < len(arena) && chain[arena[j]] != 0 && n < mobileDigits; j++ {
			if digit(arena[j]) {
				n++
			}
		}
		if n == mobileDigits {
			return true
		}
	}
	return false
}

// mobile hides the middle of the mobile number that starts at start: eleven digits, in groups of 3, 4 and 4, behind the
// code of the country (ITU-T E.164) or not. The digits that stand together end at *end, which becomes the end of all.
func (p *pass) mobile(start int, end *int) bool {
	text, from := p.text, start
	switch n := *end - start; {
	case n == mobileDigits+2 && has(text[start:], "86"):
		from += 2
	case n == mobileDigits, n == 3:
	default:
		return false
	}
	if text[from] != '1' || text[from+1] < '3' {
		return false
	}
	if *end-start > 3 {
		if !free(text, start, *end) {
			return false
		}
		p.part(ruleMobile, from, *end, from+3, from+7, eight[:4])
		return true
	}
	var at [longest]int
	var d [longest]byte
	n, last := gather(text, start, []int{3, 4, 4}, &at, &d)
	if n == 0 {
		return false
	}
	p.part(ruleMobile, start, last, at[3], at[6]+1, eight[:4])
	*end = last
	return true
}
