package drift

import (
	"math"
	"time"
)

const (
	// threshold is the sum at which chance is ruled out: under the usual share, lines that do not depend on each other
	// reach it once in e^20, half a billion lines, on average at the least.
	threshold = 20
	// memory is how many lines a baseline goes back: older ones fade.
	memory = 20000
	// window is how many lines the share of lately is about.
	window = 50
	// leastShare keeps a baseline without a bad line from making one such line the proof of another world.
	leastShare = 0.001
	// mostlyThere is the share of events that may lack a field which is nearly always there.
	mostlyThere = 0.1
	// busier is how many times as many bad lines an hour as usual a drift has.
	busier = 2
	// stale is how long a suspicion with enough lines is followed that is no drift for other reasons.
	stale = time.Hour
)

// limits are what a drift of one kind takes.
type limits struct {
	effect  float64 // by which a share must rise
	learn   float64 // lines of a baseline
	lines   float64 // bad ones of a drift
	persist int64   // ns
	worst   float64 // a baseline above is not judged
}

// rate is the share of bad lines among those of one key. The zero value has learned nothing. There are many of them, and
// each batch goes through all of its keys: so they are small, and what few have is apart.
type rate struct {
	Lines  float32 `json:"lines,omitempty"` // the baseline, faded
	Bad    float32 `json:"bad,omitempty"`
	Daily  float32 `json:"daily,omitempty"`  // bad lines, fading within a day
	Recent float32 `json:"recent,omitempty"` // share over about window lines
	// Doubt is the suspicion; nil, or with a Sum of 0, if there is none.
	Doubt *doubt `json:"doubt,omitempty"`
}

// doubt is a suspicion: the sum, and what came since it left zero.
type doubt struct {
	Sum      float64 `json:"sum,omitempty"`
	Since    int64   `json:"since,omitempty"`
	N        float64 `json:"n,omitempty"`
	X        float64 `json:"x,omitempty"`
	Weighted float64 `json:"weighted,omitempty"` // bad ones, with those that were not looked at
}

// usual is the baseline's share of bad lines.
func (r *rate) usual() float64 {
	if r.Lines == 0 {
		return 0
	}
	return float64(r.Bad) / float64(r.Lines)
}

// expected is the share that a suspicion is measured by: never quite none or all, as a baseline is finite.
func (r *rate) expected() float64 {
	return max((float64(r.Bad)+0.5)/(float64(r.Lines)+1), leastShare)
}

func (r *rate) suspect() bool { return r.Doubt != nil && r.Doubt.Sum > 0 }

// since is the share of bad lines since the suspicion began; 0 without one.
func (r *rate) since() float64 {
	if !r.suspect() {
		return 0
	}
	return r.Doubt.X / r.Doubt.N
}

func (r *rate) learned(l *limits) bool { return float64(r.Lines) >= l.learn }

// judged says whether a worse share would be a drift: there is a baseline, and room for the effect.
func (r *rate) judged(l *limits) bool {
	p := r.expected()
	return r.learned(l) && p <= l.worst && p+l.effect < 1
}

// see takes n further lines, x of them bad.
func (r *rate) see(n, x float64) {
	if x == 0 && r.Recent == 0 || x == n && r.Recent == 1 {
		return
	}
	r.Recent += float32((x/n - float64(r.Recent)) * min(1, n/window))
}

// fold takes lines into the baseline.
func (r *rate) fold(n, x, weighted float64) {
	r.Lines, r.Bad, r.Daily = r.Lines+float32(n), r.Bad+float32(x), r.Daily+float32(weighted)
	if r.Lines > memory {
		r.Bad *= memory / r.Lines
		r.Lines = memory
	}
}

// unsuspect takes what was suspected into the baseline.
func (r *rate) unsuspect() {
	if d := r.Doubt; d != nil && d.N > 0 {
		r.fold(d.N, d.X, d.Weighted)
		r.trust()
	}
}

// trust drops the suspicion and what was seen under it.
func (r *rate) trust() {
	if r.Doubt != nil {
		*r.Doubt = doubt{}
	}
}

// judge takes n lines, x of them bad, received at at, each of which stands for weight, and says whether that makes a
// drift, which must still go on. see was called for them. hours is how long the key is known.
func (r *rate) judge(l *limits, n, x, weight float64, at int64, hours float64) bool {
	if (x == 0 || x == n && r.Bad == r.Lines) && !r.suspect() { // as nearly all are: none bad, or all as ever
		r.fold(n, x, x*weight)
		return false
	}
	if !r.judged(l) {
		r.unsuspect()
		r.fold(n, x, x*weight)
		return false
	}
	p0 := r.expected()
	p1 := p0 + l.effect
	if r.Doubt == nil {
		r.Doubt = &doubt{}
	}
	d := r.Doubt
	d.Sum += x*math.Log(p1/p0) + (n-x)*math.Log((1-p1)/(1-p0))
	d.N, d.X, d.Weighted = d.N+n, d.X+x, d.Weighted+x*weight
	if d.Sum <= 0 {
		r.unsuspect()
		return false
	}
	d.Sum = min(d.Sum, 2*threshold) // else good times would take as long as the bad ones did
	if d.Since == 0 {
		d.Since = at
	}
	age := at - d.Since
	if d.Sum >= threshold && d.X >= l.lines && age >= l.persist {
		usual := float64(r.Daily) / min(max(hours, 1), 24)
		lately := d.Weighted / max(float64(age)/float64(time.Hour), 1.0/3600)
		goesOn := x >= n*p1 && float64(r.Recent) >= r.since()/2
		if r.since() >= p1 && lately >= busier*usual && goesOn {
			return true
		}
		if age >= int64(stale) {
			r.unsuspect()
		}
	}
	if d.N >= 2*l.learn && r.since() < p1 { // a little worse, for long
		r.unsuspect()
	}
	return false
}
