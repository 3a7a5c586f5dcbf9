package loadgen

import (
	"bytes"
	"net/netip"
	"slices"
	"time"
)

// Demo makes the traffic of a bank in which little happens, so that the alerts of an hour can be read: the generator's own
// mix, which is for measuring, has an IPS at work without end, power supplies that fail by the minute, and firewalls that are
// configured by the minute, at any hour. Its web servers stand behind a WAF, and somebody patient tries one of them so
// slowly that neither the WAF nor a rule sees an attack.
// It is for one goroutine.
type Demo struct {
	lines   *Generator
	since   [len(rarities)]int // lines since one of the kind
	patient int                // lines since the patient one has asked
	from    ip                 // of the patient one
	asked   int
	attacks []WovenAttack
}

// WovenAttack is an attack that a [Demo] wove into its lines.
type WovenAttack struct {
	Name        string
	From        netip.Addr
	Host        string // that wrote its first line; empty if that line does not say
	First, Last time.Time
	Lines       int
}

// rarities are kinds of lines that alerts are raised of, and how many lines lie between two of a kind at least.
var rarities = [...]struct {
	marks []string
	apart int
}{
	{[]string{"%%FW/ENV/0/", "%%FW/HA/1/"}, 10000}, // a device fails
	{[]string{"%%FW/CONFIG/"}, 4000},               // a device is configured, which by night is told
}

const (
	demoPatient = 1600 // lines between two requests of the patient one
	demoAttacks = 1000 // that are remembered
)

// probes are what the patient one asks, a question at a time.
var probes = [...]string{
	"/product/list?page=1&size=20&sort=id", "/product/list?page=1&size=20&sort=id%20desc", "/product/list?page=1&size=20&sort=(select%201)",
	"/product/list?page=1&size=20&sort=if(1=1,id,price)", "/product/list?page=1&size=20&sort=if(1=2,id,price)", "/product/list?page=1&size=20&sort=if(user()=0,id,price)",
}

// NewDemo returns a Demo whose first line is of start, at rate lines a second of event time. Equal arguments make equal lines.
func NewDemo(seed uint64, start time.Time, rate float64) *Demo {
	d := &Demo{}
	d.lines = New(Options{
		Seed: seed, Start: start, Rate: rate, PublicAddresses: true, Attacks: 0.005, Mix: Mix{Firewall: 600, IPS: 5, Web: 380, WAF: 15},
		OnLine: d.note,
	})
	d.from = d.lines.outside()
	return d
}

// note remembers attacks.
func (d *Demo) note(l *Line) {
	if l.Attack == "" {
		return
	}
	for i := len(d.attacks) - 1; i >= 0; i-- {
		if a := &d.attacks[i]; a.From == l.Attacker && a.Name == l.Attack {
			a.Last = l.Time
			a.Lines++
			return
		}
	}
	if len(d.attacks) == demoAttacks {
		return
	}
	a := WovenAttack{Name: l.Attack, From: l.Attacker, First: l.Time, Last: l.Time, Lines: 1}
	if l.Format != Web && l.Format != IPS {
		a.Host = l.Host
	}
	d.attacks = append(d.attacks, a)
}

// Attacks are those of the lines so far, in the order in which they began; of very many the first. The slice belongs to d.
func (d *Demo) Attacks() []WovenAttack { return d.attacks }

// Next appends a line without a newline.
func (d *Demo) Next(dst []byte) []byte {
	if d.patient++; d.patient >= demoPatient {
		d.patient = 0
		d.asked++
		return d.lines.probe(dst, d.from, probes[(d.asked-1)%len(probes)])
	}
	for {
		line := d.lines.Next(dst)
		if d.fits(line[len(dst):]) {
			return line
		}
		d.lines.made-- // as if it had not been made: the clock stays
	}
}

// fits says whether a line comes late enough after those of its kind.
func (d *Demo) fits(line []byte) bool {
	fits := true
	for i := range rarities {
		d.since[i]++
		if slices.ContainsFunc(rarities[i].marks, func(mark string) bool { return bytes.Contains(line, []byte(mark)) }) {
			if fits = d.since[i] > rarities[i].apart; fits {
				d.since[i] = 0
			}
		}
	}
	return fits
}

// probe is a request of somebody patient, which the WAF thinks nothing of.
func (g *Generator) probe(dst []byte, from ip, target string) []byte {
	g.tick()
	g.base, g.spanN = len(dst), 0
	g.line.Format, g.line.Attack, g.line.Malformed = WAF, "slow sql injection", false
	g.attacker = from
	dst = g.decision(dst, &harmless, from, ipOf(10, 2, 0, 11), "GET", target, agents[0], "passed")
	g.report(dst)
	return dst
}
