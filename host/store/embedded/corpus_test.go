package embedded_test

import (
	"bytes"
	"net/netip"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/logcenter/logcenter/host/loadgen"
	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/wire"
)

// corpus makes finished batches of generated traffic, with the columns that parsers and enrichers would write.
type corpus struct {
	gen      *loadgen.Generator
	offset   uint64
	ingested time.Time
	lines    [3][][]byte
}

func newCorpus(seed uint64, rate float64) *corpus {
	start := time.Date(2026, 11, 20, 0, 0, 0, 0, time.FixedZone("", 8*3600))
	return &corpus{ingested: start, gen: loadgen.New(loadgen.Options{Seed: seed, PublicAddresses: true, Rate: rate, Start: start})}
}

// batch makes the next batch of about n raw bytes, its rows grouped by format. It belongs to the caller.
func (c *corpus) batch(n int) (*wire.Batch, int) {
	for i := range c.lines {
		c.lines[i] = c.lines[i][:0]
	}
	size, rows := 0, 0
	for size < n && rows < 60000 {
		line := c.gen.Next(nil)
		f := 0
		switch {
		case bytes.HasPrefix(line, []byte("time:")):
			f = 1
		case bytes.HasPrefix(line, []byte("<")):
			f = 0
		default:
			f = 2
		}
		c.lines[f] = append(c.lines[f], line)
		size += len(line)
		rows++
	}
	c.offset++
	c.ingested = c.ingested.Add(time.Second)
	w := &batchWriter{rows: rows, builders: map[ecs.Field]*wire.Builder{}}
	w.message.Reset(wire.Type_STRING, false, rows, nil, nil)
	row := 0
	for _, lines := range c.lines {
		for _, l := range lines {
			w.message.Copy(row, l, 0, 0)
			row++
		}
	}
	w.lines = w.message.Finish(uint32(ecs.Message))
	row = 0
	for f, lines := range c.lines {
		for _, l := range lines {
			w.row, w.line = row, l
			w.text(ecs.LogcenterInput, "syslog-udp")
			w.text(ecs.LogSourceAddress, "10.1.2.3")
			w.nanos(ecs.EventIngested, c.ingested.UnixNano())
			w.int(ecs.LogcenterPosition, store.Position(c.offset, uint16(row), 0))
			[]func(){w.firewall, w.ips, w.web}[f]()
			row++
		}
	}
	return w.finish(c.offset), size
}

type batchWriter struct {
	rows     int
	row      int
	line     []byte
	message  wire.Builder
	lines    *wire.Column
	builders map[ecs.Field]*wire.Builder
	order    []ecs.Field
}

var columnTypes = map[ecs.Type]wire.Type{
	ecs.Keyword: wire.Type_STRING, ecs.Text: wire.Type_STRING, ecs.Long: wire.Type_INT64, ecs.Double: wire.Type_DOUBLE,
	ecs.Boolean: wire.Type_BOOL, ecs.IP: wire.Type_IP, ecs.Date: wire.Type_TIMESTAMP, ecs.GeoPoint: wire.Type_GEO,
}

func (w *batchWriter) col(f ecs.Field) *wire.Builder {
	b := w.builders[f]
	if b == nil {
		b = &wire.Builder{}
		b.Reset(columnTypes[f.Type()], f.Info().List, w.rows, w.lines, nil)
		w.builders[f] = b
		w.order = append(w.order, f)
	}
	return b
}

func (w *batchWriter) text(f ecs.Field, s string) { w.col(f).Text(w.row, s) }
func (w *batchWriter) nanos(f ecs.Field, n int64) { w.col(f).Nanos(w.row, n) }
func (w *batchWriter) int(f ecs.Field, n int64)   { w.col(f).Int(w.row, n) }
func (w *batchWriter) span(f ecs.Field, from, n int) {
	if n > 0 && utf8.Valid(w.line[from:from+n]) { // some lines are cut off
		w.col(f).Span(w.row, from, n)
	}
}

func (w *batchWriter) number(f ecs.Field, from, n int) {
	if v, err := strconv.ParseInt(string(w.line[from:from+n]), 10, 64); err == nil {
		w.int(f, v)
	}
}

func (w *batchWriter) ip(f ecs.Field, from, n int) {
	if a, err := netip.ParseAddr(string(w.line[from : from+n])); err == nil {
		w.col(f).IP(w.row, a.As16())
		if f == ecs.SourceIP {
			w.text(ecs.SourceGeoCountryISOCode, []string{"CN", "US", "DE", "BR", "SG"}[a.As16()[12]%5])
		}
	}
}

func (w *batchWriter) time(layout string, from, n int) {
	t, err := time.ParseInLocation(layout, string(w.line[from:min(from+n, len(w.line))]), time.FixedZone("", 8*3600))
	if err == nil {
		w.nanos(ecs.Timestamp, t.UnixNano())
	}
}

// pairs calls f for key=value; (or key:value;) pairs with the place of the value.
func (w *batchWriter) pairs(from int, sign byte, f func(key string, at, n int)) {
	for from < len(w.line) {
		rest := w.line[from:]
		end := bytes.IndexByte(rest, ';')
		if end < 0 {
			end = len(rest)
		}
		if eq := bytes.IndexByte(rest[:end], sign); eq >= 0 {
			f(string(rest[:eq]), from+eq+1, end-eq-1)
		}
		from += end + 1
	}
}

func (w *batchWriter) device(typ, logType, vendor, product, dataset, parser, level string) {
	w.text(ecs.ObserverType, typ)
	w.text(ecs.LogcenterLogType, logType)
	w.text(ecs.ObserverVendor, vendor)
	w.text(ecs.ObserverProduct, product)
	w.text(ecs.EventDataset, dataset)
	w.text(ecs.LogcenterParser, parser)
	w.text(ecs.LogLevel, level)
	w.text(ecs.AssetName, "asset-"+dataset)
}

func (w *batchWriter) firewall() {
	logType := "other"
	switch {
	case bytes.Contains(w.line, []byte("SESSION")), bytes.Contains(w.line, []byte("TRAFFIC")):
		logType = "run_state"
	case bytes.Contains(w.line, []byte("ATTACK")):
		logType = "attack"
	}
	w.device("firewall", logType, "DPtech", "FW1000", "dptech.firewall", "dptech@1", "Info")
	end := bytes.IndexByte(w.line, '>')
	w.time("2006-01-02 15:04:05", end+1, 19)
	host := end + 21
	if sep := bytes.Index(w.line, []byte("%%")); sep > host {
		w.span(ecs.HostName, host, sep-host)
	}
	body := bytes.Index(w.line, []byte(": "))
	if body < 0 {
		return
	}
	w.pairs(body+2, '=', func(key string, at, n int) {
		switch {
		case len(key) >= 13 && key[len(key)-13:] == "srcip(source)":
			w.ip(ecs.SourceIP, at, n)
		case key == "dstip(dest)":
			w.ip(ecs.DestinationIP, at, n)
		case key == "srcport":
			w.number(ecs.SourcePort, at, n)
		case key == "dstport":
			w.number(ecs.DestinationPort, at, n)
		case key == "protocol":
			w.span(ecs.NetworkTransport, at, n)
		case key == "action":
			w.span(ecs.EventAction, at, n)
		case key == "policy":
			w.span(ecs.RuleName, at, n)
		case key == "bytes":
			w.number(ecs.NetworkBytes, at, n)
		case key == "desc":
			w.span(ecs.EventReason, at, n)
		}
	})
}

func (w *batchWriter) ips() {
	w.device("ips", "intrusion_protection", "NSFOCUS", "NIPS", "nsfocus.ips", "nsfocus@1", "Warn")
	w.pairs(0, ':', func(key string, at, n int) {
		switch key {
		case "time":
			w.time("2006-01-02 15:04:05", at, n)
		case "danger_degree":
			w.number(ecs.EventSeverity, at, n)
		case "event":
			if end := bytes.IndexByte(w.line[at:at+n], ']'); end > 2 {
				w.span(ecs.RuleID, at+2, end-2)
				w.span(ecs.RuleName, at+end+1, n-end-2)
			}
		case "src_addr":
			w.ip(ecs.SourceIP, at, n)
		case "src_port":
			w.number(ecs.SourcePort, at, n)
		case "dst_addr":
			w.ip(ecs.DestinationIP, at, n)
		case "dst_port":
			w.number(ecs.DestinationPort, at, n)
		case "proto":
			if n > 2 {
				w.span(ecs.NetworkTransport, at+1, n-2)
			}
		}
	})
}

func (w *batchWriter) web() {
	w.device("middleware", "access", "F5", "nginx", "nginx.access", "nginx@1", "Info")
	sp := bytes.IndexByte(w.line, ' ')
	if sp < 0 {
		return
	}
	w.ip(ecs.SourceIP, 0, sp)
	open := bytes.IndexByte(w.line, '[')
	if open < 0 {
		return
	}
	w.time("02/Jan/2006:15:04:05", open+1, 20)
	var quotes []int
	for i, b := range w.line {
		if b == '"' {
			quotes = append(quotes, i)
		}
	}
	if len(quotes) < 6 {
		return
	}
	req := w.line[quotes[0]+1 : quotes[1]]
	if a, b := bytes.IndexByte(req, ' '), bytes.LastIndexByte(req, ' '); a > 0 && b > a {
		at := quotes[0] + 1
		w.span(ecs.HTTPRequestMethod, at, a)
		w.span(ecs.URLOriginal, at+a+1, b-a-1)
		path := bytes.IndexByte(req[a+1:b], '?')
		if path < 0 {
			path = b - a - 1
		}
		w.span(ecs.URLPath, at+a+1, path)
	}
	if quotes[1]+5 < len(w.line) {
		w.number(ecs.HTTPResponseStatusCode, quotes[1]+2, 3)
	}
	w.span(ecs.HTTPRequestReferrer, quotes[2]+1, quotes[3]-quotes[2]-1)
	w.span(ecs.UserAgentOriginal, quotes[4]+1, quotes[5]-quotes[4]-1)
}

func (w *batchWriter) finish(offset uint64) *wire.Batch {
	b := &wire.Batch{Rows: uint32(w.rows), Journal: "benchmarkjournal", Offset: offset, Columns: []*wire.Column{w.lines}}
	for _, f := range w.order {
		b.Columns = append(b.Columns, w.builders[f].Finish(uint32(f)))
	}
	return b
}
