package main

import (
	"bytes"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/delimited"
	"github.com/logcenter/logcenter/sdk/ecs"
)

var (
	application    = ecs.NetworkApplication
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

// set sets f to the current field, in which quotes may be doubled.
func set(ev *sdk.Event, f ecs.Field, it *delimited.Iter) {
	if it.Escaped() {
		ev.SetDecoded(f, it.Value(), delimited.AppendUndoubled)
		return
	}
	ev.Set(f, it.Value())
}

// take sets a field of traffic, or keeps it until all are known; the others are rarer.
func (r *record) take(ev *sdk.Event, k kind, it *delimited.Iter) {
	v := it.Value()
	switch k {
	case kSource:
		if len(v) > 0 && string(v) != "0.0.0.0" {
			r.source = v
			ev.SetIP(ecs.SourceIP, v)
		}
	case kDestination:
		r.dest = v
		ev.SetIP(ecs.DestinationIP, v)
	case kSourceNAT:
		translated(ev, ecs.SourceNATIP, v)
	case kDestinationNAT:
		translated(ev, ecs.DestinationNATIP, v)
	case kRule:
		r.policy = v
	case kSourceUser:
		ev.SetAccount(ecs.UserName, ecs.UserDomain, v)
	case kDestinationUser:
		set(ev, ecs.DestinationUserName, it)
	case kApp:
		ev.Set(application, v)
		if string(v) != "not-applicable" {
			ev.Set(ecs.NetworkProtocol, v)
		}
	case kVsys:
		ev.Set(virtualSystem, v)
	case kSourceZone:
		ev.Set(ecs.ObserverIngressZone, v)
	case kDestinationZone:
		ev.Set(ecs.ObserverEgressZone, v)
	case kInbound:
		ev.Set(ecs.ObserverIngressInterfaceName, v)
	case kOutbound:
		ev.Set(ecs.ObserverEgressInterfaceName, v)
	case kSession:
		ev.Set(sessionID, v)
	case kRepeat:
		ev.Set(repeatCount, v)
	case kSourcePort:
		port(ev, ecs.SourcePort, v)
	case kDestinationPort:
		port(ev, ecs.DestinationPort, v)
	case kSourceNATPort:
		port(ev, ecs.SourceNATPort, v)
	case kDestinationNATPort:
		port(ev, ecs.DestinationNATPort, v)
	case kProtocol:
		ev.Set(ecs.NetworkTransport, v)
	case kAction:
		r.action = v
		ev.Set(ecs.EventAction, v)
	case kSequence:
		r.counted(ev, v)
	case kDevice:
		r.device(ev, it)
	default:
		if !r.amount(ev, k, it) && !r.inspected(ev, k, it) {
			r.rare(ev, k, it)
		}
	}
}

// amount sets what traffic alone has.
func (r *record) amount(ev *sdk.Event, k kind, it *delimited.Iter) bool {
	v := it.Value()
	switch k {
	case kBytes:
		ev.Set(ecs.NetworkBytes, v)
	case kBytesOut:
		ev.Set(ecs.SourceBytes, v)
	case kBytesIn:
		ev.Set(ecs.DestinationBytes, v)
	case kPackets:
		ev.Set(ecs.NetworkPackets, v)
	case kPacketsOut:
		ev.Set(ecs.SourcePackets, v)
	case kPacketsIn:
		ev.Set(ecs.DestinationPackets, v)
	case kElapsed:
		seconds(ev, v)
	case kStart:
		r.start(ev, v)
	case kSourceCountry:
		country(ev, ecs.SourceGeoCountryName, ecs.SourceGeoCountryISOCode, v)
	case kDestinationCountry:
		country(ev, ecs.DestinationGeoCountryName, ecs.DestinationGeoCountryISOCode, v)
	case kReason:
		if len(v) > 0 && string(v) != "n/a" {
			r.reason = v
			set(ev, ecs.EventReason, it)
		}
	default:
		return false
	}
	return true
}

// inspected sets what logs of threats have.
func (r *record) inspected(ev *sdk.Event, k kind, it *delimited.Iter) bool {
	v := it.Value()
	switch k {
	case kMisc:
		r.misc = v
	case kThreat:
		r.threat = v
	case kCategory:
		if string(v) != "any" {
			ev.Set(category, v)
		}
	case kSeverity:
		r.severity = v
		ev.Set(severityWord, v)
	case kDirection:
		if string(v) != "0" {
			ev.Set(direction, v)
		}
	case kDigest:
		if len(v) == 64 {
			ev.Set(ecs.FileHashSHA256, v)
		}
	case kUserAgent:
		set(ev, ecs.UserAgentOriginal, it)
	case kFileType:
		ev.Set(fileType, v)
	case kXFF:
		set(ev, forwardedFor, it)
	case kReferrer:
		set(ev, ecs.HTTPRequestReferrer, it)
	case kMethod:
		if string(v) != "unknown" {
			ev.SetDecoded(ecs.HTTPRequestMethod, v, appendUpper)
		}
	case kThreatCategory:
		ev.Set(threatCategory, v)
	default:
		return false
	}
	return true
}

// rare sets what logs of the device itself, of administrators and of users have.
func (r *record) rare(ev *sdk.Event, k kind, it *delimited.Iter) {
	v := it.Value()
	switch k {
	case kEvent:
		r.event = v
		ev.Set(ecs.EventAction, v)
	case kObject:
		set(ev, object, it)
	case kModule:
		ev.Set(module, v)
	case kDescription:
		r.text = v
		set(ev, description, it)
	case kHost:
		address(ev, v)
	case kCommand:
		ev.Set(ecs.EventAction, v)
	case kClient:
		ev.Set(client, v)
	case kResult:
		r.result = v
		ev.Set(result, v)
	case kPath:
		ev.Set(changePath, bytes.TrimSpace(v))
	case kBefore:
		r.before = v
	case kAfter:
		r.change(ev, v)
	case kLateBefore:
		if !r.isDetailed {
			undoubled(ev, changeBefore, v)
		}
	case kLateAfter:
		if !r.isDetailed {
			undoubled(ev, changeAfter, v)
		} else if isPrecise(v) {
			r.precise = v
		}
	case kSourceData:
		set(ev, dataSource, it)
	case kFactor:
		ev.Set(factor, v)
	case kStage:
		ev.Set(stage, v)
	case kAuthMethod:
		ev.Set(authMethod, v)
	case kTunnel:
		ev.Set(tunnelType, v)
	case kMachine:
		set(ev, machine, it)
	case kPrivateIP:
		translated(ev, privateIP, v)
	case kClientVersion:
		ev.Set(clientVersion, v)
	case kOS:
		ev.Set(osName, v)
	case kStatus:
		r.status = v
	case kConnectMethod:
		ev.Set(connectMethod, v)
	case kGateway:
		set(ev, gateway, it)
	case kHIP:
		set(ev, hip, it)
	}
}

// change tells a change in detail from one without: there the sequence number and flags such as 0x0 stand in the
// place of before and after.
func (r *record) change(ev *sdk.Event, v []byte) {
	if bytes.HasPrefix(v, []byte("0x")) && isNumber(r.before) {
		r.counted(ev, r.before)
		return
	}
	r.isDetailed = true
	undoubled(ev, changeBefore, r.before)
	undoubled(ev, changeAfter, v)
}

func undoubled(ev *sdk.Event, f ecs.Field, v []byte) {
	ev.SetDecoded(f, v, delimited.AppendUndoubled)
}

// counted sets the sequence number, once.
func (r *record) counted(ev *sdk.Event, v []byte) {
	if !r.sequence && isNumber(v) {
		r.sequence = true
		ev.Set(ecs.EventSequence, v)
	}
}

// device sets the name of the device. A change without details has it two fields earlier.
func (r *record) device(ev *sdk.Event, it *delimited.Iter) {
	if r.kind == config && r.isDetailed != (it.Index() == 23) {
		return
	}
	set(ev, ecs.HostName, it)
	set(ev, ecs.ObserverName, it)
}

func (r *record) start(ev *sdk.Event, v []byte) {
	if bytes.IndexByte(v, 'T') < 0 {
		ev.SetTimeField(ecs.EventStart, "2006/01/02 15:04:05", r.zone, v)
	}
}
