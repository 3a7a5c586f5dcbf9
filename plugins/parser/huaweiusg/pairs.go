package main

import (
	"bytes"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/flow"
	"github.com/logcenter/logcenter/sdk/infocenter"
	"github.com/logcenter/logcenter/sdk/number"
)

var (
	aim         = ecs.New("huaweiusg.target", ecs.Keyword, "Side that a signature protects: client, server or both.")
	answer      = ecs.New("huaweiusg.user_input", ecs.Keyword, "What an administrator answered to a question of the device, e.g. Y.")
	authMethod  = ecs.New("huaweiusg.authentication_method", ecs.Keyword, "How an administrator was authenticated, e.g. Local-user.")
	commandLine = ecs.New("huaweiusg.command", ecs.Keyword, "Command that an administrator gave.")
	count       = ecs.New("huaweiusg.count", ecs.Long, "Packets or events that one line stands for.")
	description = ecs.New("huaweiusg.description", ecs.Keyword, "Words of the description that are not pairs.")
	ifState     = ecs.New("huaweiusg.state", ecs.Keyword, "What an interface changed to: UP or DOWN.")
	module      = ecs.New("huaweiusg.module", ecs.Keyword, "Part of the device that speaks, e.g. SECLOG, IPS, SHELL.")
	policy      = ecs.New("huaweiusg.policy", ecs.Keyword, "Security policy that the traffic matched; rule.name is of the signature in logs of attacks.")
	profile     = ecs.New("huaweiusg.profile", ecs.Keyword, "Security profile that decided, e.g. of intrusion prevention.")
	risk        = ecs.New("huaweiusg.severity", ecs.Keyword, "Severity of a signature, from information to high.")
	service     = ecs.New("huaweiusg.service", ecs.Keyword, "Way by which an administrator came in, e.g. SSH, Telnet, Web.")
	task        = ecs.New("huaweiusg.task", ecs.Keyword, "Task of the device that ran an administrator's command, e.g. VT0.")
	urlCategory = ecs.New("huaweiusg.url_category", ecs.Keyword, "Class of web site by the device's own list.")
	vpnInstance = ecs.New("huaweiusg.vpn_instance", ecs.Keyword, "VPN instance by which an administrator came in.")
	vsys        = ecs.New("huaweiusg.vsys", ecs.Keyword, "Virtual firewall inside the device, public if there is only one.")
)

// pair sets what a pair says. Dashes and stars are what the device does not know or show.
func (r *record) pair(ev *sdk.Event, t *target, v []byte) {
	if n := len(v); n > 0 && (v[0] <= ' ' || v[n-1] <= ' ') {
		v = bytes.TrimSpace(v)
	}
	if len(v) == 0 || len(v) <= 2 && (string(v) == "--" || string(v) == "-" || string(v) == "**") {
		return
	}
	if t.part != flow.None {
		r.flow.Set(ev, t.part, v)
		return
	}
	switch t.use {
	case set:
		ev.Set(t.field, v)
	case keep, page:
		r.kept[t.slot] = v
	default:
		r.rare(ev, t, v)
	}
}

// rare sets what logs of security profiles, of attacks and of administrators have.
func (r *record) rare(ev *sdk.Event, t *target, v []byte) {
	switch t.use {
	case source:
		r.flow.SetEnd(ev, flow.SourceIP, firstOf(v))
	case destination:
		r.flow.SetEnd(ev, flow.DestinationIP, firstOf(v))
	case account:
		setAccount(ev, v)
	case category:
		if r.message.LogType == infocenter.Attack {
			ev.Set(ecs.RuleCategory, v)
		} else {
			ev.Set(urlCategory, v)
		}
	case command:
		r.command = true
		ev.Set(t.field, v)
	case cve:
		setCVE(ev, v)
	case hash:
		ev.SetFileHash(v)
	case mac:
		ev.SetMAC(t.field, v)
	case sequence:
		if r.sequence == nil {
			ev.Set(t.field, v)
		}
	case severity:
		ev.Set(t.field, v)
		ev.SetSeverity(v)
	}
}

// firstOf is the first of addresses with blanks between them.
func firstOf(v []byte) []byte {
	if i := bytes.IndexByte(v, ' '); i > 0 {
		return v[:i:i]
	}
	return v
}

// setCVE sets the first CVE of a list of references.
func setCVE(ev *sdk.Event, v []byte) {
	if i := bytes.Index(v, []byte("CVE-")); i >= 0 {
		n := i + 4
		for n < len(v) && (v[n]-'0' <= 9 || v[n] == '-') {
			n++
		}
		ev.Set(ecs.VulnerabilityID, v[i:n])
	}
}

// times sets start, end and duration of a session; seconds since 1970 in session logs, a date in logs of attacks.
func (r *record) times(ev *sdk.Event, p parser) {
	from, ok := p.time(ev, ecs.EventStart, r.kept[theBegin])
	to, too := p.time(ev, ecs.EventEnd, r.kept[theEnd])
	if ok && too && to >= from {
		ev.SetInt(ecs.EventDuration, (to-from)*1e9)
	}
}

// time returns the seconds of a time that is written so.
func (p parser) time(ev *sdk.Event, f ecs.Field, v []byte) (seconds int64, ok bool) {
	switch {
	case len(v) == 0:
		return 0, false
	case len(v) > 4 && v[4] == '/':
		ev.SetTimeField(f, "2006/1/2 15:04:05", p.zone, v)
		return 0, false
	case len(v) != len("1791720000"):
		ev.SetTimeField(f, "2006-1-2 15:04:05", p.zone, v)
		return 0, false
	}
	if seconds, ok = number.Uint(v, number.MaxDigits); ok {
		ev.SetNanos(f, seconds*1e9)
	} else {
		ev.Bad(f, "not seconds since 1970")
	}
	return seconds, ok
}

// setAccount sets a user. The device writes unknown and stars for whom it does not know or show.
func setAccount(ev *sdk.Event, v []byte) {
	switch {
	case string(v) == "unknown", string(v) == "N/A", v[0] == '*':
	default:
		ev.SetAccount(ecs.UserName, ecs.UserDomain, v)
	}
}
