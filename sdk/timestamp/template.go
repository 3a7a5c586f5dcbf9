package timestamp

import (
	"encoding/binary"
	"strings"
)

// template is the leading part of a layout whose elements all have a fixed width. It is compared eight
// bytes at a time: x is text XOR want, which leaves 0 for literals and 0 to 9 for digits; adding 0x7f or
// 0x76 sets the top bit of all that is greater. No byte carries into the next unless it has failed.
//
// The digits are put together in the same step: with x the digits, byte i of x*10 + x>>8 is the value of
// the two digits at i and i+1, for all i at once.
type template struct {
	width int // bytes; 0: no template, as there is too little that is fixed
	rest  int // index of the first op behind it
	words int
	at    [maxWords]uint8
	want  [maxWords]uint64
	add   [maxWords]uint64
	digit [maxWords]uint64 // 0x0f where a digit is

	year1, year2, month, day, hour, minute, second lane

	monthName int8 // position, -1 for none
	weekday   int8 // position, -1 for none
	dayBlank  int8 // position of a day that may start with a blank, -1 for none
}

// lane says where the value of two digits is in the words. The zero value is a word that is always 0.
type lane struct{ word, shift uint8 }

const (
	maxWords = 7
	maxWidth = maxWords*7 + 1 // each word starts at least seven bytes behind the one before
	highs    = 0x8080808080808080
)

// words holds what was made of the text. Word 0 stays 0, the template's word i is at i+1.
type words [8]uint64

func (l lane) of(w *words) uint8 { return uint8(w[l.word&7] >> (l.shift & 63)) }

func (t *template) build(p *program) {
	*t = template{monthName: -1, weekday: -1, dayBlank: -1}
	var want, add, digit []byte
	put := func(w, a, d byte, n int) {
		for range n {
			want, add, digit = append(want, w), append(add, a), append(digit, d)
		}
	}
	pairs := map[*lane]int{} // where the two digits of a lane are
	two := func(l *lane) {
		pairs[l] = len(want)
		put('0', 0x76, 0x0f, 2)
	}
	i := 0
loop:
	for ; i < len(p.ops); i++ {
		o := p.ops[i]
		if len(want)+max(4, len(o.lit)) > maxWidth {
			break
		}
		switch o.kind {
		case opLiteral:
			for j := range len(o.lit) {
				put(o.lit[j], 0x7f, 0, 1)
			}
		case opYear:
			two(&t.year1)
			two(&t.year2)
		case opMonth2:
			two(&t.month)
			t.monthName = -1
		case opMonthName:
			t.monthName = int8(len(want))
			put(0, 0, 0, 3)
		case opWeekday:
			t.weekday = int8(len(want))
			put(0, 0, 0, 3)
		case opDay2:
			two(&t.day)
			t.dayBlank = -1
		case opDayBlank:
			t.dayBlank = int8(len(want))
			two(&t.day)
			want[t.dayBlank], add[t.dayBlank] = 0, 0
		case opHour:
			two(&t.hour)
		case opMinute2:
			two(&t.minute)
		case opSecond2:
			two(&t.second)
		default:
			break loop
		}
	}
	// Spaces at the end are left to run, which takes any number of them.
	for i > 0 && p.ops[i-1].kind == opLiteral && strings.HasSuffix(p.ops[i-1].lit, " ") {
		i--
		want = want[:len(want)-len(p.ops[i].lit)]
	}
	if len(want) < 8 {
		return
	}
	t.width, t.rest = len(want), i
	starts := make(map[int]bool)
	for _, at := range pairs {
		starts[at] = true
	}
	for next := 0; next < len(want); t.words++ {
		at := min(next, len(want)-8)
		t.at[t.words] = uint8(at)
		t.want[t.words] = binary.LittleEndian.Uint64(want[at:])
		t.add[t.words] = binary.LittleEndian.Uint64(add[at:])
		t.digit[t.words] = binary.LittleEndian.Uint64(digit[at:])
		for l, pair := range pairs {
			if at <= pair && pair < at+7 {
				*l = lane{uint8(t.words + 1), uint8(pair-at) * 8}
			}
		}
		if next = at + 8; starts[at+7] {
			next-- // no two digits in two words
		}
	}
}

// match fills f from the start of b. It is false if b is not of the template; f is then undefined.
func (t *template) match(b []byte, f *fields) bool {
	if len(b) < t.width || t.width == 0 {
		return false
	}
	var w words
	var bad uint64
	for i := range t.words {
		x := binary.LittleEndian.Uint64(b[t.at[i]:]) ^ t.want[i]
		bad |= x + t.add[i] | x
		x &= t.digit[i]
		w[(i+1)&7] = x*10 + x>>8
	}
	if bad&highs != 0 {
		return false
	}
	*f = fields{}
	f.year = int16(t.year1.of(&w))*100 + int16(t.year2.of(&w))
	f.part[partMonth] = t.month.of(&w)
	f.part[partDay] = t.day.of(&w)
	f.part[partHour] = t.hour.of(&w)
	f.part[partMinute] = t.minute.of(&w)
	f.part[partSecond] = t.second.of(&w)
	if t.monthName >= 0 {
		f.part[partMonth] = uint8(month(b[t.monthName:]))
	}
	if t.weekday >= 0 && weekday(b[t.weekday:]) == 0 {
		return false
	}
	if t.dayBlank >= 0 {
		if c := b[t.dayBlank]; c != ' ' && c-'0' > 9 {
			return false
		}
	}
	return true
}
