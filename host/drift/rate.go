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

// rate is the share of bad lines among those of one key. The zero value has learned nothing.
type rate struct {
	Lines  float64 `json:"lines,omitempty"` // the baseline, faded
	Bad    float64 `json:"bad,omitempty"`
	Daily  float64 `json:"daily,omitempty"`  // bad lines, fading within a day
	Recent float64 `json:"recent,omitempty"` // share over about window lines

	// The suspicion: the sum, and what came since it left zero.
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
	return r.Bad / r.Lines
}

// expected is the share that a suspicion is measured by: never quite none or all, as a baseline is finite.
func (r *rate) expected() float64 { return max((r.Bad+0.5)/(r.Lines+1), leastShare) }

// since is the share of bad lines since the suspicion began.
func (r *rate) since() float64 {
	if r.N == 0 {
		return 0
	}
	return r.X / r.N
}

func (r *rate) learned(l *limits) bool { return r.Lines >= l.learn }

// judged says whether a worse share would be a drift: there is a baseline, and room for the effect.
func (r *rate) judged(l *limits) bool {
	p := r.expected()
	return r.learned(l) && p <= l.worst && p+l.effect < 1
}

// see takes n further lines, x of them bad.
func (r *rate) see(n, x float64) {
	r.Recent += (x/n - r.Recent) * min(1, n/window)
}

// fold takes lines into the baseline.
func (r *rate) fold(n, x, weighted float64) {
	r.Lines, r.Bad, r.Daily = r.Lines+n, r.Bad+x, r.Daily+weighted
	if r.Lines > memory {
		r.Bad *= memory / r.Lines
		r.Lines = memory
	}
}

// unsuspect takes what was suspected into the baseline.
func (r *rate) unsuspect() {
	r.fold(r.N, r.X, r.Weighted)
	r.trust()
}

// trust drops the suspicion and what was seen under it.
func (r *rate) trust() { r.Sum, r.Since, r.N, r.X, r.Weighted = 0, 0, 0, 0, 0 }

// judge takes n lines, x of them bad, received at at, each of which stands for weight, and says whether that makes a
// drift, which must still go on. see was called for them. hours is how long the key is known.
func (r *rate) judge(l *limits, n, x, weight float64, at int64, hours float64) bool {
	if !r.judged(l) {
		r.unsuspect()
		r.fold(n, x, x*weight)
		return false
	}
	p0 := r.expected()
	p1 := p0 + l.effect
	r.Sum += x*math.Log(p1/p0) + (n-x)*math.Log((1-p1)/(1-p0))
	r.N, r.X, r.Weighted = r.N+n, r.X+x, r.Weighted+x*weight
	if r.Sum <= 0 {
		r.unsuspect()
		return false
	}
	r.Sum = min(r.Sum, 2*threshold) // else good times would take as long as the bad ones did
	if r.Since == 0 {
		r.Since = at
	}
	age := at - r.Since
	if r.Sum >= threshold && r.X >= l.lines && age >= l.persist {
		usual := r.Daily / min(max(hours, 1), 24)
		lately := r.Weighted / max(float64(age)/float64(time.Hour), 1.0/3600)
		goesOn := x >= n*p1 && r.Recent >= r.since()/2
		if r.since() >= p1 && lately >= busier*usual && goesOn {
			return true
		}
		if age >= int64(stale) {
			r.unsuspect()
		}
	}
	if r.N >= 2*l.learn && r.since() < p1 { // a little worse, for long
		r.unsuspect()
	}
	return false
}
