package main

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

const (
	shortest = 13 // digits of the shortest card number (ISO/IEC 7812-1: 8 to 19; below 13 none is in use)
	longest  = 19
	hidden   = 8 // digits that are replaced, per the log standard
	eight    = "********"
)

// hyphen is one in a query string, folded.
var hyphen = fold("%2d")

// longHits adds a position in every run of at least 13 digits that covers a multiple of 13 in [from, to). Such a
// run, with or without separators between its groups, covers one, and reaches six bytes from there on one side at
// least: a few looks at the table rule out nearly everything else.
func longHits(arena []byte, from, to int, hits []int) []int {
	for i := (from + shortest - 1) / shortest * shortest; ; i += shortest {
		if i = skipOthers(arena, i, to); i >= to {
			return hits
		}
		if chain[arena[i]] != 0 && longRun(arena, i) {
			hits = append(hits, i)
		}
	}
}

// skipOthers is the first place from i on, in steps of thirteen, that may be in such a run.
func skipOthers(arena []byte, i, to int) int {
	for ; i >= 6 && i < to && i+6 < len(arena); i += shortest {
		w := arena[i-6 : i+7 : i+7]
		if chain[w[6]] != 0 && (chain[w[8]]&chain[w[9]]&chain[w[11]]&chain[w[12]]|chain[w[4]]&chain[w[3]]&chain[w[1]]&chain[w[0]]) != 0 {
			return i
		}
	}
	return i
}

// chain is 1 for the bytes that runs of digits are made of.
var chain = func() (set [256]byte) {
	for c := range len(set) {
		if digit(byte(c)) || parts(byte(c)) {
			set[c] = 1
		}
	}
	return set
}()

// longRun says whether the chain of digits and single separators around i has at least 13 digits.
func longRun(arena []byte, i int) bool {
	n := 0
	for j := i; j >= 0 && n < shortest; j-- {
		if digit(arena[j]) {
			n++
		} else if j == 0 || !digit(arena[j-1]) || j+1 == len(arena) || !digit(arena[j+1]) || !parts(arena[j]) {
			break
		}
	}
	for j := i + 1; j < len(arena) && n < shortest; j++ {
		if digit(arena[j]) {
			n++
		} else if !digit(arena[j-1]) || j+1 == len(arena) || !digit(arena[j+1]) || !parts(arena[j]) {
			break
		}
	}
	return n >= shortest
}

// parts says whether c may stand between groups of digits; % begins the %20 of query strings.
func parts(c byte) bool { return c == ' ' || c == '-' || c == '+' || c == '%' }

// numbers hides numbers of cards, people and accounts, telephones and private addresses.
func (p *pass) numbers() {
	text, mobiles, addresses := p.text, p.m.mobiles, p.m.addresses
	for i := 0; i < len(text); {
		if i = nextDigit(text, i); i == len(text) {
			return
		}
		start := i
		for i < len(text) && digit(text[i]) {
			i++
		}
		if start > 0 && text[start-1] == '%' && i-start >= 2 {
			start += 2 // the digits of %20 belong to it
		}
		switch n := i - start; {
		case addresses && n <= 3 && n > 0 && i < len(text) && text[i] == '.':
			if end := p.address(start); end > 0 {
				i = end
			}
		case mobiles && n >= 3 && n <= 13 && p.mobile(start, &i):
		case n > longest, n < 4:
		case n >= shortest && free(text, start, i):
			p.long(start, i)
		case (n == 4 || n == 6) && grouped(text[i:]):
			if end := p.groups(start); end > 0 {
				i = end
			}
		}
	}
}

// nextDigit is where from i on the next digit is.
func nextDigit(text []byte, i int) int {
	const each = 0x0101010101010101
	for ; i+8 <= len(text); i += 8 {
		v := binary.LittleEndian.Uint64(text[i:])
		low := v &^ (0x80 * each)
		if d := (low + (0x80-'0')*each) &^ (low + (0x80-':')*each) &^ v & (0x80 * each); d != 0 {
			return i + bits.TrailingZeros64(d)/8
		}
	}
	for i < len(text) && !digit(text[i]) {
		i++
	}
	return i
}

// grouped says whether a separator and a group of at least four digits may be at the beginning of text, unlike in dates.
func grouped(text []byte) bool {
	return len(text) > 4 && chain[text[0]] != 0 && (text[0] == '%' || digit(text[2]) && digit(text[3]) && digit(text[4]))
}

// free says whether the digits [start, end) are a number by themselves and no part of a name, a fraction or
// a hexadecimal value.
func free(text []byte, start, end int) bool {
	if start > 0 {
		switch c := text[start-1]; {
		case c == '_', c == '.' && start > 1 && digit(text[start-2]):
			return false
		case letter(c):
			if !hexEscape(text, start) && (start < 2 || text[start-2] != '\\') { // %3D6200…, \n6200…
				return false
			}
		}
	}
	if end == len(text) {
		return true
	}
	switch c := text[end]; {
	case c == '_', c == '.' && end+1 < len(text) && digit(text[end+1]):
		return false
	case letter(c):
		return c|0x20 == 'x' && end-start == 17 && (end+1 == len(text) || !letter(text[end+1]) && !digit(text[end+1]))
	}
	return true
}

// hexEscape says whether a percent escape ends right before start.
func hexEscape(text []byte, start int) bool { return start >= 3 && text[start-3] == '%' }

// long hides digits that stand together.
func (p *pass) long(start, end int) {
	text, rules := p.text, p.rules
	d := text[start:end]
	from := (len(d) - hidden) / 2
	person := true // the date of birth is in the middle
	switch {
	case len(d) == 17 && end < len(text) && text[end]|0x20 == 'x' && identity18(d, 'X'):
		end++
		from = 6
	case len(d) == 18 && identity18(d[:17], d[17]):
		from = 6
	case len(d) == 15 && identity15(d):
		from = 4
	default:
		person = false
	}
	switch {
	case person && rules.has(ruleIDCard):
		p.middle(ruleIDCard, start, end, from)
	case rules.has(ruleBankCard) && cardPrefix(d) && luhn(d):
		p.middle(ruleBankCard, start, end, from)
	case rules.has(ruleAccount) && named(text, start):
		p.middle(ruleAccount, start, end, from)
	case rules.has(ruleLongNumber) && !moment(d):
		p.middle(ruleLongNumber, start, end, from)
	}
}

// middle hides eight digits of a number, from its digit from on.
func (p *pass) middle(r ruleID, start, end, from int) {
	p.part(r, start, end, start+from, start+from+hidden, eight)
}

// groupings are how numbers are printed: cards of 16 to 19 digits, American Express, Diners Club, ID cards.
var groupings = [...][]int{{4, 4, 4, 4, 3}, {4, 4, 4, 4, 2}, {4, 4, 4, 4, 1}, {4, 4, 4, 4}, {4, 6, 5}, {4, 6, 4}, {6, 8, 4}, {6, 8, 3}, {6, 13}}

// groups hides a number whose groups of digits are parted by one separator each, and returns where it
// ends; 0 if none starts at start.
func (p *pass) groups(start int) int {
	text, rules := p.text, p.rules
	var at [longest]int // where each digit is
	var d [longest]byte
	for _, sizes := range groupings {
		n, end := gather(text, start, sizes, &at, &d)
		if n == 0 {
			continue
		}
		from, rule := (n-hidden)/2, ruleBankCard
		switch {
		case sizes[0] == 6 && sizes[1] == 8:
			check := byte('X')
			if n == 18 {
				check = d[17]
			} else if end == len(text) || text[end]|0x20 != 'x' {
				continue
			}
			if !rules.has(ruleIDCard) || !identity18(d[:17], check) {
				continue
			}
			from, rule = 6, ruleIDCard
		case !rules.has(ruleBankCard) || !luhn(d[:n]) || !cardPrefix(d[:n]):
			continue
		}
		if rules[rule] != mask {
			p.part(rule, start, end, start, end, stars)
			return end
		}
		for i := from; i < from+hidden; { // one edit a group, so that separators stay
			j := i + 1
			for j < from+hidden && at[j] == at[j-1]+1 {
				j++
			}
			p.part(rule, at[i], at[i]+j-i, at[i], at[i]+j-i, eight[:j-i])
			i = j
		}
		return end
	}
	return 0
}

// gather reads groups of digits of just these sizes with the same separator between them. It returns how
// many digits there are, 0 if the text is different or goes on with another digit or letter.
func gather(text []byte, start int, sizes []int, at *[longest]int, d *[longest]byte) (n, end int) {
	if start > 0 && (digit(text[start-1]) || letter(text[start-1])) && !hexEscape(text, start) {
		return 0, 0
	}
	var sep []byte
	i := start
	for g, size := range sizes {
		if g > 0 {
			s := groupSeparator(text[i:])
			if s == nil || sep != nil && !bytes.Equal(s, sep) {
				return 0, 0
			}
			sep = s
			i += len(s)
		}
		for range size {
			if i == len(text) || !digit(text[i]) {
				return 0, 0
			}
			at[n], d[n] = i, text[i]
			n++
			i++
		}
	}
	if i < len(text) && (digit(text[i]) || letter(text[i]) && text[i]|0x20 != 'x') {
		return 0, 0
	}
	return n, i
}

func groupSeparator(text []byte) []byte {
	switch {
	case has(text, " "), has(text, "-"), has(text, "+"):
		return text[:1]
	case has(text, "%20"), has(text, "%2D"), has(text, "%2d"):
		return text[:3]
	}
	return nil
}

// luhn says whether the check digit is right (ISO/IEC 7812-1, annex B).
func luhn(d []byte) bool {
	sum := 0
	for i := range d {
		n := int(d[len(d)-1-i] - '0')
		if i%2 == 1 {
			if n *= 2; n > 9 {
				n -= 9
			}
		}
		sum += n
	}
	return sum%10 == 0
}

// cardPrefix says whether cards of this length begin like d. One number in ten has a right check digit by
// chance; times in milliseconds, for one, begin differently.
func cardPrefix(d []byte) bool {
	two, four := int(d[0]-'0')*10+int(d[1]-'0'), 0
	for _, c := range d[:4] {
		four = four*10 + int(c-'0')
	}
	switch len(d) {
	case 13:
		return d[0] == '4' // Visa
	case 14:
		return two == 30 || two == 36 || two == 38 || two == 39 // Diners Club
	case 15:
		return two == 34 || two == 37 // American Express
	case 16:
		return d[0] == '4' || d[0] == '5' || d[0] == '6' || d[0] == '9' || two == 81 || // Visa, Mastercard, Maestro, UnionPay, banks of China
			four >= 2200 && four <= 2204 || four >= 2221 && four <= 2720 || four >= 3528 && four <= 3589 // Mir, Mastercard, JCB
	case 17, 18:
		return d[0] == '6'
	default:
		return d[0] == '4' || d[0] == '5' || d[0] == '6' || d[0] == '9' || two == 81
	}
}

// moment says whether d is a time: milliseconds, microseconds or nanoseconds since 1970 in the years 2001 to
// 2065, or digits of a date and time of day.
func moment(d []byte) bool {
	switch len(d) {
	case 13, 16, 19:
		if d[0] == '1' || d[0] == '2' {
			return true
		}
	}
	return len(d) >= 14 && len(d) <= 17 && (string(d[:2]) == "19" || string(d[:2]) == "20") && monthDay(d[4:8])
}

func monthDay(d []byte) bool {
	month, day := int(d[0]-'0')*10+int(d[1]-'0'), int(d[2]-'0')*10+int(d[3]-'0')
	return month >= 1 && month <= 12 && day >= 1 && day <= 31
}

// region says whether a province of GB/T 2260 begins d.
func region(d []byte) bool {
	switch n := int(d[0]-'0')*10 + int(d[1]-'0'); n / 10 {
	case 1:
		return n >= 11 && n <= 15
	case 2:
		return n >= 21 && n <= 23
	case 3:
		return n >= 31 && n <= 37
	case 4:
		return n >= 41 && n <= 46
	case 5:
		return n >= 50 && n <= 54
	case 6:
		return n >= 61 && n <= 65
	case 7:
		return n == 71
	case 8:
		return n >= 81 && n <= 83
	case 9:
		return n == 91
	}
	return false
}

// identity18 checks a number of GB 11643: region, date of birth and check character.
func identity18(d []byte, check byte) bool {
	weights := [17]int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2}
	sum := 0
	for i, w := range weights {
		sum += w * int(d[i]-'0')
	}
	century := string(d[6:8])
	return "10X98765432"[sum%11] == check && region(d) && (century == "19" || century == "20" || century == "18") && monthDay(d[10:14])
}

// identity15 checks a number of the time before 1999, which has no check digit.
func identity15(d []byte) bool { return region(d) && monthDay(d[8:12]) }

// names are what stands before a number that is an account's whatever its digits are.
var names = [][]byte{
	fold("card"), fold("cardno"), fold("card_no"), fold("card_number"), fold("cardnumber"), fold("account"), fold("account_no"), fold("accountno"),
	fold("acct"), fold("acct_no"), fold("acctno"), fold("卡号"), fold("账号"), fold("帐号"), fold("账户"), fold("银行卡"), fold("身份证"), fold("身份证号"),
}

// named says whether a name of accounts and a separator stand right before start.
func named(text []byte, start int) bool {
	i := start
	for i > 0 && start-i < 8 {
		c := text[i-1]
		if c != '=' && c != ':' && c != '"' && c != '\'' && c != ' ' && c != '\\' {
			break
		}
		i--
	}
	if j := i - len("："); i > 2 && has(text[j:], "：") {
		i = j
	}
	if i == start && !hexEscape(text, start) {
		return i >= 3 && text[i-1] >= 0x80 && endsInName(text[:i])
	}
	if hexEscape(text, i) && (has(text[i-3:], "%3D") || has(text[i-3:], "%3d")) {
		i -= 3
	}
	return endsInName(text[:i])
}

func endsInName(text []byte) bool {
	var tail [24]byte
	n := min(len(text), len(tail))
	foldInto(tail[:n], text[len(text)-n:])
	for _, name := range names {
		if bytes.HasSuffix(tail[:n], name) {
			return true
		}
	}
	return false
}
