package main

import (
	"bytes"
	"time"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/delimited"
	"github.com/logcenter/logcenter/sdk/ecs"
)

var (
	authMethod     = ecs.New("paloalto.auth_method", ecs.Keyword, "How a user of GlobalProtect was authenticated, e.g. LDAP, SAML.")
	category       = ecs.New("paloalto.url_category", ecs.Keyword, "Class of web site by PAN-DB, or verdict in logs of WildFire.")
	changeAfter    = ecs.New("paloalto.change.after", ecs.Keyword, "Part of the configuration as it is now.")
	changeBefore   = ecs.New("paloalto.change.before", ecs.Keyword, "Part of the configuration as it was.")
	changePath     = ecs.New("paloalto.change.path", ecs.Keyword, "Branch of the configuration that was changed.")
	client         = ecs.New("paloalto.client", ecs.Keyword, "What an administrator used: Web or CLI.")
	clientVersion  = ecs.New("paloalto.client_version", ecs.Keyword, "Version of the GlobalProtect app.")
	connectMethod  = ecs.New("paloalto.connect_method", ecs.Keyword, "When GlobalProtect connects, e.g. on-demand, user-logon.")
	dataSource     = ecs.New("paloalto.data_source", ecs.Keyword, "Who told the device which user has an address.")
	description    = ecs.New("paloalto.description", ecs.Keyword, "What happened, as a sentence of the device.")
	direction      = ecs.New("paloalto.direction", ecs.Keyword, "Which way an attack went: client-to-server or server-to-client.")
	factor         = ecs.New("paloalto.factor", ecs.Keyword, "Vendor of the further factor by which a user was authenticated.")
	fileType       = ecs.New("paloalto.file_type", ecs.Keyword, "Kind of file that WildFire was asked about, e.g. pe.")
	forwardedFor   = ecs.New("paloalto.forwarded_for", ecs.Keyword, "Addresses of the clients that a proxy in front says it serves.")
	gateway        = ecs.New("paloalto.gateway", ecs.Keyword, "Gateway of GlobalProtect that was chosen.")
	hip            = ecs.New("paloalto.hip", ecs.Keyword, "Profile or object that the state of a computer matched.")
	machine        = ecs.New("paloalto.machine", ecs.Keyword, "Name of the user's computer.")
	module         = ecs.New("paloalto.module", ecs.Keyword, "Part of the device that speaks, e.g. general, auth, ha.")
	object         = ecs.New("paloalto.object", ecs.Keyword, "Name of what an event is about, e.g. a gateway or an interface.")
	osName         = ecs.New("paloalto.os", ecs.Keyword, "Operating system of the user's computer.")
	policy         = ecs.New("paloalto.policy", ecs.Keyword, "Security rule that the traffic matched; rule.name is of the signature in logs of attacks.")
	privateIP      = ecs.New("paloalto.private_ip", ecs.IP, "Address that a user of GlobalProtect has inside the tunnel.")
	repeatCount    = ecs.New("paloalto.repeat_count", ecs.Long, "Events within five seconds that one line stands for.")
	result         = ecs.New("paloalto.result", ecs.Keyword, "How a change of the configuration went, e.g. Succeeded, Submitted.")
	sessionID      = ecs.New("paloalto.session.id", ecs.Keyword, "Number of the session, which all logs of a connection share.")
	severityWord   = ecs.New("paloalto.severity", ecs.Keyword, "Severity by the device, from informational to critical.")
	stage          = ecs.New("paloalto.stage", ecs.Keyword, "Step of a connection of GlobalProtect, e.g. login, connected.")
	subtype        = ecs.New("paloalto.subtype", ecs.Keyword, "Finer kind of a log, e.g. end, vulnerability, url, globalprotect.")
	threatCategory = ecs.New("paloalto.threat_category", ecs.Keyword, "Class of a threat, e.g. code-execution, dns-c2.")
	tunnelType     = ecs.New("paloalto.tunnel_type", ecs.Keyword, "How GlobalProtect carries traffic: IPSec or SSL.")
	virtualSystem  = ecs.New("paloalto.vsys", ecs.Keyword, "Virtual firewall inside the device, vsys1 if there is only one.")
)

// text sets f to field i, in which quotes may be doubled.
func text(ev *sdk.Event, f ecs.Field, row *delimited.Row, i int) {
	if row.Escaped(i) {
		ev.SetDecoded(f, row.At(i), delimited.AppendUndoubled)
		return
	}
	ev.Set(f, row.At(i))
}

// take sets what a field says, or keeps it until all are known.
func (r *record) take(ev *sdk.Event, row *delimited.Row, c *column) {
	v := row.At(c.index)
	switch c.use {
	case set:
		ev.Set(c.field, v)
	case setText:
		text(ev, c.field, row, c.index)
	case setPort: // 0 stands for none
		if string(v) != "0" {
			ev.SetPort(c.field, v)
		}
	case from:
		if string(v) != "0.0.0.0" {
			r.from = true
			ev.SetIP(ecs.SourceIP, v)
		}
	case to:
		r.to = true
		ev.SetIP(ecs.DestinationIP, v)
	case natIP:
		if string(v) != "0.0.0.0" && string(v) != "::" {
			ev.SetIP(c.field, v)
		}
	case keep:
		r.kept[c.slot] = v
	case setKeep:
		r.kept[c.slot] = v
		ev.Set(c.field, v)
	case textKeep:
		r.kept[c.slot] = v
		text(ev, c.field, row, c.index)
	case account:
		ev.SetAccount(ecs.UserName, ecs.UserDomain, v)
	case application:
		ev.Set(ecs.NetworkApplication, v)
		if string(v) != "not-applicable" {
			ev.Set(ecs.NetworkProtocol, v)
		}
	case country:
		setCountry(ev, c.field, v)
	case counted:
		r.number(ev, v)
	case device:
		r.device(ev, row, c.index)
	case unlessAny:
		if string(v) != "any" {
			ev.Set(c.field, v)
		}
	case unlessZero:
		if string(v) != "0" {
			ev.Set(c.field, v)
		}
	case elapsed:
		ev.SetDuration(ecs.EventDuration, v, time.Second)
	case start:
		if bytes.IndexByte(v, 'T') < 0 {
			ev.SetTimeField(ecs.EventStart, "2006/01/02 15:04:05", r.zone, v)
		}
	case reason:
		if string(v) != "n/a" {
			text(ev, ecs.EventReason, row, c.index)
		}
	default:
		r.rare(ev, c.use, v)
	}
}

// rare sets what logs of threats and of administrators have.
func (r *record) rare(ev *sdk.Event, u use, v []byte) {
	switch u {
	case sha256:
		if len(v) == 64 {
			ev.Set(ecs.FileHashSHA256, v)
		}
	case method:
		if string(v) != "unknown" {
			ev.SetDecoded(ecs.HTTPRequestMethod, v, appendUpper)
		}
	case address:
		setAddress(ev, v)
	case path:
		ev.Set(changePath, bytes.TrimSpace(v))
	case after:
		r.change(ev, v)
	case lateBefore:
		if !r.isDetailed {
			undoubled(ev, changeBefore, v)
		}
	case lateAfter:
		if !r.isDetailed {
			undoubled(ev, changeAfter, v)
		} else if isPrecise(v) {
			r.precise = v
		}
	}
}

// change tells a change in detail from one without: there the sequence number and flags such as 0x0 stand in the
// place of before and after.
func (r *record) change(ev *sdk.Event, v []byte) {
	before := r.kept[theBefore]
	if bytes.HasPrefix(v, []byte("0x")) && isNumber(before) {
		r.number(ev, before)
		return
	}
	r.isDetailed = true
	undoubled(ev, changeBefore, before)
	undoubled(ev, changeAfter, v)
}

func undoubled(ev *sdk.Event, f ecs.Field, v []byte) {
	ev.SetDecoded(f, v, delimited.AppendUndoubled)
}

// number sets the sequence number, once.
func (r *record) number(ev *sdk.Event, v []byte) {
	if !r.sequence && isNumber(v) {
		r.sequence = true
		ev.Set(ecs.EventSequence, v)
	}
}

// device sets the name of the device. A change without details has it two fields earlier.
func (r *record) device(ev *sdk.Event, row *delimited.Row, i int) {
	if r.kind == config && r.isDetailed != (i == 23) {
		return
	}
	text(ev, ecs.HostName, row, i)
	text(ev, ecs.ObserverName, row, i)
}
