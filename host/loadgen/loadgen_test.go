package loadgen_test

import (
	"bytes"
	"errors"
	"math/big"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/loadgen"
)

// copied is a Line that outlives its callback.
type copied struct {
	loadgen.Line
	text string
}

// collect makes n lines with o.
func collect(o loadgen.Options, n int) []copied {
	lines := make([]copied, 0, n)
	o.OnLine = func(l *loadgen.Line) {
		c := copied{Line: *l, text: string(l.Bytes)}
		c.Secrets = nil
		for _, s := range l.Secrets {
			c.Secrets = append(c.Secrets, loadgen.Secret{Kind: s.Kind, Value: bytes.Clone(s.Value)})
		}
		lines = append(lines, c)
	}
	g := loadgen.New(o)
	var buf []byte
	for range n {
		buf = g.Next(buf[:0])
	}
	return lines
}

func text(o loadgen.Options, n int) string {
	g := loadgen.New(o)
	var buf []byte
	for range n {
		buf = append(g.Next(buf), '\n')
	}
	return string(buf)
}

func TestEqualOptionsMakeEqualLines(t *testing.T) {
	o := loadgen.Options{Seed: 7, Spread: time.Minute, Malformed: 0.05}
	once := text(o, 5000)
	assert.Equal(t, once, text(o, 5000))

	var joined strings.Builder
	for _, l := range collect(o, 5000) {
		joined.WriteString(l.text + "\n")
	}
	assert.Equal(t, once, joined.String(), "OnLine or the capacity of dst changes the lines")

	o.Seed = 8
	assert.NotEqual(t, once, text(o, 5000))
}

var (
	dptech = regexp.MustCompile(`^<(\d+)>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d ([a-z][a-z0-9-]+)%%FW/([A-Z]+)/([0-7])/(SYSLOG|OPERLOG|DATALOG): \S.*;$`)

	nsfocus = regexp.MustCompile(`^time:\d{4}-\d\d-\d\d \d\d:\d\d:\d\d;danger_degree:[123];breaking_sighn:[01];` +
		`event:'\[\d{5}\][^']+';src_addr:[\d.]+;src_port:\d+;dst_addr:[\d.]+;dst_port:\d+;proto:'(TCP|UDP|ICMP)'$`)

	nginx = regexp.MustCompile(`^[\d.]+ - (-|[a-z]+\d+) \[\d\d/[A-Z][a-z][a-z]/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] ` +
		`"(GET|POST|HEAD) /[^" ]* HTTP/1\.1" \d{3} \d+ "(-|https://[^" ]+)" "[^"]+" \d+\.\d{3}$`)
)

func TestShapeOfEachFormat(t *testing.T) {
	modules := map[string]int{}
	dialects := map[string]int{}
	punctuated := 0
	for _, l := range collect(loadgen.Options{Seed: 1, Malformed: -1}, 50_000) {
		require.True(t, utf8.ValidString(l.text))
		require.NotContains(t, l.text, "\n")
		switch l.Format {
		case loadgen.Firewall:
			m := dptech.FindStringSubmatch(l.text)
			require.NotNil(t, m, l.text)
			pri, err := strconv.Atoi(m[1])
			require.NoError(t, err)
			require.Equal(t, m[4], strconv.Itoa(pri%8), "severity of PRI and of the head: %s", l.text)
			require.Equal(t, 23, pri/8, l.text)
			require.Equal(t, l.Host, m[2])
			modules[m[3]]++
			dialects[m[5]]++
		case loadgen.IPS:
			require.Regexp(t, nsfocus, l.text)
			event := l.text[strings.Index(l.text, "'")+1:]
			if strings.ContainsAny(event[:strings.Index(event, "'")], ";:") {
				punctuated++
			}
		default:
			require.Regexp(t, nginx, l.text)
		}
	}
	for _, m := range []string{"SESSION", "TRAFFIC", "NAT", "ATTACK", "URL", "LOGIN", "VPN", "CONFIG", "SYSTEM", "HA", "IFNET", "NTP", "ENV"} {
		assert.Positive(t, modules[m], m)
	}
	for _, d := range []string{"SYSLOG", "OPERLOG", "DATALOG"} {
		assert.Positive(t, dialects[d], d)
	}
	assert.Positive(t, punctuated, "no event with ; or : within its quotes")
}

func TestShares(t *testing.T) {
	const n = 300_000
	for _, tt := range []struct {
		name string
		mix  loadgen.Mix
		want [3]float64
	}{
		{"default", loadgen.Mix{}, [3]float64{0.5, 0.2, 0.3}},
		{"one format", loadgen.Mix{Web: 1}, [3]float64{0, 0, 1}},
		{"largest weights", loadgen.Mix{Firewall: 65535, IPS: 65535}, [3]float64{0.5, 0.5, 0}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var lines, size [3]float64
			var attacks, malformed float64
			for _, l := range collect(loadgen.Options{Mix: tt.mix, Attacks: 0.1, Malformed: 0.02}, n) {
				lines[l.Format]++
				size[l.Format] += float64(len(l.text))
				if l.Attack != "" {
					attacks++
				}
				if l.Malformed {
					malformed++
				}
			}
			for f, want := range tt.want {
				assert.InDelta(t, want, lines[f]/n, 0.005, loadgen.Format(f))
			}
			assert.InDelta(t, 0.1, attacks/n, 0.01)
			assert.InDelta(t, 0.02, malformed/n, 0.002)
			if lines[loadgen.Firewall] > 0 {
				average := size[loadgen.Firewall] / lines[loadgen.Firewall]
				assert.True(t, average >= 190 && average <= 220, "a firewall line has %.0f bytes", average)
			}
		})
	}
}

func TestDefaultAndNoneOfRareLines(t *testing.T) {
	count := func(o loadgen.Options) (attacks, malformed int) {
		for _, l := range collect(o, 100_000) {
			if l.Attack != "" {
				attacks++
			}
			if l.Malformed {
				malformed++
			}
		}
		return attacks, malformed
	}
	attacks, malformed := count(loadgen.Options{})
	assert.InDelta(t, 3000, attacks, 800)
	assert.InDelta(t, 100, malformed, 50)
	attacks, malformed = count(loadgen.Options{Attacks: -1, Malformed: -1})
	assert.Zero(t, attacks)
	assert.Zero(t, malformed)
}

func TestTimes(t *testing.T) {
	zone := time.FixedZone("", -(3*3600 + 1800))
	start := time.Date(2026, 12, 31, 23, 59, 50, 0, zone)
	last := start
	for i, l := range collect(loadgen.Options{Start: start, Rate: 10, Malformed: -1}, 200) {
		want := start.Add(time.Duration(i) * 100 * time.Millisecond).Truncate(time.Second)
		require.True(t, l.Time.Equal(want), "line %d has %s, not %s", i, l.Time, want)
		require.False(t, l.Time.Before(last))
		last = l.Time
		if l.Format == loadgen.Web {
			require.Contains(t, l.text, "["+want.Format("02/Jan/2006:15:04:05 -0700")+"]")
		} else {
			require.Contains(t, l.text, want.Format("2006-01-02 15:04:05"))
		}
	}
	require.Equal(t, 2027, last.Year())

	late := 0
	for i, l := range collect(loadgen.Options{Start: start, Rate: 1000, Spread: time.Hour}, 5000) {
		behind := start.Add(time.Duration(i) * time.Millisecond).Sub(l.Time)
		require.True(t, behind >= 0 && behind <= time.Hour+time.Second, behind)
		if behind > 30*time.Minute {
			late++
		}
	}
	assert.InDelta(t, 2500, late, 250)
}

var dotted = regexp.MustCompile(`\d+\.\d+\.\d+\.\d+`)

func addressesIn(t *testing.T, line string) (found []netip.Addr) {
	t.Helper()
	line = strings.ReplaceAll(line, "Chrome/141.0.0.0", "")
	for _, s := range dotted.FindAllString(line, -1) {
		a, err := netip.ParseAddr(s)
		require.NoError(t, err, line)
		found = append(found, a)
	}
	return found
}

func TestAddressesAreInsideOrDocumentation(t *testing.T) {
	seen := map[netip.Prefix]int{}
	for _, l := range collect(loadgen.Options{Malformed: -1}, 50_000) {
	next:
		for _, a := range addressesIn(t, l.text) {
			for _, allowed := range []string{"10.0.0.0/8", "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24"} {
				if p := netip.MustParsePrefix(allowed); p.Contains(a) {
					seen[p]++
					continue next
				}
			}
			t.Fatalf("%s in %s", a, l.text)
		}
	}
	assert.Len(t, seen, 4)
}

func TestPublicAddresses(t *testing.T) {
	outside := map[netip.Addr]bool{}
	tops := map[byte]bool{}
	for _, l := range collect(loadgen.Options{Malformed: -1, PublicAddresses: true, Mix: loadgen.Mix{Web: 1}}, 50_000) {
		a := addressesIn(t, l.text)[0]
		if a.IsPrivate() {
			require.Equal(t, byte(10), a.As4()[0], l.text)
			continue
		}
		require.True(t, a.IsGlobalUnicast(), a)
		for _, reserved := range []string{"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4"} {
			require.False(t, netip.MustParsePrefix(reserved).Contains(a), a)
		}
		outside[a], tops[a.As4()[0]] = true, true
	}
	assert.Greater(t, len(outside), 10_000)
	assert.Greater(t, len(tops), 200)
}

func TestAttacks(t *testing.T) {
	names := map[string]int{}
	bursts := map[string]map[string]int{} // attack and source
	succeeded := map[string]int{}
	for _, l := range collect(loadgen.Options{Malformed: -1, Attacks: 0.25}, 100_000) {
		if l.Attack == "" {
			continue
		}
		names[l.Attack]++
		if bursts[l.Attack] == nil {
			bursts[l.Attack] = map[string]int{}
		}
		bursts[l.Attack][addressesIn(t, l.text)[0].String()]++
		if strings.Contains(l.text, "result=success") {
			succeeded[l.Attack]++
		}
	}
	require.Len(t, names, 6)
	for name, sources := range bursts {
		assert.GreaterOrEqual(t, names[name]/len(sources), 20, "%s is no burst", name)
	}
	assert.Positive(t, succeeded["firewall login"])
	assert.Positive(t, succeeded["vpn login"])
	assert.Less(t, succeeded["vpn login"]*20, names["vpn login"])
}

func TestApplicationHostsWriteLines(t *testing.T) {
	thirty, all := regexp.MustCompile(`^app[0-2][0-9]$`), map[string]bool{}
	matched := 0
	for _, l := range collect(loadgen.Options{}, 50_000) {
		if strings.HasPrefix(l.Host, "app") {
			all[l.Host] = true
			if thirty.MatchString(l.Host) {
				matched++
			}
		}
	}
	assert.Len(t, all, 99)
	assert.Positive(t, matched)
}

var (
	passwordIn = regexp.MustCompile(`(?:password|passwd|密码)=([^;& ]+)`)
	numberIn   = regexp.MustCompile(`[0-9]{15,}[0-9X]`)
)

func TestSecretsAreAllNoted(t *testing.T) {
	for _, malformed := range []float64{-1, 1} {
		kinds := map[loadgen.SecretKind]int{}
		passwords := map[string]bool{}
		for _, l := range collect(loadgen.Options{Malformed: malformed}, 100_000) {
			var want, got []string
			for _, m := range passwordIn.FindAllStringSubmatch(l.text, -1) {
				want = append(want, m[1])
			}
			want = append(want, numberIn.FindAllString(l.text, -1)...)
			for _, s := range l.Secrets {
				got = append(got, string(s.Value))
				kinds[s.Kind]++
				switch s.Kind {
				case loadgen.Card:
					require.True(t, luhnHolds(s.Value), "%s in %s", s.Value, l.text)
				case loadgen.Identity:
					require.True(t, identityHolds(t, string(s.Value)), "%s in %s", s.Value, l.text)
				default:
					require.GreaterOrEqual(t, len(s.Value), 9, l.text)
					passwords[string(s.Value)] = true
				}
			}
			require.Equal(t, want, got, l.text)
		}
		for k := loadgen.Password; k <= loadgen.Identity; k++ {
			assert.Positive(t, kinds[k], k)
		}
		assert.Len(t, passwords, kinds[loadgen.Password], "a password occurs twice")
	}
}

// luhnHolds checks a whole number: the digits, every other one doubled, add up to a multiple of ten.
func luhnHolds(number []byte) bool {
	sum := 0
	for i, c := range number {
		d := strconv.Itoa(int(c-'0') * (1 + (len(number)-1-i)%2))
		for _, x := range d {
			sum += int(x - '0')
		}
	}
	return sum%10 == 0 && (len(number) == 16 || len(number) == 19)
}

// identityHolds checks a whole number as GB 11643 (ISO 7064 MOD 11-2) says: digits read to base 2, 1 modulo 11.
func identityHolds(t *testing.T, number string) bool {
	t.Helper()
	require.Len(t, number, 18)
	_, err := time.Parse("20060102", number[6:14])
	require.NoError(t, err, number)
	sum := big.NewInt(0)
	for _, c := range number {
		d := int64(c - '0')
		if c == 'X' {
			d = 10
		}
		sum.Add(sum.Lsh(sum, 1), big.NewInt(d))
	}
	return new(big.Int).Mod(sum, big.NewInt(11)).Int64() == 1
}

func TestMalformedLinesAreDamagedAndNotEmpty(t *testing.T) {
	broken := 0
	for _, l := range collect(loadgen.Options{Malformed: 1}, 20_000) {
		require.NotEmpty(t, l.text)
		require.True(t, utf8.ValidString(l.text), "%q", l.text)
		require.True(t, l.Malformed)
		if !dptech.MatchString(l.text) && !nsfocus.MatchString(l.text) && !nginx.MatchString(l.text) {
			broken++
		}
	}
	assert.Greater(t, broken, 18_000)
}

func TestNextDoesNotAllocate(t *testing.T) {
	secrets := 0
	g := loadgen.New(loadgen.Options{OnLine: func(l *loadgen.Line) { secrets += len(l.Secrets) }})
	buf := make([]byte, 0, 4096)
	for range 20_000 { // the account of an attacker grows once
		buf = g.Next(buf[:0])
	}
	assert.Zero(t, testing.AllocsPerRun(20_000, func() { buf = g.Next(buf[:0]) }))
	assert.Positive(t, secrets)
}

func TestWriteFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "traffic.log")
	const size = 1 << 20
	var told []int64
	g := loadgen.New(loadgen.Options{Seed: 3})
	written, err := g.WriteFile(path, size, func(n int64) { told = append(told, n) })
	require.NoError(t, err)

	body, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Len(t, body, int(written))
	assert.True(t, written >= size && written < size+1500, written)
	lines := strings.Count(string(body), "\n")
	assert.Equal(t, text(loadgen.Options{Seed: 3}, lines), string(body))
	require.GreaterOrEqual(t, len(told), 4)
	assert.IsIncreasing(t, told)
	assert.Equal(t, written, told[len(told)-1])

	_, err = g.WriteFile(filepath.Join(path, "below-a-file"), 1, nil)
	require.ErrorContains(t, err, "below-a-file")
}

type fullDisk struct{ left int }

var errFull = errors.New("no space left")

func (d *fullDisk) Write(p []byte) (int, error) {
	if len(p) > d.left {
		return d.left, errFull
	}
	d.left -= len(p)
	return len(p), nil
}

func TestWriteTellsWhatWasWritten(t *testing.T) {
	written, err := loadgen.New(loadgen.Options{}).Write(&fullDisk{left: 300_000}, 1<<20, nil)
	require.ErrorIs(t, err, errFull)
	assert.Equal(t, int64(300_000), written)
}

func TestLongLine(t *testing.T) {
	told := 0
	g := loadgen.New(loadgen.Options{OnLine: func(l *loadgen.Line) { told = len(l.Bytes) }})
	for _, size := range []int{400, 64 << 10, 1 << 20} {
		line := g.LongLine([]byte("before"), size)
		require.Len(t, line, len("before")+size)
		assert.Equal(t, size, told)
		assert.Regexp(t, nginx, string(line[len("before"):]))
	}
}

func BenchmarkNext(b *testing.B) {
	g := loadgen.New(loadgen.Options{})
	buf := make([]byte, 0, 4096)
	var size int64
	b.ReportAllocs()
	for b.Loop() {
		buf = g.Next(buf[:0])
		size += int64(len(buf))
	}
	b.SetBytes(size / int64(b.N))
}
