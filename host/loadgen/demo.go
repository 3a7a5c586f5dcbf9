package loadgen

import (
	"bytes"
	"net/netip"
	"time"
)

// Demo makes the traffic of a bank in which little happens, so that the alerts of an hour can be read: the generator's own
// mix, which is for measuring, has an IPS at work without end and power supplies that fail by the minute. Its web servers
// stand behind a WAF, and somebody patient tries one of them so slowly that neither the WAF nor a rule sees an attack.
// It is for one goroutine.
type Demo struct {
	lines   *Generator
	broken  int // lines since a device has failed
	changed int // … since a device was configured when nobody should
	patient int // lines since the patient one has asked
	from    ip  // of the patient one
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

const (
	demoBroken  = 10000 // lines at least between two failures of devices
	demoChanged = 8000  // … between two changes of configurations out of hours
	demoPatient = 1600  // lines between two requests of the patient one
	demoAttacks = 1000  // that are remembered
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
		d.broken++
		d.changed++
		line := d.lines.Next(dst)
		has := func(mark string) bool { return bytes.Contains(line[len(dst):], []byte(mark)) }
		switch {
		case has("%%FW/ENV/0/"), has("%%FW/HA/1/"):
			if d.broken > demoBroken {
				d.broken = 0
				return line
			}
		case has("%%FW/CONFIG/") && !atWork(d.lines.clock.time()):
			if d.changed > demoChanged {
				d.changed = 0
				return line
			}
		default:
			return line
		}
		d.lines.made-- // as if it had not been made: the clock stays
	}
}

// shanghai is the zone of the bank.
var shanghai = time.FixedZone("Asia/Shanghai", 8*3600)

// atWork says whether the bank's administrators are at work, by their own clocks: those of Shanghai, wherever the demo runs.
func atWork(t time.Time) bool {
	t = t.In(shanghai)
	return t.Hour() >= 7 && t.Hour() < 21 && t.Weekday() != time.Saturday && t.Weekday() != time.Sunday
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
