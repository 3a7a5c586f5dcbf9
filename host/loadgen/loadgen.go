// Package loadgen makes realistic log traffic: the firewall, intrusion prevention, web server and, if asked for, web
// application firewall lines of a small bank that is under attack now and then.
//
// Everything in the lines is made up: people, passwords, cards and identity numbers come from a random
// source, outside addresses from the documentation ranges of RFC 5737 unless [Options.PublicAddresses]
// is set. One seed gives one stream of lines, byte for byte, on every machine. What a line contains
// that must not survive masking is told to [Options.OnLine].
package loadgen

import (
	"math"
	"net/netip"
	"time"
)

// Format is the device whose way of writing a line has.
type Format uint8

const (
	// Firewall is a DPtech firewall line: <PRI>TIMESTAMP HOSTNAME%%AAA/BBB/C/DDD: YYYY.
	Firewall Format = iota
	// IPS is an NSFOCUS intrusion prevention line: time:…;danger_degree:…;… .
	IPS
	// Web is an nginx access line: the combined format and the request time in seconds behind it.
	Web
	// WAF is a line of F5's web application firewall: the key-value pairs of ASM behind a syslog header.
	WAF

	formats = 4
)

// String is the short name of the format in samples and reports.
func (f Format) String() string {
	return [formats]string{"dptech", "nsfocus", "nginx", "f5"}[f]
}

// Mix weighs the formats against each other by lines; only ratios count. The zero Mix is {5, 2, 3, 0}.
type Mix struct {
	Firewall, IPS, Web uint16
	// WAF puts a web application firewall in front of the web servers: beside lines of its own it writes those of the requests
	// of an attack that it stops, which web servers then do not see.
	WAF uint16
}

// Options say what a Generator makes. The zero value is usable.
type Options struct {
	// Seed selects the stream of lines; equal options make equal lines.
	Seed uint64
	// Start is the time of the first line and fixes the zone offset of the device clocks for all of
	// them. Zero is 2026-10-11 12:00:00 +08:00.
	Start time.Time
	// Rate is how many lines fall into one second of event time; it does not slow the generator down.
	// Zero or less is 500.
	Rate float64
	// Spread is how far the clock of a line may lie behind the even course of Rate, so that times are
	// not in order, as from several devices. Zero is none.
	Spread time.Duration
	// Mix is the share of each format.
	Mix Mix
	// Attacks is the share of lines that belong to a woven-in attack, at most 0.25. Attacks come in
	// bursts with quiet between them. Zero is 0.03; a negative value means none.
	Attacks float64
	// Malformed is the share of lines that are cut off or damaged, at most 1. Zero is 0.001; a negative
	// value means none.
	Malformed float64
	// PublicAddresses draws outside addresses from the whole public IPv4 space in place of the
	// documentation ranges, so that a GeoIP database finds something. They are random, not observed.
	PublicAddresses bool
	// OnLine, when set, is called after each line is made. The Line and what it refers to are only valid
	// during the call.
	OnLine func(*Line)
}

// Line describes a line that was made. It belongs to the generator.
type Line struct {
	// Bytes is the line without a newline, valid UTF-8.
	Bytes []byte
	// Format is the device that writes so; a malformed line keeps the format it was meant to have.
	Format Format
	// Host is the machine that writes the line. Web lines do not carry it: it is in the path of their file.
	Host string
	// Time is the event time that the line shows, in whole seconds.
	Time time.Time
	// Attack names the woven-in attack that the line belongs to: "port scan", "firewall login",
	// "vpn login", "sql injection", "cross-site scripting", "path traversal" or, of a [Demo], "slow sql injection". Empty for other lines.
	Attack string
	// Attacker is the address that the attack comes from; zero for other lines.
	Attacker netip.Addr
	// Malformed says that the line was cut off or damaged.
	Malformed bool
	// Secrets are the parts of the line that must not survive masking, in order.
	Secrets []Secret
}

// SecretKind says what is secret about a Secret.
type SecretKind uint8

const (
	// Password is masked as a whole. The keys in front of one are password=, passwd= and 密码=.
	Password SecretKind = iota + 1
	// Card is an account number of 16 or 19 digits with a valid Luhn check digit; its middle is masked.
	Card
	// Identity is an ID-card number of 18 characters with a valid check digit (GB 11643); its middle is masked.
	Identity
)

// String names the kind.
func (k SecretKind) String() string {
	return [...]string{"none", "password", "card", "identity"}[k]
}

// Secret is a part of a line, as it stands there (percent-encoded where the line is).
type Secret struct {
	Kind  SecretKind
	Value []byte // aliases Line.Bytes
}

// maxSecrets bounds the secrets of one line.
const maxSecrets = 4

// Generator makes lines. It is not safe for concurrent use.
type Generator struct {
	opt   Options
	rnd   random
	clock clock
	addr  addresses
	made  uint64 // lines so far

	step      float64 // nanoseconds of event time between lines
	startNano int64
	ipsFrom   uint32 // a random 16-bit number below it makes a Firewall line,
	webFrom   uint32 // below this one an IPS line
	wafFrom   uint32 // below this one a Web line, any other a WAF line
	malformed uint32 // threshold on a random 32-bit number

	network  scene // attacks on the firewall's lines
	requests scene // attacks on web applications, seen by IPS and web server alike

	line     Line
	attacker ip  // of a line with an attack
	base     int // where the line under construction starts in dst
	spans    [maxSecrets]span
	spanN    int
	secrets  [maxSecrets]Secret
}

// span is a secret while its line is made: dst may still move.
type span struct {
	kind       SecretKind
	start, end int // relative to the line
}

// New returns a generator for o.
func New(o Options) *Generator {
	if o.Start.IsZero() {
		o.Start = time.Date(2026, 10, 11, 12, 0, 0, 0, time.FixedZone("", 8*3600))
	}
	if o.Rate <= 0 {
		o.Rate = 500
	}
	if o.Mix == (Mix{}) {
		o.Mix = Mix{Firewall: 5, IPS: 2, Web: 3}
	}
	o.Attacks = share(o.Attacks, 0.03, 0.25)
	o.Malformed = share(o.Malformed, 0.001, 1)

	_, offset := o.Start.Zone()
	g := &Generator{
		opt:       o,
		rnd:       newRandom(o.Seed),
		clock:     newClock(offset),
		step:      float64(time.Second) / o.Rate,
		startNano: o.Start.UnixNano(),
		malformed: uint32(o.Malformed * math.MaxUint32),
	}
	g.addr = addresses{public: o.PublicAddresses, seed: o.Seed}
	firewall, ips := uint64(o.Mix.Firewall), uint64(o.Mix.IPS)
	web := uint64(o.Mix.Web)
	total := firewall + ips + web + uint64(o.Mix.WAF)
	g.ipsFrom = uint32(firewall << 16 / total)
	g.webFrom = uint32((firewall + ips) << 16 / total)
	g.wafFrom = uint32((firewall + ips + web) << 16 / total)
	g.network.init(g, networkAttacks[:])
	g.requests.init(g, requestAttacks[:])
	return g
}

// share applies the default and the bounds of a share of lines.
func share(v, zero, most float64) float64 {
	switch {
	case v == 0:
		return zero
	case v < 0:
		return 0
	default:
		return min(v, most)
	}
}

// Next appends one line without a newline to dst and returns the extended slice. It allocates only
// where dst is too small; lines are under 1,500 bytes.
func (g *Generator) Next(dst []byte) []byte {
	format := WAF
	switch f := g.rnd.bits(16); {
	case f < g.ipsFrom:
		format = Firewall
	case f < g.webFrom:
		format = IPS
	case f < g.wafFrom:
		format = Web
	}
	return g.next(dst, format)
}

func (g *Generator) next(dst []byte, format Format) []byte {
	g.tick()
	g.base, g.spanN = len(dst), 0
	g.line.Format, g.line.Attack, g.line.Malformed = format, "", false
	switch format {
	case Firewall:
		dst = g.firewallLine(dst)
	case IPS:
		dst = g.ipsLine(dst)
	case WAF:
		dst = g.wafLine(dst)
	default:
		dst = g.webLine(dst)
	}
	if g.malformed > 0 && g.rnd.bits(32) < g.malformed {
		dst = g.damage(dst)
	}
	if g.opt.OnLine != nil {
		g.report(dst)
	}
	return dst
}

// tick sets the clock to the time of the next line.
func (g *Generator) tick() {
	at := g.startNano + int64(float64(g.made)*g.step)
	g.made++
	if g.opt.Spread > 0 {
		at -= int64(g.rnd.below64(uint64(g.opt.Spread)))
	}
	g.clock.set(at)
}

func (g *Generator) report(dst []byte) {
	g.line.Bytes = dst[g.base:]
	g.line.Time = g.clock.time()
	g.line.Attacker = netip.Addr{}
	if g.line.Attack != "" {
		g.line.Attacker = g.attacker.addr()
	}
	for i, s := range g.spans[:g.spanN] {
		g.secrets[i] = Secret{Kind: s.kind, Value: g.line.Bytes[s.start:s.end:s.end]}
	}
	g.line.Secrets = g.secrets[:g.spanN]
	g.opt.OnLine(&g.line)
}

// secret notes that the bytes of dst from start on are a secret of the line under construction.
func (g *Generator) secret(kind SecretKind, dst []byte, start int) {
	g.spans[g.spanN] = span{kind, start - g.base, len(dst) - g.base}
	g.spanN++
}
