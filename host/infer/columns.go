package infer

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/logcenter/logcenter/sdk/delimited"
)

// Scanner is the scanner of package delimited that reads the lines.
func (c *Columns) Scanner() delimited.Scanner {
	s := delimited.Scanner{Quotes: c.Quotes}
	if len(c.Sep) == 1 {
		s.Sep = c.Sep[0]
	} else {
		s.SepSeq = c.Sep
	}
	return s
}

// directive is what lines of the W3C extended log format start with that are no events
// (https://www.w3.org/TR/WD-logfile).
const directive = "#"

// inferDelimited is true if nearly all lines have as many columns.
func inferDelimited(m *mapper, h *headers) bool {
	bodies, names := directives(h.bodies)
	if len(bodies) == 0 {
		return false
	}
	want := len(names)
	if want == 0 && isNameLine(bodies) {
		want = len(strings.Fields(bodies[0]))
	}
	c := chooseColumns(bodies, want)
	if c == nil {
		return false
	}
	c.Names, c.Directives = names, len(names) > 0
	list := make([]*column, c.Count)
	for i := range list {
		list[i] = &column{}
	}
	s := c.Scanner()
	skip := map[int]bool{}
	for n, b := range h.bodies {
		row, _ := s.Parse([]byte(b))
		if strings.HasPrefix(b, directive) {
			continue
		}
		if len(c.Names) == 0 && n == 0 && isNames(&row, h.bodies[1:], s) {
			for i := range row.Len() {
				c.Names = append(c.Names, string(row.At(i)))
			}
			c.HeaderLine = b
			skip[n] = true
			continue
		}
		for i := range min(c.Count, row.Len()) {
			list[i].add(n, string(row.At(i)))
		}
		if row.Len() < c.Count {
			m.spec.Unparsed++
		}
	}
	for _, l := range list {
		l.settle()
	}
	if len(c.Names) == 0 {
		c.Names = known(list)
	}
	if len(c.Names) == 0 {
		c.Names = nameByLook(list)
	}
	c.Constant = make([]string, len(list))
	for i, l := range list {
		l.key = c.Names[i]
		if l.kind == word && meaning(l.key) == "http.request.method" {
			c.Methods = true
			if i+1 < len(list) && all(list[i+1].values, func(v string) bool { return strings.HasPrefix(v, "/") }) {
				c.Target = "/"
			}
		}
		if d := l.distinct(); l.kind == word && len(d) >= 2 && len(d) <= 4 && i > 0 && i+1 < len(list) {
			c.Words = append(c.Words, d...)
		}
		if d := l.distinct(); len(d) == 1 && l.blanks == 0 && l.kind == word {
			c.Constant[i] = d[0]
		}
	}
	m.spec.Format, m.spec.Columns = Delimited, c
	m.spec.Fields = m.columns(list, nil)
	return true
}

// directives takes out the lines that are no events, and returns the names of #Fields.
func directives(bodies []string) (events, names []string) {
	for _, b := range bodies {
		if !strings.HasPrefix(b, directive) {
			events = append(events, b)
			continue
		}
		if at := len("#fields"); len(b) > at && strings.EqualFold(b[:at], "#fields") { // "#Fields: " of the W3C, "#fields<TAB>" of Zeek
			names = strings.Fields(strings.TrimPrefix(b[at:], ":"))
		}
	}
	return events, names
}

// chooseColumns finds the separator that gives nearly all lines the same number of columns, as many as there are.
func chooseColumns(bodies []string, want int) (best *Columns) {
	seps := []string{",", "\t", "|", ";", "||", "^", "~"}
	least := 5
	if want > 0 {
		seps, least = []string{"\t", " ", ","}, want
	}
	for _, sep := range seps {
		for _, quotes := range []string{`"`, ""} {
			c := &Columns{Sep: sep, Quotes: quotes}
			s := c.Scanner()
			counts := map[int]int{}
			faults := 0
			for _, b := range bodies {
				row, err := s.Parse([]byte(b))
				if err != nil {
					faults++
				}
				counts[row.Len()]++
			}
			for n, lines := range counts {
				if lines > counts[c.Count] || lines == counts[c.Count] && n > c.Count {
					c.Count = n
				}
			}
			quoted := slices.ContainsFunc(bodies, func(b string) bool { return strings.Contains(b, `"`) })
			if quotes != "" && !quoted || faults*10 > len(bodies) || counts[c.Count]*10 < len(bodies)*9 || c.Count < least {
				continue
			}
			if best == nil || c.Count > best.Count {
				best = c
			}
		}
	}
	return best
}

// isNameLine says whether the first of several lines names columns that blanks part.
func isNameLine(bodies []string) bool {
	s := delimited.Scanner{Sep: ' '}
	row, err := s.Parse([]byte(bodies[0]))
	return err == nil && row.Len() >= 5 && isNames(&row, bodies[1:], s)
}

// isNames says whether a row has names of columns: words, of which some are in the dictionary, and none of which is a
// value of its column.
func isNames(row *delimited.Row, others []string, s delimited.Scanner) bool {
	known := 0
	for i := range row.Len() {
		v := string(row.At(i))
		if v == "" || !strings.ContainsFunc(v, unicode.IsLetter) || kindOf(v) != word && kindOf(v) != text {
			return false
		}
		if meaning(v) != "" {
			known++
		}
	}
	for _, o := range others {
		r, _ := s.Parse([]byte(o))
		for i := range min(row.Len(), r.Len()) {
			if string(r.At(i)) == string(row.At(i)) {
				return false
			}
		}
	}
	return known >= 3
}

// panTraffic are the columns of traffic logs of PAN-OS, by its administrator's guide ("Traffic Log Fields").
var panTraffic = strings.Split("future_use,receive_time,serial,type,subtype,future_use,generated_time,src,dst,natsrc,natdst,rule,srcuser,dstuser,app,vsys,"+
	"src_zone,dst_zone,inbound_if,outbound_if,log_profile,future_use,session_id,repeat_count,sport,dport,natsport,natdport,flags,proto,action,bytes,"+
	"bytes_sent,bytes_received,packets,start,elapsed,category,future_use,seqno,action_flags,srcloc,dstloc,future_use,pkts_sent,pkts_received,"+
	"session_end_reason", ",")

// panThreat are those of threat logs ("Threat Log Fields").
var panThreat = strings.Split("future_use,receive_time,serial,type,subtype,future_use,generated_time,src,dst,natsrc,natdst,rule,srcuser,dstuser,app,vsys,"+
	"src_zone,dst_zone,inbound_if,outbound_if,log_profile,future_use,session_id,repeat_count,sport,dport,natsport,natdport,flags,proto,action,url,"+
	"threat_name,category,severity,direction,seqno,action_flags,srcloc,dstloc,future_use,contenttype,pcap_id,filedigest,cloud,url_idx,user_agent,filetype,"+
	"xff,referer,sender,subject,recipient,report_id", ",")

// known are the names of columns that a vendor documents and does not write, for the devices that are met most.
func known(list []*column) []string {
	for kind, names := range map[string][]string{"TRAFFIC": panTraffic, "THREAT": panThreat} {
		if len(list) < 40 || len(list[3].values) == 0 || list[3].values[0] != kind || list[6].kind != instant {
			continue
		}
		names = slices.Clone(names[:min(len(names), len(list))])
		for i := len(names); i < len(list); i++ {
			names = append(names, columnName(i))
		}
		return names
	}
	return nil
}

func columnName(i int) string { return fmt.Sprintf("column_%d", i+1) }

// nameByLook names columns that have no names by what their values look like: of two addresses the first one is the
// source. What does not show gets a number.
func nameByLook(list []*column) []string {
	names := make([]string, len(list))
	seen := map[string]bool{}
	first := func(i int, choices ...string) {
		for _, n := range choices {
			if !seen[n] {
				seen[n] = true
				names[i] = n
				return
			}
		}
	}
	for i, c := range list {
		switch c.kind {
		case instant, dateOnly, clockOnly:
			first(i, map[kind]string{instant: "time", dateOnly: "date", clockOnly: "time"}[c.kind])
		case address:
			first(i, "src_ip", "dst_ip")
		case endpoint:
			first(i, "src", "dst")
		case mac:
			first(i, "src_mac", "dst_mac")
		case location:
			first(i, "url")
		case request:
			first(i, "request_line")
		case agent:
			first(i, "user_agent")
		case md5, sha256:
			first(i, c.kind.key())
		case integer:
			switch {
			case i > 0 && list[i-1].kind == address && c.within(0, 65535):
				first(i, strings.Replace(names[i-1], "_ip", "_port", 1))
			}
		case word:
			values := c.distinct()
			switch {
			case all(values, func(v string) bool {
				return slices.Contains([]string{"tcp", "udp", "icmp", "gre", "esp"}, strings.ToLower(v))
			}):
				first(i, "proto")
			case all(values, func(v string) bool { _, ok := severityOf(v); return ok && len(v) > 1 }):
				first(i, "severity")
			case all(values, func(v string) bool { d, ok := decisionOf(v); return ok && d.typ != "" }):
				first(i, "action")
			case all(values, func(v string) bool { _, ok := decisionOf(v); return ok }):
				first(i, "result")
			case all(values, func(v string) bool { return slices.Contains(methods, v) }):
				first(i, "method")
			}
		}
		if names[i] == "" {
			names[i] = columnName(i)
		}
	}
	return names
}

var methods = []string{"GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "CONNECT", "TRACE"}

func (k kind) key() string { return map[kind]string{md5: "md5", sha256: "sha256"}[k] }

func all(values []string, f func(string) bool) bool {
	for _, v := range values {
		if !f(v) {
			return false
		}
	}
	return len(values) > 0
}
