package drift

import (
	"strings"

	"github.com/logcenter/logcenter/host/deadletter"
	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/sdk/ecs"
)

// sample keeps lines of the batch: good ones of keys that are as usual, now and then, and bad ones of those that are
// not.
func (t *Tracker) sample(dead []deadletter.Letter) {
	s := &t.scan
	wanted := false
	for _, k := range s.touched {
		switch {
		case k.open != nil:
		case k.drifted || k.prior != nil || k.suspect():
			wanted = wanted || !k.after.full()
		default:
			k.after = lines{}
			t.sampleGood(k)
		}
	}
	if !wanted {
		return
	}
	for r := range s.rows {
		v := &s.rows[r]
		if v.parser == nil {
			s.sampleBad(v.claim, r)
		} else if v.failed {
			s.sampleBad(v.parse, r)
		} else if v.fields != nil && s.lacks(v.fields, r) {
			s.sampleBad(v.fields, r)
		}
	}
	for i := range dead {
		if p := t.rejector(&dead[i]); p != nil {
			k := t.keys[mix(mix(uint64(unparsed), nonZero([]byte(sender(&dead[i])))), p.hash)]
			if k != nil && k.wantsBad() {
				k.after.add(Sample{EventID: dead[i].EventID, Text: short(dead[i].Text)})
			}
		}
	}
}

func (t *Tracker) sampleGood(k *key) {
	want := 0
	if t.at-k.sampled >= int64(resample) {
		want = 1
	}
	for _, r := range k.good[:min(k.goods, max(want, samples-k.before.n))] {
		k.before.add(t.scan.line(int(r)))
		k.sampled = t.at
	}
}

func (k *key) wantsBad() bool {
	return k.open == nil && !k.after.full() && (k.drifted || k.prior != nil || k.suspect())
}

func (s *scan) sampleBad(k *key, r int) {
	if k != nil && k.wantsBad() {
		k.after.add(s.line(r))
	}
}

// lacks says whether an event lacks a field that is under suspicion.
func (s *scan) lacks(k *key, r int) bool {
	if !k.wantsBad() {
		return false
	}
	for _, c := range s.b.Columns {
		if i := k.parser.slot(c.Field); i >= 0 && c.Field != 0 && k.doubtful(i) && c.Has(r) {
			continue
		} else if i >= 0 && c.Field != 0 && k.doubtful(i) {
			return true
		}
	}
	for i := range k.rates { // a field that no event of the batch has is no column of it
		if k.doubtful(i) && k.present[i] == 0 {
			return true
		}
	}
	return false
}

// doubtful says whether a share is under suspicion, or being compared with that of an older version.
func (k *key) doubtful(i int) bool {
	return k.rates[i].suspect() || k.prior != nil && k.prior[i] <= mostlyThere
}

// line is a row's masked line.
func (s *scan) line(r int) Sample {
	var out Sample
	if m := s.message; m != nil && m.Has(r) {
		out.Text = short(string(m.Text(m.Rank(r), r, m)))
	}
	if c := s.b.Column(uint32(ecs.LogcenterPosition)); c != nil && c.Has(r) {
		out.EventID = store.EventID{Journal: s.b.Journal, Partition: s.b.Partition, Position: c.Int(c.Rank(r))}.String()
	}
	return out
}

func short(text string) string {
	if len(text) <= maxSample {
		return text
	}
	return strings.ToValidUTF8(text[:maxSample], "") + "…"
}
