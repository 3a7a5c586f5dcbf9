package main

import (
	"slices"

	"github.com/logcenter/logcenter/sdk/keys"
	"github.com/logcenter/logcenter/sdk/template"
)

// row is a text of the manual and what it means. Of one id the first text that fits counts.
type row struct {
	pattern string
	meaning *meaning
}

// rows are the messages. The gaps have the names of kind, see names. Ends of a connection are a, which the text
// has first, and b.
var rows = []row{
	{"106001: %{direction:word} %{proto:word} connection denied from %{aip}/%{aport} to %{bip}/%{bport} flags %{flags} on interface %{aif}", &denied},
	{"106002: %{proto:word} Connection denied by outbound list %{acl} src %{aip} %{aport} dest %{bip} %{bport}", &denied},
	{"106006: Deny %{direction:word} %{proto:word} from %{aip}/%{aport} to %{bip}/%{bport} on interface %{aif}", &denied},
	{"106007: Deny %{direction:word} %{proto:word} from %{aip}/%{aport} to %{bip}/%{bport} due to %{reason}", &denied},
	{"106010: Deny %{direction:word} %{proto} src %{aif}:%{aend:word} dst %{bif}:%{bend:word}", &denied},
	{"106012: Deny %{:word} from %{aip} to %{bip}, IP options%{}", &denied},
	{"106014: Deny %{direction:word} %{proto:word} src %{aif}:%{aip} dst %{bif}:%{bip} (%{icmp})", &denied},
	{"106014: Deny %{direction:word} %{proto:word} src %{aif}:%{aip} dst %{bif}:%{bip}(%{icmp})", &denied},
	{"106015: Deny %{proto:word} (%{reason}) from %{aip}/%{aport} to %{bip}/%{bport} flags %{flags} on interface %{aif}", &denied},
	{"106016: Deny IP spoof from (%{aip}) to %{bip} on interface %{aif}", &attacked},
	{"106017: Deny IP due to Land Attack from %{aip} to %{bip}", &attacked},
	{"106018: ICMP packet type %{icmp} denied by outbound list %{acl} src %{aip} dest %{bip}", &denied},
	{"106020: Deny IP teardrop fragment (%{reason}) from %{aip} to %{bip}", &attacked},
	{"106021: Deny %{proto:word} reverse path check from %{aip} to %{bip} on interface %{aif}", &attacked},
	{"106022: Deny %{proto:word} connection spoof from %{aip} to %{bip} on interface %{aif}", &attacked},
	{"106023: Deny %{proto} src %{aif}:%{aend} dst %{bif}:%{bend} (%{icmp}) by access-group %{acl:quoted}%{}", &denied},
	{"106023: Deny %{proto} src %{aif}:%{aend} dst %{bif}:%{bend:word} %{icmp}, by access-group %{acl:quoted}%{}", &denied},
	{"106023: Deny %{proto} src %{aif}:%{aend} dst %{bif}:%{bend} by access-group %{acl:quoted}%{}", &denied},
	{"106100: access-list %{acl} denied %{proto:word} %{aif}/%{aip}(%{aport})%{auser} -> %{bif}/%{bip}(%{bport})%{} hit-cnt %{count:int}%{}", &denied},
	{"106100: access-list %{acl} permitted %{proto:word} %{aif}/%{aip}(%{aport})%{auser} -> %{bif}/%{bip}(%{bport})%{} hit-cnt %{count:int}%{}", &permitted},
	{"106100: access-list %{acl} est-allowed %{proto:word} %{aif}/%{aip}(%{aport})%{auser} -> %{bif}/%{bip}(%{bport})%{} hit-cnt %{count:int}%{}", &permitted},
	{"109005: Authentication succeeded for user %{user:quoted} from %{aip}/%{aport} to %{bip}/%{bport} on interface %{aif}", &loggedIn},
	{"109006: Authentication failed for user %{user:quoted} from %{aip}/%{aport} to %{bip}/%{bport} on interface %{aif}", &rejected},
	{"109007: Authorization permitted for user %{user:quoted} from %{aip}/%{aport} to %{bip}/%{bport} on interface %{aif}", &permitted},
	{"109008: Authorization denied for user %{user:quoted} from %{aip}/%{aport} to %{bip}/%{bport} on interface %{aif}", &denied},
	{"109201: UAUTH: Session=%{}, User=%{user}, Assigned IP=%{assigned}, Succeeded adding entry.", &noted},
	{"109207: UAUTH: Session=%{}, User=%{user}, Assigned IP=%{assigned}, Succeeded updating entry.", &noted},
	{"109210: UAUTH: Session=%{}, User=%{user}, Assigned IP=%{assigned}, Successfully removed the rules %{}", &noted},
	{"110002: Failed to locate egress interface for %{proto:word} from %{aif}:%{aip}/%{aport} to %{bip}/%{bport}", &failed},
	{"110003: Routing failed to locate next hop for %{proto:word} from %{aif}:%{aip}/%{aport} to %{bif}:%{bip}/%{bport}", &failed},
	{"111007: Begin configuration: %{aip:ip} reading from %{text}", &changed},
	{"111008: User %{user:quoted} executed the %{command:quoted} command.", &changed},
	{"111009: User %{user:quoted} executed cmd: %{command}", &command},
	{"111009: User %{user:word} executed cmd:%{command}", &command},
	{"111010: User %{user:quoted}, running %{client:quoted} from IP %{aip}, executed %{command:quoted}", &changed},
	{"113004: AAA user %{} Successful%{}server = %{server} : user = %{user}", &loggedIn},
	{"113004: AAA user %{} Successful%{}server = %{server} , User = %{user}", &loggedIn},
	{"113004: AAA user %{} Successful%{}server = %{server}, User = %{user}", &loggedIn},
	{"113005: AAA user %{} Rejected%{}reason = %{reason}: server = %{server}: user = %{user}: user IP = %{aip}", &rejected},
	{"113005: AAA user %{} Rejected%{}reason = %{reason}: server = %{server}, User = %{user}: user IP = %{aip}", &rejected},
	{"113005: AAA user %{} Rejected%{}reason = %{reason}: server = %{server}, User = %{user}", &rejected},
	{"113005: AAA user %{} Rejected%{}reason = %{reason}: server = %{server}: user = %{user}", &rejected},
	{"113006: User %{user:quoted} locked out on exceeding %{}", &lockedOut},
	{"113006: User %{user} locked out on exceeding %{}", &lockedOut},
	{"113008: AAA transaction status ACCEPT%{}user = %{user}", &loggedIn},
	{"113009: AAA retrieved default group policy (%{group}) for user = %{user}", &noted},
	{"113009: AAA retrieved default group policy %{group} for user %{user}", &noted},
	{"113012: AAA user authentication Successful%{}local database%{}user = %{user}", &loggedIn},
	{"113012: AAA user authentication Successful%{}local database%{}User = %{user}", &loggedIn},
	{"113015: AAA user authentication Rejected%{}reason = %{reason}: local database%{}user = %{user}: user IP = %{aip}", &rejected},
	{"113015: AAA user authentication Rejected%{}reason = %{reason}: local database%{}user = %{user}", &rejected},
	{"113015: AAA user authentication Rejected%{}reason = %{reason}: local database%{}User = %{user}: user IP = %{aip}", &rejected},
	{"113015: AAA user authentication Rejected%{}reason = %{reason}: local database%{}User = %{user}", &rejected},
	{"113019: Group = %{group}, Username = %{user}, IP = %{aip}, Session disconnected. Session Type: %{session}, Duration: %{duration}, Bytes xmt: %{xmt:int}, Bytes rcv: %{rcv:int}, Reason: %{reason}", &tunnelEnd},
	{"113029: Group <%{group}> User <%{user}> IP <%{aip}> Session could not be established: %{reason}", &tunnelBad},
	{"113029: Group %{group:word} User %{user:word} IP %{aip} Session could not be established: %{reason}", &tunnelBad},
	{"113039: Group <%{group}> User <%{user}> IP <%{aip}> AnyConnect parent session started.", &tunnelUp},
	{"113040: Terminating the VPN connection attempt from %{group}. Reason: %{reason}", &tunnelBad},
	{"302013: Built %{direction:word} %{proto:word} connection %{connection} for %{aif}:%{aip}/%{aport} (%{anat})%{auser} to %{bif}:%{bip}/%{bport} (%{bnat})%{buser}", &opened},
	{"302014: Teardown %{proto:word} connection %{connection} for %{aif}:%{aip}/%{aport} to %{bif}:%{bip}/%{bport} duration %{duration:word} bytes %{bytes:int}%{end}", &closed},
	{"302015: Built %{direction:word} %{proto:word} connection %{connection} for %{aif}:%{aip}/%{aport} (%{anat})%{auser} to %{bif}:%{bip}/%{bport} (%{bnat})%{buser}", &opened},
	{"302016: Teardown %{proto:word} connection %{connection} for %{aif}:%{aip}/%{aport} to %{bif}:%{bip}/%{bport} duration %{duration:word} bytes %{bytes:int}%{end}", &closed},
	{"302020: Built %{direction:word} %{proto:word} connection for faddr %{aip}/%{aport:int}%{auser} gaddr %{gip}/%{:int} laddr %{bip}/%{bport:int}%{buser} type %{itype:int} code %{icode:int}", &opened},
	{"302020: Built %{direction:word} %{proto:word} connection for faddr %{aip}/%{aport:int}%{auser} gaddr %{gip}/%{:int} laddr %{bip}/%{bport:int}%{}", &opened},
	{"302021: Teardown %{proto:word} connection for faddr %{aip}/%{aport:int}%{auser} gaddr %{gip}/%{:int} laddr %{bip}/%{bport:int}%{buser} type %{itype:int} code %{icode:int}", &closed},
	{"302021: Teardown %{proto:word} connection for faddr %{aip}/%{aport:int}%{auser} gaddr %{gip}/%{:int} laddr %{bip}/%{bport:int}%{}", &closed},
	{"302020: Built %{direction:word} %{proto:word} connection %{connection} from %{aif}:%{aip}/%{aport} (%{anat})%{auser} to %{bif}:%{bip}/%{bport} (%{bnat})%{buser}", &opened},
	{"302021: Teardown %{proto:word} connection %{connection} from %{aif}:%{aip}/%{aport} (%{anat})%{auser} to %{bif}:%{bip}/%{bport} (%{bnat})%{buser}", &ended},
	// Of clusters, whose other members have a connection as a stub: its own messages say that it began and ended.
	{"302022: Built %{} stub %{proto:word} connection for %{aif}:%{aip}/%{aport} (%{anat}) to %{bif}:%{bip}/%{bport} (%{bnat})", &traffic},
	{"302024: Built %{} stub %{proto:word} connection for %{aif}:%{aip}/%{aport} (%{anat}) to %{bif}:%{bip}/%{bport} (%{bnat})", &traffic},
	{"302026: Built %{} stub %{proto:word} connection for %{aif}:%{aip}/%{aport} (%{anat}) to %{bif}:%{bip}/%{bport} (%{bnat})", &traffic},
	{"302023: Teardown stub %{proto:word} connection for %{aif}:%{aip}/%{aport} to %{bif}:%{bip}/%{bport} duration %{duration:word} forwarded bytes %{bytes:int} %{reason}", &traffic},
	{"302025: Teardown stub %{proto:word} connection for %{aif}:%{aip}/%{aport} to %{bif}:%{bip}/%{bport} duration %{duration:word} forwarded bytes %{bytes:int} %{reason}", &traffic},
	{"302027: Teardown stub %{proto:word} connection for %{aif}:%{aip}/%{aport} to %{bif}:%{bip}/%{bport} duration %{duration:word} forwarded bytes %{bytes:int} %{reason}", &traffic},
	{"302303: Built %{proto:word} state-bypass connection %{connection} from %{aif}:%{aip}/%{aport} (%{anat}) to %{bif}:%{bip}/%{bport} (%{bnat})%{buser}", &opened},
	{"302304: Teardown %{proto:word} state-bypass connection %{connection} from %{aif}:%{aip}/%{aport} to %{bif}:%{bip}/%{bport} duration %{duration:word} bytes %{bytes:int}%{end}", &ended},
	{"303002: %{proto:word} connection from %{aif}:%{aip}/%{aport} to %{bif}:%{bip}/%{bport}, user %{user} Retrieved file %{file}", &moved},
	{"303002: %{proto:word} connection from %{aif}:%{aip}/%{aport} to %{bif}:%{bip}/%{bport}, user %{user} Stored file %{file}", &moved},
	{"304001: %{aip} Accessed %{}URL %{bip:ip}:%{url}", &requested},
	{"304001: %{aip} Accessed %{}URL %{bip}:%{url}", &requested},
	{"304002: Access denied URL %{url} SRC %{aip} DEST %{bip:ip}%{}", &refused},
	{"305005: No translation group found for %{proto} src %{aif}:%{aend:word} dst %{bif}:%{bend:word} (%{icmp})", &failed},
	{"305005: No translation group found for %{proto} src %{aif}:%{aend:word} dst %{bif}:%{bend:word}", &failed},
	{"305006: %{reason} translation creation failed for %{proto} src %{aif}:%{aend:word} dst %{bif}:%{bend:word} (%{icmp})", &failed},
	{"305006: %{reason} translation creation failed for %{proto} src %{aif}:%{aend:word} dst %{bif}:%{bend:word}", &failed},
	{"305009: Built %{translation:word} translation from %{aif}:%{aip} to %{bif}:%{natip}", &mapped},
	{"305010: Teardown %{translation:word} translation from %{aif}:%{aip} to %{bif}:%{natip} duration %{duration}", &unmapped},
	{"305011: Built %{translation:word} %{proto:word} translation from %{aif}:%{aip}/%{aport} to %{bif}:%{natip}/%{natport}", &mapped},
	{"305012: Teardown %{translation:word} %{proto:word} translation from %{aif}:%{aip}/%{aport} to %{bif}:%{natip}/%{natport} duration %{duration}", &unmapped},
	{"305013: Asymmetric NAT rules matched for forward and reverse flows; Connection for %{proto:word} src %{aif}:%{aend:word} dst %{bif}:%{bend:word} (%{icmp}) denied due to %{reason}", &denied},
	{"305013: Asymmetric NAT rules matched for forward and reverse flows; Connection for %{proto} src %{aif}:%{aend:word} dst %{bif}:%{bend:word} denied due to %{reason}", &denied},
	{"313001: Denied ICMP %{icmp} from %{aip} on interface %{aif}", &denied},
	{"313004: Denied ICMP %{icmp}, from laddr %{aip} on interface %{aif} to %{bip}: %{reason}", &denied},
	{"313005: No matching connection for ICMP error message: %{proto:word} src %{aif}:%{aip} dst %{bif}:%{bip} (%{icmp}) on %{}", &denied},
	{"313008: Denied ICMPv6 %{icmp6} from %{aip} on interface %{aif}", &denied},
	{"313008: Denied IPv6-ICMP %{icmp6} from %{aip} on interface %{aif}", &denied},
	{"315011: SSH session from %{aip} on interface %{aif} for user %{user:quoted} disconnected by SSH server, reason: %{reason:quoted}%{}", &loggedOut},
	{"315011: SSH session from %{aip} on interface %{aif} for user %{user} disconnected by SSH server, reason: %{reason}", &loggedOut},
	{"315011: SSH session from %{aip} on interface %{aif} for user %{user:quoted} terminated normally%{}", &loggedOut},
	{"338005: Dynamic Filter dropped %{listed:word} %{proto:word} traffic from %{aif}:%{aip}/%{aport} (%{anat}) to %{bif}:%{bip}/%{bport} (%{bnat}), %{text}, threat-level: %{threat}, category: %{category}", &attacked},
	{"338005: Dynamic Filter dropped %{listed:word} %{proto:word} traffic from %{aif}:%{aip}/%{aport} (%{anat}) to %{bif}:%{bip}/%{bport} (%{bnat}), %{text}", &attacked},
	{"338006: Dynamic Filter dropped %{listed:word} %{proto:word} traffic from %{aif}:%{aip}/%{aport} (%{anat}) to %{bif}:%{bip}/%{bport} (%{bnat}), %{text}, threat-level: %{threat}, category: %{category}", &attacked},
	{"338006: Dynamic Filter dropped %{listed:word} %{proto:word} traffic from %{aif}:%{aip}/%{aport} (%{anat}) to %{bif}:%{bip}/%{bport} (%{bnat}), %{text}", &attacked},
	{"338007: Dynamic Filter dropped %{listed:word} %{proto:word} traffic from %{aif}:%{aip}/%{aport} (%{anat}) to %{bif}:%{bip}/%{bport} (%{bnat}), %{text}, threat-level: %{threat}, category: %{category}", &attacked},
	{"338007: Dynamic Filter dropped %{listed:word} %{proto:word} traffic from %{aif}:%{aip}/%{aport} (%{anat}) to %{bif}:%{bip}/%{bport} (%{bnat}), %{text}", &attacked},
	{"338008: Dynamic Filter dropped %{listed:word} %{proto:word} traffic from %{aif}:%{aip}/%{aport} (%{anat}) to %{bif}:%{bip}/%{bport} (%{bnat}), %{text}, threat-level: %{threat}, category: %{category}", &attacked},
	{"338008: Dynamic Filter dropped %{listed:word} %{proto:word} traffic from %{aif}:%{aip}/%{aport} (%{anat}) to %{bif}:%{bip}/%{bport} (%{bnat}), %{text}", &attacked},
	{"401004: Shunned packet: %{aip} ==> %{bip} on interface %{aif}", &attacked},
	{"401004: Shunned packet: %{aip} = %{bip} on interface %{aif}", &attacked},
	{"401004: Shunned packet %{aip} ==> %{bip} on interface %{aif}", &attacked},
	{"402116: IPSEC: Received an %{proto:word} packet (SPI=%{spi}, sequence number%{}) from %{aip} (user=%{user}) to %{bip}. %{reason}", &attacked},
	{"402117: IPSEC: Received a %{reason} packet from %{aip} to %{bip}.", &attacked},
	{"402118: IPSEC: Received an %{proto:word} packet (SPI=%{spi}, sequence number%{}) from %{aip} (user=%{user}) to %{bip} %{reason}", &attacked},
	{"402119: IPSEC: Received an %{proto:word} packet (SPI=%{spi}, sequence number%{}) from %{aip} (user=%{user}) to %{bip} that %{reason}", &attacked},
	{"402120: IPSEC: Received an %{proto:word} packet (SPI=%{spi}, sequence number%{}) from %{aip} (user=%{user}) to %{bip} that %{reason}", &attacked},
	{"405001: Received ARP %{rule} from %{aip}/%{amac:mac} on interface %{aif} with existing ARP entry %{}/%{bmac:mac}", &detected},
	{"405001: Received ARP %{rule} from %{aip}/%{amac:mac} on interface %{aif} with %{}", &detected},
	{"405001: Received ARP %{rule} from %{aip}/%{amac:mac} on interface %{aif}", &detected},
	{"411001: Line protocol on Interface %{aif}, changed state to %{state}", &state},
	{"411002: Line protocol on Interface %{aif}, changed state to %{state}", &state},
	{"419002: Duplicate %{proto:word} SYN from %{aif}:%{aip}/%{aport} to %{bif}:%{bip}/%{bport} with different initial sequence number%{}", &detected},
	{"500004: Invalid transport field for protocol=%{proto:word}, from %{aip}/%{aport} to %{bip}/%{bport}", &failed},
	{"502103: User priv level changed: Uname: %{user} From: %{from:int} To: %{to:int}", &privilege},
	{"507003: %{proto:word} flow from %{aif}:%{aip}/%{aport} to %{bif}:%{bip}/%{bport} terminated by inspection engine, reason - %{reason}", &denied},
	{"602303: IPSEC: An %{direction:word} %{session} SA (SPI=%{spi}) between %{aip} and %{bip} (user= %{user}) has been created.", &tunnelUp},
	{"602304: IPSEC: An %{direction:word} %{session} SA (SPI=%{spi}) between %{aip} and %{bip} (user= %{user}) has been deleted.", &tunnelEnd},
	{"605004: Login denied from %{aip}/%{aport} to %{bif}:%{bip}/%{bport} for user %{user:quoted}", &rejected},
	{"605005: Login permitted from %{aip}/%{aport} to %{bif}:%{bip}/%{bport} for user %{user:quoted}", &loggedIn},
	{"606001: ASDM session number %{:int} from %{aip} started", &loggedIn},
	{"606002: ASDM session number %{:int} from %{aip} ended", &loggedOut},
	{"609001: Built local-host %{aif}:%{aip}", &traffic},
	{"609002: Teardown local-host %{aif}:%{aip} duration %{duration}", &traffic},
	{"611101: User authentication succeeded: IP address: %{aip}, Uname: %{user}", &loggedIn},
	{"611101: User authentication succeeded: Uname: %{user}", &loggedIn},
	{"611102: User authentication failed: IP address: %{aip}, Uname: %{user}", &rejected},
	{"611102: User authentication failed: Uname: %{user}", &rejected},
	{"611103: User logged out: Uname: %{user}", &loggedOut},
	{"710002: %{proto:word} access permitted from %{aip}/%{aport} to %{bif}:%{bip}/%{bport}", &permitted},
	{"710003: %{proto:word} access denied by ACL from %{aip}/%{aport} to %{bif}:%{bip}/%{bport}", &denied},
	{"710005: %{proto:word} request discarded from %{aip}/%{aport} to %{bif}:%{bip}/%{bport}", &denied},
	{"710006: %{proto:word} request discarded from %{aip} to %{bif}:%{bip}", &denied},
	{"716001: Group <%{group}> User <%{user}> IP <%{aip}> WebVPN session started.", &tunnelUp},
	{"716002: Group <%{group}> User <%{user}> IP <%{aip}> WebVPN session terminated: %{reason}.", &tunnelEnd},
	{"716038: Group <%{group}> User <%{user}> IP <%{aip}> Authentication: successful, Session Type: %{session}.", &loggedIn},
	{"716039: Group <%{group}> User <%{user}> IP <%{aip}> Authentication: rejected, Session Type: %{session}.", &rejected},
	{"716039: Authentication: rejected, group = %{group} user = %{user} , Session Type: %{session}", &rejected},
	{"721016: (%{}) WebVPN session for client user %{user}, %{:word} %{aip} has been created.", &tunnelUp},
	{"721018: (%{}) WebVPN session for client user %{user}, %{:word} %{aip} has been deleted.", &tunnelEnd},
	{"722022: Group <%{group}> User <%{user}> IP <%{aip}> %{proto:word} SVC connection established %{}", &tunnelUp},
	{"722023: Group <%{group}> User <%{user}> IP <%{aip}> %{proto:word} SVC connection terminated %{}", &tunnelEnd},
	{"722051: %{}Group <%{group}> User <%{user}> IP <%{aip}> IPv4 Address <%{assigned}> IPv6 address <%{}> assigned to session", &vpn},
	{"725001: Starting SSL handshake with %{:word} %{aif}:%{aip}/%{aport} to %{bip}/%{bport} for %{tls} session%{}", &handshake},
	{"725001: Starting SSL handshake with %{:word} %{aif}:%{aip}/%{aport} for %{tls} session%{}", &handshake},
	{"725002: Device completed SSL handshake with %{:word} %{aif}:%{aip}/%{aport} to %{bip}/%{bport} for %{tls} session%{}", &handshake},
	{"725002: Device completed SSL handshake with %{:word} %{aif}:%{aip}/%{aport:int}", &handshake},
	{"725006: Device failed SSL handshake with %{:word} %{aif}:%{aip}/%{aport} to %{bip}/%{bport:int}%{}", &badShake},
	{"725006: Device failed SSL handshake with %{:word} %{aif}:%{aip}/%{aport:int}%{}", &badShake},
	{"725007: SSL session with %{:word} %{aif}:%{aip}/%{aport} to %{bip}/%{bport:int} terminated%{}", &shaken},
	{"725007: SSL session with %{:word} %{aif}:%{aip}/%{aport:int} terminated%{}", &shaken},
	{"725016: Device selects trust-point %{} for %{:word} %{aif}:%{aip}/%{aport} to %{bip}/%{bport:int}%{}", &handshake},
	{"733100: [%{rule}] drop rate%{} exceeded. %{reason}; Cumulative total count is %{count:int}", &detected},
	{"733100: [%{rule}] drop rate%{} exceeded. %{reason}", &detected},
	{"733100: %{rule} drop rate %{} exceeded. %{reason}; Cumulative total count is %{count:int}", &detected},
	{"733102: Threat-detection adds host %{aip} to shun list", &attacked},
	{"734001: DAP: User %{user}, Addr %{aip}, Connection %{session}: %{}", &noted},
	{"737016: IPAA: %{}Freeing local pool %{}address %{assigned:ip}", &vpn},
	{"737026: IPAA: %{}Client assigned %{assigned:ip} from local pool%{}", &vpn},
	{"746012: user-identity: Add IP-User mapping %{aip} - %{user} Succeeded%{}", &loggedIn},
	{"746013: user-identity: Delete IP-User mapping %{aip} - %{user} Succeeded%{}", &loggedOut},
	{"750003: Local:%{bend:word} Remote:%{aend:word} Username:%{user:word} %{} Negotiation aborted due to ERROR: %{reason}", &tunnelBad},
	{"750003: Local:%{bend:word} Remote:%{aend:word} Username:%{user:word} Negotiation aborted due to ERROR: %{reason}", &tunnelBad},
	{"751025: Local:%{bend:word} Remote:%{aend:word} Username:%{user:word} IKEv2 Group:%{group} IPv4 Address=%{assigned:ip} %{}", &tunnelUp},
	{"805001: Offloaded %{proto:word} Flow for connection %{connection} from %{aif}:%{aip}/%{aport} (%{anat}) to %{bif}:%{bip}/%{bport} (%{bnat})", &traffic},
	{"805002: %{proto:word} Flow is no longer offloaded for connection %{connection} from %{aif}:%{aip}/%{aport} (%{anat}) to %{bif}:%{bip}/%{bport} (%{bnat})", &traffic},
	{"852001: Received %{text} event from application %{} for %{proto:word} flow %{aip}/%{aport} to %{bip}/%{bport}", &traffic},
	{"852002: Received %{text} event from application %{} for %{proto:word} flow %{aip}/%{aport} to %{bip}/%{bport}", &traffic},
	{"199002: Startup completed. Beginning operation.", &started},
}

// anyID are texts that many ids share. They say nothing of the meaning, which is that of the class.
var anyID = template.MustSet(
	"IDS:%{ruleid} %{rule} from %{aip} to %{bip} on interface %{aif}",
	"Group <%{group}> User <%{user}> IP <%{aip}> %{text}",
	"Group = %{group}, Username = %{user}, IP = %{aip}, %{text}",
	"Group = %{group}, IP = %{aip}, %{text}",
	"Group = %{group}, %{text}",
	"Group %{group:word} User %{user:word} IP %{aip:ip} %{text}",
	"IP = %{aip:ip}, %{text}",
	"Begin configuration: %{aip:ip} writing to %{text}",
	"%{aip:ip} end configuration: %{text}",
	"Local:%{bend:word} Remote:%{aend:word} Username:%{user:word} %{text}",
	"Dynamic Filter %{:word} %{listed:word} %{proto:word} traffic from %{aif}:%{aip}/%{aport} (%{anat}) to %{bif}:%{bip}/%{bport} (%{bnat}), %{text}, threat-level: %{threat}, category: %{category}",
	"Dynamic Filter %{:word} %{listed:word} %{proto:word} traffic from %{aif}:%{aip}/%{aport} (%{anat}) to %{bif}:%{bip}/%{bport} (%{bnat}), %{text}",
)

// texts are those of one id.
type texts struct {
	set      *template.Set
	meanings []*meaning // of the patterns of set
	kinds    [][]kind   // what their gaps hold
}

// byID are the texts of rows.
var byID = func() *keys.Table[texts] {
	patterns, all := map[string][]string{}, map[string]texts{}
	for _, r := range slices.Concat(rows, rarer, tunnelRows()) {
		id, text := r.pattern[:6], r.pattern[len("302013: "):]
		patterns[id] = append(patterns[id], text)
		t := all[id]
		t.meanings = append(t.meanings, r.meaning)
		all[id] = t
	}
	for id, t := range all {
		t.set = template.MustSet(patterns[id]...)
		t.kinds = kindsOf(t.set)
		all[id] = t
	}
	return keys.New(all)
}()
