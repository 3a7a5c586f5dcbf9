// Command nsfocus parses the events of NSFOCUS intrusion prevention systems.
//
// Format, by the log standard:
//
//	time:{time};danger_degree:{risk};breaking_sighn:{0|1};event:'[{rule}]{text}';src_addr:{ip};
//	src_port:{port};dst_addr:{ip};dst_port:{port};proto:'{protocol}'
//
// ';' parts attributes, the first ':' parts key from value, and both may stand inside the quotes. The key is
// spelt breaking_sighn. A syslog header may stand in front.
package main

import (
	"bytes"
	"errors"
	"time"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/kv"
	"github.com/logcenter/logcenter/sdk/syslog"
)

// Config is what an admin may set for this plugin.
type Config struct {
	// Timezone is the IANA zone of the device's clock, e.g. Asia/Shanghai: its lines carry none. Empty means
	// the zone of the input.
	Timezone string `yaml:"timezone"`
}

type parser struct{ zone *time.Location }

// New returns a parser that is safe for concurrent use.
func New(c Config) (sdk.Parser, error) {
	zone, err := sdk.LoadZone(c.Timezone)
	return parser{zone}, err
}

var (
	blocked      = ecs.New("nsfocus.blocked", ecs.Boolean, "Whether the device stopped what it saw.")
	dangerDegree = ecs.New("nsfocus.danger_degree", ecs.Keyword, "Risk in words, from devices that write no number.")
)

var (
	errNoTime     = errors.New("nsfocus: want time: and a time")
	errNoEvent    = errors.New("nsfocus: want event:'[RULE]TEXT'")
	errNoRisk     = errors.New("nsfocus: want danger_degree: and a number")
	errNoDecision = errors.New("nsfocus: want breaking_sighn: and 0 or 1")
	errCut        = errors.New("nsfocus: the line ends before src_addr and dst_addr")
)

var (
	scanner = kv.Scanner{Pair: ';', Sep: ':', Quotes: "'"}
	start   = []byte("time:")
)

// maxHeader is how far behind the start of a line a syslog header may reach.
const maxHeader = 320

// Parse reads one line. What is missing is an error, but what is there is set.
func (p parser) Parse(line []byte, ev *sdk.Event) error {
	rest := line
	if !bytes.HasPrefix(line, start) {
		if i := bytes.Index(line[:min(len(line), maxHeader)], start); i > 0 && bytes.IndexByte(line[:i], ';') < 0 {
			header(line[:i], ev)
			rest = line[i:]
		}
	}
	var timed, named, rated, from, to bool
	said, done := &facts[intrusion], undecided
	for it := scanner.Scan(rest); it.Next(); {
		switch v := it.Value(); string(it.Key()) {
		case "time":
			ev.SetTime("2006-01-02 15:04:05", p.zone, v)
			timed = len(v) > 0
		case "danger_degree":
			rated = risk(ev, v)
		case "breaking_sighn":
			done = decisionOf(ev, v)
		case "event":
			said, named = signature(ev, v)
		case "src_addr":
			ev.SetIP(ecs.SourceIP, v)
			from = len(v) > 0
		case "src_port":
			ev.SetPort(ecs.SourcePort, v)
		case "dst_addr":
			ev.SetIP(ecs.DestinationIP, v)
			to = len(v) > 0
		case "dst_port":
			ev.SetPort(ecs.DestinationPort, v)
		case "proto":
			ev.Set(ecs.NetworkTransport, v)
		}
	}
	if !named { // of a line without a whole text nothing is sure but that the device saw something
		said = &facts[intrusion]
	}
	ev.SetFacts(said[done])
	switch {
	case !named:
		return errNoEvent
	case !timed:
		return errNoTime
	case !rated:
		return errNoRisk
	case done == undecided:
		return errNoDecision
	case !from || !to:
		return errCut
	}
	return nil
}

func header(b []byte, ev *sdk.Event) {
	h, _, err := syslog.Parse(b)
	if err != nil {
		return
	}
	if h.Priority >= 0 {
		ev.SetInt(ecs.LogSyslogPriority, int64(h.Priority))
	}
	ev.Set(ecs.HostName, h.Hostname)
	ev.Set(ecs.ObserverName, h.Hostname)
}

// risk sets the device's own severity, a number or a word, and the unified one.
func risk(ev *sdk.Event, v []byte) bool {
	if !ev.SetSeverity(v) {
		return false
	}
	if v[0]-'0' <= 9 {
		ev.Set(ecs.EventSeverity, v)
	} else {
		ev.Set(dangerDegree, v)
	}
	return true
}

// decisionOf says what the device did.
func decisionOf(ev *sdk.Event, v []byte) decision {
	switch string(v) {
	case "1":
		ev.SetBool(blocked, true)
		return stopped
	case "0":
		ev.SetBool(blocked, false)
		return seen
	}
	return undecided
}

// signature reads [RULE]TEXT. Events of the device itself have no rule.
func signature(ev *sdk.Event, v []byte) (said *[decisions]*sdk.Facts, whole bool) {
	text := v
	whole = true
	if len(v) > 0 && v[0] == '[' {
		i := bytes.IndexByte(v, ']')
		if whole = i > 0; whole {
			ev.Set(ecs.RuleID, v[1:i])
			text = v[i+1:]
		}
	}
	ev.Set(ecs.RuleName, text)
	return &facts[logTypes.Of(text)], whole && len(text) > 0
}

func main() { sdk.ServeParser(New) }
