package query_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/sdk/query"
	"github.com/logcenter/logcenter/sdk/wire"
)

// corpus makes about a megabyte of lines of the log standard's shapes, grouped by parser as finished batches
// are: firewall, intrusion prevention, web server.
func corpus(tb testing.TB) (b *wire.Batch, megabytes float64) {
	tb.Helper()
	r := rand.New(rand.NewPCG(5, 6))
	ip := func() netip.Addr {
		return netip.AddrFrom4([4]byte{10, byte(r.IntN(4)), byte(r.IntN(256)), byte(r.IntN(256))})
	}
	users := []string{"zhangsan", "lisi", "admin", "root", "wangwu", "operator"}
	paths := []string{"/index.html", "/api/v1/accounts", "/login", "/static/app.js", "/transfer?amount=100", "/images/logo.png"}
	var events []event
	add := func(kind string, n int, line func() string) {
		for range n {
			e := event{
				"message": line(), "observer.type": kind, "event.dataset": "test." + kind, "source.ip": ip(),
				"source.port": int64(1024 + r.IntN(60000)), "user.name": users[r.IntN(len(users))],
				"log.level": []string{"Info", "Warn", "Error"}[r.IntN(3)],
			}
			events = append(events, e)
		}
	}
	add("firewall", 2200, func() string {
		result := "succeeded"
		if r.IntN(20) == 0 {
			result = []string{"Fail", "Bad password", "Error code 5"}[r.IntN(3)]
		}
		return fmt.Sprintf("<134>2026-10-11 08:%02d:%02d fw-core-%02d%%%%FW/SESSION/6/OPERLOG: user %s login %s; srcIP=%s; srcPort=%d; dstIP=%s; dstPort=443; protocol=TCP; policy=permit-web; session=%d",
			r.IntN(60), r.IntN(60), r.IntN(8), users[r.IntN(len(users))], result, ip(), r.IntN(65536), ip(), r.IntN(1<<30))
	})
	add("ips", 2000, func() string {
		return fmt.Sprintf("time:2026-10-11 08:%02d:%02d;danger_degree:%d;breaking_sighn:%d;event:'[%d]Web服务远程SQL注入攻击可疑行为';src_addr:%s;src_port:%d;dst_addr:%s;dst_port:80;proto:'HTTP'",
			r.IntN(60), r.IntN(60), 1+r.IntN(3), r.IntN(2), 20000+r.IntN(3000), ip(), r.IntN(65536), ip())
	})
	add("web", 1800, func() string {
		return fmt.Sprintf(`%s - - [11/Oct/2026:08:%02d:%02d +0800] "GET %s HTTP/1.1" %d %d "https://bank.example/" "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/129.0 Safari/537.36"`,
			ip(), r.IntN(60), r.IntN(60), paths[r.IntN(len(paths))], []int{200, 200, 200, 304, 404, 500}[r.IntN(6)], r.IntN(50000))
	})
	b = batchOf(tb, events, asDict)
	return b, float64(len(b.Columns[0].Data)) / 1e6
}

func BenchmarkMatch(b *testing.B) {
	batch, mb := corpus(b)
	for _, bm := range []struct{ name, text string }{
		{"field", "observer.type:firewall"},
		{"keywords-one-device", "observer.type:firewall AND (Fail OR Bad OR Error)"},
		{"keywords-all", "Fail OR Bad OR Error"},
		{"word", "succeeded"},
		{"rare-word", "nosuchword"},
		{"short", "5"},
		{"chinese", "注入攻击"},
		{"address-text", "10.1.2.3"},
		{"prefix", "perm*"},
		{"wildcard", "*sword"},
		{"regex-text", "/sess.+0$/"},
		{"regex-no-literal", "/[0-9]{9}/"},
		{"cidr", "source.ip:10.1.0.0/16"},
		{"range", "source.port:[1 TO 2048]"},
		{"keyword-regex", "user.name:/^(zhang|li)/"},
		{"ten-words", "Fail OR Bad OR Error OR denied OR refused OR timeout OR injection OR overflow OR virus OR trojan"},
	} {
		b.Run(bm.name, func(b *testing.B) {
			m := compile(b, bm.text)
			var out []uint64
			for b.Loop() {
				out = m.Match(batch, out)
			}
			b.ReportMetric(b.Elapsed().Seconds()*1e3/float64(b.N)/mb, "ms/MB")
		})
	}
}

// BenchmarkSet has keyword rules as alerting has them; their number should cost little while few match.
func BenchmarkSet(b *testing.B) {
	batch, mb := corpus(b)
	for _, n := range []int{1, 10, 100, 500} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			r := rand.New(rand.NewPCG(7, 8))
			word := func() string {
				var s strings.Builder
				for range 4 + r.IntN(6) {
					s.WriteByte(byte('a' + r.IntN(26)))
				}
				return s.String()
			}
			var ms []*query.Matcher
			for range n {
				device := []string{"firewall", "ips", "web", "waf", "database"}[r.IntN(5)]
				ms = append(ms, compile(b, fmt.Sprintf("observer.type:%s AND (%s OR %s)", device, word(), word())))
			}
			s, err := query.NewSet(ms...)
			require.NoError(b, err)
			var out [][]uint64
			for b.Loop() {
				out = s.Match(batch, out)
			}
			b.ReportMetric(b.Elapsed().Seconds()*1e3/float64(b.N)/mb, "ms/MB")
		})
	}
}

func BenchmarkTokenize(b *testing.B) {
	batch, mb := corpus(b)
	data := batch.Columns[0].Data
	var buf []byte
	for b.Loop() {
		buf = query.AppendTokens(buf[:0], data)
	}
	b.ReportMetric(b.Elapsed().Seconds()*1e3/float64(b.N)/mb, "ms/MB")
}

func BenchmarkParse(b *testing.B) {
	for b.Loop() {
		if _, err := query.Parse("observer.type:firewall AND (Fail OR Bad OR Error) AND source.ip:10.0.0.0/8"); err != nil {
			b.Fatal(err)
		}
	}
}
