package main

// peers are what stands in front of messages about a tunnel, as far as the device knows the peer.
var peers = [...]string{
	"Group = %{group}, Username = %{user}, IP = %{aip}, ", "Group = %{group}, IP = %{aip}, ", "Group = %{group}, ", "IP = %{aip:ip}, ", "",
}

// sessions is what stands in front of messages about a session of AnyConnect and WebVPN.
const sessions = "Group <%{group}> User <%{user}> IP <%{aip}> "

// tunnelRows are messages about tunnels and sessions behind a peer: the classes 713, 716, 722 and 750.
func tunnelRows() (out []row) {
	for _, r := range [...]row{
		{"713041: IKE Initiator: %{reason}", &vpn},
		{"713049: Security negotiation complete for %{} (%{}) %{:word} Inbound SPI = %{spi}, Outbound SPI = %{}", &tunnelUp},
		{"713050: Connection terminated for peer %{:word} Reason: %{reason} Remote Proxy %{}", &tunnelEnd},
		{"713052: User (%{}) authenticated.", &loggedIn},
		{"713061: Tunnel rejected: Crypto Map Policy not found for Src:%{aend}, Dst: %{bend}!", &tunnelBad},
		{"713061: Rejecting IPSec tunnel: %{reason}", &tunnelBad},
		{"713068: %{reason}", &vpn},
		{"713119: PHASE 1 COMPLETED", &tunnelUp},
		{"713120: PHASE 2 COMPLETED (msgid=%{})", &tunnelUp},
		{"713123: IKE lost contact with remote peer, deleting connection (%{reason})", &tunnelEnd},
		{"713166: Remote peer has failed user authentication - %{reason}", &rejected},
		{"713167: Remote peer has failed user authentication - %{reason}", &rejected},
		{"713198: User Authorization failed: %{}", &rejected},
		{"713228: Assigned private IP address %{assigned:ip} to remote user", &vpn},
		{"713257: Phase %{:word} failure: %{reason}", &tunnelBad},
		{"713259: Session is being torn down. Reason: %{reason}", &tunnelEnd},
		{"713902: %{reason}", &tunnelBad},
		{"713903: %{reason}", &vpn},
		{"713904: %{reason}", &vpn},
		{"713905: %{reason}", &vpn},
		{"713906: %{reason}", &vpn},
	} {
		for _, peer := range peers {
			out = append(out, row{r.pattern[:8] + peer + r.pattern[8:], r.meaning})
		}
	}
	for _, r := range [...]row{
		{"716003: WebVPN access GRANTED: %{url}", &permitted},
		{"716004: WebVPN access DENIED to specified location: %{url}", &denied},
		{"716023: Session could not be established: %{reason}", &rejected},
		{"716058: AnyConnect session lost connection. %{reason}", &vpn},
		{"716059: AnyConnect session resumed. Connection from %{bip:ip}.", &vpn},
		{"722012: SVC Message: %{reason}", &vpn},
		{"722028: Stale SVC connection closed.", &vpn},
		{"722032: New %{proto:word} SVC connection replacing old connection.", &vpn},
		{"722032: New SVC connection replacing old connection.", &vpn},
		{"722033: First %{proto:word} SVC connection established for SVC session.", &tunnelUp},
		{"722033: First SVC connection established for SVC session.", &tunnelUp},
		{"722034: New %{proto:word} SVC connection, no existing connection.", &vpn},
		{"722036: Transmitting large packet %{reason}", &vpn},
		{"722037: SVC closing connection: %{reason}", &tunnelEnd},
		{"722051: Address <%{assigned}> assigned to session", &vpn},
		{"722055: Client Type: %{agent}", &vpn},
	} {
		out = append(out, row{r.pattern[:8] + sessions + r.pattern[8:], r.meaning})
	}
	const ends = "Local:%{bend:word} Remote:%{aend:word} Username:%{user:word} "
	for _, r := range [...]row{
		{"750001: Received request to %{reason}", &vpn},
		{"750002: Received a %{reason}", &vpn},
		{"750006: %{:word} SA UP. Reason: %{reason}", &tunnelUp},
		{"750006: SA UP. Reason: %{reason}", &tunnelUp},
		{"750007: %{:word} SA DOWN. Reason: %{reason}", &tunnelEnd},
		{"750007: SA DOWN. Reason: %{reason}", &tunnelEnd},
	} {
		out = append(out, row{r.pattern[:8] + ends + r.pattern[8:], r.meaning})
	}
	return out
}

// rarer are messages that busy devices write now and then.
var rarer = []row{
	{"104001: (%{}) Switching to ACTIVE - %{reason}", &state},
	{"104002: (%{}) Switching to STANDBY - %{reason}", &state},
	{"105005: (%{}) Lost Failover communications with mate on interface %{aif}", &state},
	{"106011: Deny %{direction:word} (No xlate) %{proto:word} src %{aif}:%{aend:word} dst %{bif}:%{bend:word}", &denied},
	{"106013: Dropping echo request from %{aip} to PAT address %{bip}", &denied},
	{"106102: access-list %{acl} denied %{proto:word} for user %{user:quoted} %{aif}/%{aip}(%{aport}) -> %{bif}/%{bip}(%{bport}) hit-cnt %{count:int}%{}", &denied},
	{"106102: access-list %{acl} permitted %{proto:word} for user %{user:quoted} %{aif}/%{aip}(%{aport}) -> %{bif}/%{bip}(%{bport}) hit-cnt %{count:int}%{}", &permitted},
	{"106103: access-list %{acl} denied %{proto:word} for user %{user:quoted} %{aif}/%{aip}(%{aport}) -> %{bif}/%{bip}(%{bport}) hit-cnt %{count:int}%{}", &denied},
	{"108003: Terminating %{:word} connection; malicious pattern detected in the mail address from %{aif}:%{aip}/%{aport} to %{bif}:%{bip}/%{bport}. Data:%{text}", &attacked},
	{"109001: Auth start for user %{user:quoted} from %{aip}/%{aport} to %{bip}/%{bport:int}%{}", &noted},
	{"109025: Authorization denied (acl=%{acl}) for user %{user:quoted} from %{aip}/%{aport} to %{bip}/%{bport} on interface %{aif} using %{proto:word}", &denied},
	{"111001: Begin configuration: %{aip} writing to %{text}", &changed},
	{"111004: %{aip} end configuration: %{text}", &changed},
	{"111005: %{aip} end configuration: %{text}", &changed},
	{"113003: AAA group policy for user %{user} is being set to %{group}", &noted},
	{"113007: User %{user:quoted} unlocked by %{}", &noted},
	{"113010: AAA challenge received for user %{user} from server %{server}", &noted},
	{"113011: AAA retrieved user specific group policy (%{group}) for user = %{user}", &noted},
	{"113022: AAA Marking %{:word} server %{server} in aaa-server group %{} as FAILED", &state},
	{"113023: AAA Marking %{:word} server %{server} in aaa-server group %{} as ACTIVE", &state},
	{"209003: Fragment database limit of %{} exceeded: src = %{aip}, dest = %{bip}, proto = %{proto}, id = %{}", &attacked},
	{"209004: Invalid IP fragment, %{reason}: src = %{aip}, dest = %{bip}, proto = %{proto}, id = %{}", &attacked},
	{"209005: Discard IP fragment set with %{reason}: src = %{aip}, dest = %{bip}, proto = %{proto}, id = %{}", &attacked},
	{"302017: Built %{direction:word} GRE connection %{connection} from %{aif}:%{aip} (%{anat})%{auser} to %{bif}:%{bip}/%{bport} (%{bnat})%{buser}", &opened},
	{"302018: Teardown GRE connection %{connection} from %{aif}:%{aip} (%{anat})%{auser} to %{bif}:%{bip}/%{bport} (%{bnat}) duration %{duration:word} bytes %{bytes:int}%{end}", &ended},
	{"303005: Strict FTP inspection matched %{rule} from %{aif}:%{aip}/%{aport} to %{bif}:%{bip}/%{bport}", &detected},
	{"308001: %{}enable password incorrect for %{:int} tries (from %{aip})", &rejected},
	{"322001: Deny MAC address %{amac:mac}, possible spoof attempt on interface %{aif}", &attacked},
	{"401002: Shun added: %{aip} %{bip} %{aport:int} %{bport:int}%{}", &attacked},
	{"401003: Shun deleted: %{aip}", &detected},
	{"407002: Embryonic limit %{} for through connections exceeded.%{aip}/%{aport} to %{gip} (%{bip})/%{bport} on interface %{aif}", &attacked},
	{"410001: Dropped %{proto:word} DNS %{:word} from %{aif}:%{aip}/%{aport} to %{bif}:%{bip}/%{bport}; %{reason}", &denied},
	{"410003: %{rule} from %{aif}:%{aip}/%{aport} to %{bif}:%{bip}/%{bport}; %{reason}", &detected},
	{"411003: Interface %{aif}, changed state to %{state}", &state},
	{"411004: Interface %{aif}, changed state to %{state}", &state},
	{"415006: %{rule} from %{aif}:%{aip}/%{aport} to %{bif}:%{bip}/%{bport}", &detected},
	{"418001: Through-the-device packet %{} network is denied: %{proto:word} from %{aif:word} %{aip:ip} (%{aport}) to %{bif:word} %{bip:ip} (%{bport})", &denied},
	{"419001: Dropping %{proto:word} packet from %{aif}:%{aip}/%{aport} to %{bif}:%{bip}/%{bport}, reason: %{reason}", &denied},
	{"419003: Cleared TCP urgent flag from %{aif}:%{aip}/%{aport} to %{bif}:%{bip}/%{bport:int}%{}", &detected},
	{"434002: SFR requested to drop %{proto:word} packet from %{aif}:%{aip}/%{aport} to %{bif}:%{bip}/%{bport}", &denied},
	{"434004: SFR requested ASA to bypass further packet redirection and process flow from %{aif}:%{aip}/%{aport} to %{bif}:%{bip}/%{bport} locally", &traffic},
	{"500003: Bad TCP hdr length (%{reason}) from %{aip}/%{aport} to %{bip}/%{bport}, flags: %{flags}, on interface %{aif}", &denied},
	{"502101: New user added to local dbase: Uname: %{user} Priv: %{to:int} %{}", &privilege},
	{"502102: User deleted from local dbase: Uname: %{user} Priv: %{from:int} %{}", &privilege},
	{"602101: PMTU-D packet %{reason} dest_addr=%{bip}, src_addr=%{aip}, prot=%{proto:word}", &traffic},
	{"604101: DHCP client interface %{aif}: Allocated ip = %{assigned}, mask = %{}", &state},
	{"604103: DHCP daemon interface %{aif}: address granted %{amac:word} (%{assigned})", &state},
	{"604104: DHCP daemon interface %{aif}: address released %{amac:word} (%{assigned})", &state},
	{"606003: ASDM logging session number %{:int} from %{aip} started", &loggedIn},
	{"606004: ASDM logging session number %{:int} from %{aip} ended", &loggedOut},
	{"607001: Pre-allocate SIP %{} secondary channel for %{aif}:%{aip}/%{aport} to %{bif}:%{bip} from %{text}", &traffic},
	{"702305: IPSEC: An %{direction:word} %{session} SA (SPI=%{spi}) between %{aip} and %{bip} (user= %{user}) is rekeying due to %{reason}", &vpn},
	{"702307: IPSEC: An %{direction:word} %{session} SA (SPI=%{spi}) between %{aip} and %{bip} (user= %{user}) is rekeying due to %{reason}", &vpn},
	{"710001: %{proto:word} access requested from %{aip}/%{aport} to %{bif}:%{bip}/%{bport}", &traffic},
	{"710004: %{proto:word} connection limit exceeded from %{aip}/%{aport} to %{bif}:%{bip}/%{bport:int}%{}", &denied},
	{"710007: NAT-T keepalive received from %{aip}/%{aport} to %{bif}:%{bip}/%{bport}", &traffic},
	{"717009: Certificate validation failed. %{reason}", &rejected},
	{"717022: Certificate was successfully validated. %{reason}", &noted},
	{"725003: SSL %{:word} %{aif}:%{aip}/%{aport} to %{bip}/%{bport:int} %{reason}", &handshake},
	{"725003: SSL %{:word} %{aif}:%{aip}/%{aport:int} %{reason}", &handshake},
	{"725012: Device chooses cipher %{cipher} for the SSL session with %{:word} %{aif}:%{aip}/%{aport} to %{bip}/%{bport:int}%{}", &handshake},
	{"725012: Device chooses cipher %{cipher} for the SSL session with %{:word} %{aif}:%{aip}/%{aport:int}%{}", &handshake},
	{"733101: %{:word} %{aip:ip} %{rule}. %{reason}; Cumulative total count is %{count:int}", &detected},
	{"733103: Threat-detection removes host %{aip} from shun list", &detected},
	{"734003: DAP: User %{user}, Addr %{aip}: Session Attribute%{text}", &noted},
	{"771001: CLOCK: System clock set, %{text}", &state},
	{"771002: CLOCK: System clock set, %{text}", &state},
}
