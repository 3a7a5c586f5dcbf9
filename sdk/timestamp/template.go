package timestamp

import (
	"encoding/binary"
	"strings"
)

// template is the leading part of a layout whose elements all have a fixed width. It is compared eight
// bytes at a time: t is text XOR want, which leaves 0 for literals and 0 to 9 for digits; adding 0x7f or
// 0x76 sets the top bit of all that is greater. No byte carries into the next unless it has failed.
type template struct {
	width int // bytes; 0: no template, as there is too little that is fixed
	rest  int // index of the first op behind it
	words int
	at    [maxWords]uint8
	want  [maxWords]uint64
	add   [maxWords]uint64

	// Positions of the elements, -1 for none.
	year, month, day, hour, minute, second int8
	monthName                              bool
	dayBlank                               bool
}

const (
	maxWords = 6
	highs    = 0x8080808080808080
)

func (t *template) build(p *program) {
	*t = template{year: -1, month: -1, day: -1, hour: -1, minute: -1, second: -1}
	var want, add []byte
	digits := func(n int) int8 {
		at := int8(len(want))
		for range n {
			want, add = append(want, '0'), append(add, 0x76)
		}
		return at
	}
	i := 0
loop:
	for ; i < len(p.ops) && len(want) < maxWords*8-8; i++ {
		switch o := p.ops[i]; o.kind {
		case opLiteral:
			if len(want)+len(o.lit) > maxWords*8 {
				break loop
			}
			for j := range len(o.lit) {
				want, add = append(want, o.lit[j]), append(add, 0x7f)
			}
		case opYear:
			t.year = digits(4)
		case opMonth2:
			t.month, t.monthName = digits(2), false
		case opMonthName:
			t.month, t.monthName = int8(len(want)), true
			want, add = append(want, 0, 0, 0), append(add, 0, 0, 0)
		case opDay2:
			t.day, t.dayBlank = digits(2), false
		case opDayBlank:
			t.day, t.dayBlank = digits(2), true
			want[t.day], add[t.day] = 0, 0
		case opHour:
			t.hour = digits(2)
		case opMinute2:
			t.minute = digits(2)
		case opSecond2:
			t.second = digits(2)
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
	t.width, t.rest, t.words = len(want), i, (len(want)+7)/8
	for w := range t.words {
		at := min(w*8, len(want)-8)
		t.at[w] = uint8(at)
		t.want[w] = binary.LittleEndian.Uint64(want[at:])
		t.add[w] = binary.LittleEndian.Uint64(add[at:])
	}
}

// matches reports whether b starts as the template says.
func (t *template) matches(b []byte) bool {
	if len(b) < t.width || t.width == 0 {
		return false
	}
	var bad uint64
	for i := range t.words {
		x := binary.LittleEndian.Uint64(b[t.at[i]:]) ^ t.want[i]
		bad |= x + t.add[i] | x
	}
	return bad&highs == 0
}

// match fills f from the start of b. It is false if b is not of the template; f is then undefined.
func (t *template) match(b []byte, f *fields) bool {
	if !t.matches(b) {
		return false
	}
	b = b[:t.width]
	if t.year >= 0 {
		f.year = int(two(b, t.year))*100 + int(two(b, t.year+2))
	}
	if t.month >= 0 {
		if t.monthName {
			f.month = month(b[t.month:])
		} else {
			f.month = int(two(b, t.month))
		}
	}
	if t.day >= 0 {
		f.day = int(two(b, t.day))
		if t.dayBlank {
			switch c := b[t.day]; {
			case c == ' ':
				f.day = int(b[t.day+1] - '0')
			case c-'0' > 9:
				return false
			}
		}
	}
	if t.hour >= 0 {
		f.hour = int(two(b, t.hour))
	}
	if t.minute >= 0 {
		f.minute = int(two(b, t.minute))
	}
	if t.second >= 0 {
		f.second = int(two(b, t.second))
	}
	return true
}

// two is the value of the two digits at i.
func two(b []byte, i int8) uint {
	d := b[i : i+2]
	return uint(d[0])*10 + uint(d[1]) - '0'*11
}
