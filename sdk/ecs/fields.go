package ecs

// The fields every Logcenter knows. The order is not part of any format: handles never leave a process.
const (
	Timestamp Field = iota + 1
	Message
	Tags
	Labels

	AgentName
	AssetCriticality
	AssetDepartment
	AssetID
	AssetName
	AssetOwner
	AssetSystem
	AssetTags
	AssetType
	AssetZone
	CloudAccountID
	CloudProvider
	CloudRegion
	ContainerID
	DestinationAddress
	DestinationASNumber
	DestinationASOrganizationName
	DestinationAssetCriticality
	DestinationAssetDepartment
	DestinationAssetID
	DestinationAssetName
	DestinationAssetOwner
	DestinationAssetSystem
	DestinationAssetType
	DestinationBytes
	DestinationDomain
	DestinationGeoCityName
	DestinationGeoContinentName
	DestinationGeoCountryISOCode
	DestinationGeoCountryName
	DestinationGeoLocation
	DestinationGeoName
	DestinationGeoRegionName
	DestinationIP
	DestinationMAC
	DestinationNATIP
	DestinationNATPort
	DestinationPackets
	DestinationPort
	DestinationUserDomain
	DestinationUserName
	DestinationZone
	DNSID
	DNSQuestionClass
	DNSQuestionName
	DNSQuestionType
	DNSResolvedIP
	ErrorCode
	ErrorMessage
	ErrorStackTrace
	ErrorType
	EventAction
	EventCategory
	EventCode
	EventCreated
	EventDataset
	EventDuration
	EventEnd
	EventID
	EventIngested
	EventKind
	EventModule
	EventOutcome
	EventProvider
	EventReason
	EventRiskScore
	EventSequence
	EventSeverity
	EventStart
	EventTimezone
	EventType
	FileHashMD5
	FileHashSHA1
	FileHashSHA256
	FileMimeType
	FileName
	FilePath
	FileSize
	GroupID
	GroupName
	HostHostname
	HostID
	HostIP
	HostName
	HostOSName
	HTTPRequestBytes
	HTTPRequestID
	HTTPRequestMethod
	HTTPRequestReferrer
	HTTPResponseBodyBytes
	HTTPResponseBytes
	HTTPResponseMimeType
	HTTPResponseStatusCode
	HTTPVersion
	LogFilePath
	LogLevel
	LogLogger
	LogOriginFileLine
	LogOriginFileName
	LogOriginFunction
	LogSourceAddress
	LogSyslogAppname
	LogSyslogFacilityCode
	LogSyslogHostname
	LogSyslogMsgID
	LogSyslogPriority
	LogSyslogProcID
	LogSyslogSeverityCode
	NetworkApplication
	NetworkBytes
	NetworkDirection
	NetworkForwardedIP
	NetworkPackets
	NetworkProtocol
	NetworkTransport
	NetworkType
	NetworkVLANID
	ObserverEgressInterfaceName
	ObserverEgressZone
	ObserverHostname
	ObserverIngressInterfaceName
	ObserverIngressZone
	ObserverIP
	ObserverName
	ObserverProduct
	ObserverSerialNumber
	ObserverType
	ObserverVendor
	ObserverVersion
	OrganizationName
	ProcessCommandLine
	ProcessExecutable
	ProcessName
	ProcessParentPID
	ProcessPID
	ProcessThreadID
	ProcessThreadName
	RelatedHosts
	RelatedIP
	RelatedUser
	RuleCategory
	RuleID
	RuleName
	RuleReference
	RuleRuleset
	RuleUUID
	ServiceName
	ServiceType
	SourceAddress
	SourceASNumber
	SourceASOrganizationName
	SourceAssetCriticality
	SourceAssetDepartment
	SourceAssetID
	SourceAssetName
	SourceAssetOwner
	SourceAssetSystem
	SourceAssetType
	SourceBytes
	SourceDomain
	SourceGeoCityName
	SourceGeoContinentName
	SourceGeoCountryISOCode
	SourceGeoCountryName
	SourceGeoLocation
	SourceGeoName
	SourceGeoRegionName
	SourceIP
	SourceMAC
	SourceNATIP
	SourceNATPort
	SourcePackets
	SourcePort
	SourceUserName
	SourceZone
	SpanID
	ThreatTacticName
	ThreatTechniqueID
	TLSCipher
	TLSClientServerName
	TLSVersion
	TraceID
	URLDomain
	URLFull
	URLOriginal
	URLPath
	URLQuery
	UserDomain
	UserEffectiveName
	UserGroupName
	UserID
	UserName
	UserPassword
	UserTargetName
	UserAgentOriginal
	VulnerabilityID

	LogcenterClassifiedBy
	LogcenterFlags
	LogcenterInput
	LogcenterLogType
	LogcenterParser
	LogcenterPosition
	LogcenterPriority
	LogcenterRedrivenFrom
	LogcenterStream

	endOfKnown
)

var known = [endOfKnown - 1]Info{
	Timestamp - 1: {"@timestamp", Date, false, "When the event happened, by the device's clock; the time of receipt where the line carries none."},
	Message - 1:   {"message", Text, false, "The whole line as received, decoded to UTF-8 and masked."},
	Tags - 1:      {"tags", Keyword, true, "Free words put on the event."},
	Labels - 1:    {"labels", Keyword, true, "Key=value pairs put on the event by configuration."},

	AgentName - 1:                     {"agent.name", Keyword, false, "Name of the shipper that collected the line."},
	AssetCriticality - 1:              {"asset.criticality", Keyword, false, "How much depends on the asset the event came from, in the words of the list of assets."},
	AssetDepartment - 1:               {"asset.department", Keyword, false, "Department of the asset the event came from."},
	AssetID - 1:                       {"asset.id", Keyword, false, "Id of the asset the event came from."},
	AssetName - 1:                     {"asset.name", Keyword, false, "Name of the asset the event came from."},
	AssetOwner - 1:                    {"asset.owner", Keyword, false, "Who answers for the asset the event came from."},
	AssetSystem - 1:                   {"asset.system", Keyword, false, "Business system that the asset the event came from belongs to."},
	AssetTags - 1:                     {"asset.tags", Keyword, true, "Words that the list of assets has for the asset the event came from."},
	AssetType - 1:                     {"asset.type", Keyword, false, "Kind of the asset the event came from, such as server or firewall."},
	AssetZone - 1:                     {"asset.zone", Keyword, false, "Network zone of the asset the event came from."},
	CloudAccountID - 1:                {"cloud.account.id", Keyword, false, "Account, tenant or project of the cloud that the event is about."},
	CloudProvider - 1:                 {"cloud.provider", Keyword, false, "Name of the cloud, e.g. aws."},
	CloudRegion - 1:                   {"cloud.region", Keyword, false, "Region of the cloud that the event happened in."},
	ContainerID - 1:                   {"container.id", Keyword, false, "Id that the container runtime gave the container."},
	DestinationAddress - 1:            {"destination.address", Keyword, false, "Destination as the device wrote it: an IP, a name or a socket path."},
	DestinationASNumber - 1:           {"destination.as.number", Long, false, "Autonomous system that the destination's address belongs to."},
	DestinationASOrganizationName - 1: {"destination.as.organization.name", Keyword, false, "Organisation that has the autonomous system of destination.ip."},
	DestinationAssetCriticality - 1:   {"destination.asset.criticality", Keyword, false, "How much depends on the asset that has destination.ip, in the words of the list of assets."},
	DestinationAssetDepartment - 1:    {"destination.asset.department", Keyword, false, "Department of the asset that has destination.ip."},
	DestinationAssetID - 1:            {"destination.asset.id", Keyword, false, "Id of the asset that has destination.ip."},
	DestinationAssetName - 1:          {"destination.asset.name", Keyword, false, "Name of the asset that has destination.ip."},
	DestinationAssetOwner - 1:         {"destination.asset.owner", Keyword, false, "Who answers for the asset that has destination.ip."},
	DestinationAssetSystem - 1:        {"destination.asset.system", Keyword, false, "Business system that the asset with destination.ip belongs to."},
	DestinationAssetType - 1:          {"destination.asset.type", Keyword, false, "Kind of the asset that has destination.ip, such as server or firewall."},
	DestinationBytes - 1:              {"destination.bytes", Long, false, "Bytes sent from destination to source."},
	DestinationDomain - 1:             {"destination.domain", Keyword, false, "Domain name of the destination."},
	DestinationGeoCityName - 1:        {"destination.geo.city_name", Keyword, false, "City the destination address belongs to."},
	DestinationGeoContinentName - 1:   {"destination.geo.continent_name", Keyword, false, "English name of the continent that the destination's country lies in."},
	DestinationGeoCountryISOCode - 1:  {"destination.geo.country_iso_code", Keyword, false, "ISO 3166-1 alpha-2 code of the destination's country."},
	DestinationGeoCountryName - 1:     {"destination.geo.country_name", Keyword, false, "English name of the destination's country."},
	DestinationGeoLocation - 1:        {"destination.geo.location", GeoPoint, false, "Coordinates of the destination."},
	DestinationGeoName - 1:            {"destination.geo.name", Keyword, false, "The admin's own name of the place that destination.ip is at."},
	DestinationGeoRegionName - 1:      {"destination.geo.region_name", Keyword, false, "State, province or other region the destination address belongs to."},
	DestinationIP - 1:                 {"destination.ip", IP, false, "Address of the destination."},
	DestinationMAC - 1:                {"destination.mac", Keyword, false, "MAC address of the destination."},
	DestinationNATIP - 1:              {"destination.nat.ip", IP, false, "Destination address after translation."},
	DestinationNATPort - 1:            {"destination.nat.port", Long, false, "Destination port after translation."},
	DestinationPackets - 1:            {"destination.packets", Long, false, "Packets sent from destination to source."},
	DestinationPort - 1:               {"destination.port", Long, false, "Port of the destination."},
	DestinationUserDomain - 1:         {"destination.user.domain", Keyword, false, "Directory or domain of the user at the destination."},
	DestinationUserName - 1:           {"destination.user.name", Keyword, false, "User at the destination."},
	DestinationZone - 1:               {"destination.zone", Keyword, false, "Network zone that destination.ip is in, by the list of assets or the zones of GeoIP."},
	DNSID - 1:                         {"dns.id", Keyword, false, "Number of the question, which the answer repeats."},
	DNSQuestionClass - 1:              {"dns.question.class", Keyword, false, "Class that was asked for, nearly always IN."},
	DNSQuestionName - 1:               {"dns.question.name", Keyword, false, "Name that was asked for."},
	DNSQuestionType - 1:               {"dns.question.type", Keyword, false, "Record type that was asked for."},
	DNSResolvedIP - 1:                 {"dns.resolved_ip", IP, true, "Addresses in the answer."},
	ErrorCode - 1:                     {"error.code", Keyword, false, "Code of the error; set by the host when a line could not be handled."},
	ErrorMessage - 1:                  {"error.message", Keyword, false, "What went wrong; set by the host when a line could not be handled."},
	ErrorStackTrace - 1:               {"error.stack_trace", Keyword, false, "Stack of the error as the application printed it."},
	ErrorType - 1:                     {"error.type", Keyword, false, "Stage and plugin at which the error arose; set by the host."},
	EventAction - 1:                   {"event.action", Keyword, false, "What was done, in the device's words, e.g. deny."},
	EventCategory - 1:                 {"event.category", Keyword, true, "ECS category, e.g. network, authentication, intrusion_detection."},
	EventCode - 1:                     {"event.code", Keyword, false, "The device's code for this kind of event."},
	EventCreated - 1:                  {"event.created", Date, false, "When the collecting agent first saw the event."},
	EventDataset - 1:                  {"event.dataset", Keyword, false, "Source of the event as module.kind, e.g. nginx.access."},
	EventDuration - 1:                 {"event.duration", Long, false, "How long the event took, nanoseconds."},
	EventEnd - 1:                      {"event.end", Date, false, "When the activity ended."},
	EventID - 1:                       {"event.id", Keyword, false, "Identity of the event: journal, partition, offset, row; set by the host."},
	EventIngested - 1:                 {"event.ingested", Date, false, "When Logcenter received the line; set by the host, retention counts from it."},
	EventKind - 1:                     {"event.kind", Keyword, false, "ECS kind: event, alert, metric, state."},
	EventModule - 1:                   {"event.module", Keyword, false, "First part of event.dataset."},
	EventOutcome - 1:                  {"event.outcome", Keyword, false, "success, failure or unknown."},
	EventProvider - 1:                 {"event.provider", Keyword, false, "Software that made the event on the device."},
	EventReason - 1:                   {"event.reason", Keyword, false, "Why it happened, in the device's words."},
	EventRiskScore - 1:                {"event.risk_score", Double, false, "Risk given by the device."},
	EventSequence - 1:                 {"event.sequence", Long, false, "The device's own running number."},
	EventSeverity - 1:                 {"event.severity", Long, false, "The device's own severity as it wrote it; log.level has the unified one."},
	EventStart - 1:                    {"event.start", Date, false, "When the activity began."},
	EventTimezone - 1:                 {"event.timezone", Keyword, false, "Zone by which a time without one was read."},
	EventType - 1:                     {"event.type", Keyword, true, "ECS type within the category: allowed, denied, start, end, ..."},
	FileHashMD5 - 1:                   {"file.hash.md5", Keyword, false, "MD5 of the file."},
	FileHashSHA1 - 1:                  {"file.hash.sha1", Keyword, false, "SHA-1 of the file in hexadecimal digits."},
	FileHashSHA256 - 1:                {"file.hash.sha256", Keyword, false, "SHA-256 of the file."},
	FileMimeType - 1:                  {"file.mime_type", Keyword, false, "Media type of the file, e.g. video/mp4."},
	FileName - 1:                      {"file.name", Keyword, false, "Name of the file without its folder."},
	FilePath - 1:                      {"file.path", Keyword, false, "Full path of the file."},
	FileSize - 1:                      {"file.size", Long, false, "Size of the file, bytes."},
	GroupID - 1:                       {"group.id", Keyword, false, "Number or SID of the group on its system."},
	GroupName - 1:                     {"group.name", Keyword, false, "Name of the group."},
	HostHostname - 1:                  {"host.hostname", Keyword, false, "Host name as the host itself says it."},
	HostID - 1:                        {"host.id", Keyword, false, "Unique identity of the host."},
	HostIP - 1:                        {"host.ip", IP, true, "Addresses of the host."},
	HostName - 1:                      {"host.name", Keyword, false, "Name of the host the event happened on."},
	HostOSName - 1:                    {"host.os.name", Keyword, false, "Operating system of the host."},
	HTTPRequestBytes - 1:              {"http.request.bytes", Long, false, "Size of the request with headers, bytes."},
	HTTPRequestID - 1:                 {"http.request.id", Keyword, false, "Id of the request, by which its lines on several systems are found."},
	HTTPRequestMethod - 1:             {"http.request.method", Keyword, false, "Method of the request as sent, e.g. GET."},
	HTTPRequestReferrer - 1:           {"http.request.referrer", Keyword, false, "Referrer of the request."},
	HTTPResponseBodyBytes - 1:         {"http.response.body.bytes", Long, false, "Size of the response body, bytes."},
	HTTPResponseBytes - 1:             {"http.response.bytes", Long, false, "Size of the response with headers, bytes."},
	HTTPResponseMimeType - 1:          {"http.response.mime_type", Keyword, false, "Type of the answer's body, e.g. text/html."},
	HTTPResponseStatusCode - 1:        {"http.response.status_code", Long, false, "Status code of the response."},
	HTTPVersion - 1:                   {"http.version", Keyword, false, "Version of HTTP, e.g. 1.1."},
	LogFilePath - 1:                   {"log.file.path", Keyword, false, "File the line was read from."},
	LogLevel - 1:                      {"log.level", Keyword, false, "Unified severity: Debug, Info, Warn, Error or Fatal."},
	LogLogger - 1:                     {"log.logger", Keyword, false, "Logger inside the application."},
	LogOriginFileLine - 1:             {"log.origin.file.line", Long, false, "Line of the source file that wrote the log."},
	LogOriginFileName - 1:             {"log.origin.file.name", Keyword, false, "Source file that wrote the log."},
	LogOriginFunction - 1:             {"log.origin.function", Keyword, false, "Function or method that wrote the log."},
	LogSourceAddress - 1:              {"log.source.address", Keyword, false, "Peer that sent the line, as address:port or path."},
	LogSyslogAppname - 1:              {"log.syslog.appname", Keyword, false, "Application name of the syslog header."},
	LogSyslogFacilityCode - 1:         {"log.syslog.facility.code", Long, false, "Syslog facility, 0 to 23."},
	LogSyslogHostname - 1:             {"log.syslog.hostname", Keyword, false, "Host name of the syslog header."},
	LogSyslogMsgID - 1:                {"log.syslog.msgid", Keyword, false, "Message id of the syslog header."},
	LogSyslogPriority - 1:             {"log.syslog.priority", Long, false, "Syslog priority, facility * 8 + severity."},
	LogSyslogProcID - 1:               {"log.syslog.procid", Keyword, false, "Process id of the syslog header."},
	LogSyslogSeverityCode - 1:         {"log.syslog.severity.code", Long, false, "Syslog severity, 0 (emergency) to 7 (debug)."},
	NetworkApplication - 1:            {"network.application", Keyword, false, "Application that the device recognised in the traffic, in its words."},
	NetworkBytes - 1:                  {"network.bytes", Long, false, "Bytes in both directions."},
	NetworkDirection - 1:              {"network.direction", Keyword, false, "inbound, outbound, internal, external or unknown."},
	NetworkForwardedIP - 1:            {"network.forwarded_ip", IP, false, "Address of the client for which a proxy speaks, by its X-Forwarded-For."},
	NetworkPackets - 1:                {"network.packets", Long, false, "Packets in both directions."},
	NetworkProtocol - 1:               {"network.protocol", Keyword, false, "Application protocol, lower case."},
	NetworkTransport - 1:              {"network.transport", Keyword, false, "Transport protocol as the device wrote it, e.g. tcp."},
	NetworkType - 1:                   {"network.type", Keyword, false, "Network layer, e.g. ipv4."},
	NetworkVLANID - 1:                 {"network.vlan.id", Keyword, false, "VLAN id."},
	ObserverEgressInterfaceName - 1:   {"observer.egress.interface.name", Keyword, false, "Interface the traffic left by."},
	ObserverEgressZone - 1:            {"observer.egress.zone", Keyword, false, "Zone the traffic left to."},
	ObserverHostname - 1:              {"observer.hostname", Keyword, false, "Host name of the device that saw the traffic."},
	ObserverIngressInterfaceName - 1:  {"observer.ingress.interface.name", Keyword, false, "Interface the traffic came by."},
	ObserverIngressZone - 1:           {"observer.ingress.zone", Keyword, false, "Zone the traffic came from."},
	ObserverIP - 1:                    {"observer.ip", IP, true, "Addresses of the device."},
	ObserverName - 1:                  {"observer.name", Keyword, false, "Name given to the device by its owner."},
	ObserverProduct - 1:               {"observer.product", Keyword, false, "Product name of the device."},
	ObserverSerialNumber - 1:          {"observer.serial_number", Keyword, false, "Serial number of the device."},
	ObserverType - 1:                  {"observer.type", Keyword, false, "Device type of the log standard: server, middleware, firewall, ips, waf, ..."},
	ObserverVendor - 1:                {"observer.vendor", Keyword, false, "Vendor of the device."},
	ObserverVersion - 1:               {"observer.version", Keyword, false, "Version of the device's software."},
	OrganizationName - 1:              {"organization.name", Keyword, false, "Organisation the asset belongs to."},
	ProcessCommandLine - 1:            {"process.command_line", Keyword, false, "Full command line of the process."},
	ProcessExecutable - 1:             {"process.executable", Keyword, false, "Path of the process's executable."},
	ProcessName - 1:                   {"process.name", Keyword, false, "Name of the process."},
	ProcessParentPID - 1:              {"process.parent.pid", Long, false, "Number of the process that started it."},
	ProcessPID - 1:                    {"process.pid", Long, false, "Process id."},
	ProcessThreadID - 1:               {"process.thread.id", Long, false, "Number of the thread."},
	ProcessThreadName - 1:             {"process.thread.name", Keyword, false, "Name of the thread."},
	RelatedHosts - 1:                  {"related.hosts", Keyword, true, "All host names seen in the event."},
	RelatedIP - 1:                     {"related.ip", IP, true, "All addresses seen in the event."},
	RelatedUser - 1:                   {"related.user", Keyword, true, "All user names seen in the event."},
	RuleCategory - 1:                  {"rule.category", Keyword, false, "Category of the rule that fired on the device."},
	RuleID - 1:                        {"rule.id", Keyword, false, "Id of the rule that fired on the device."},
	RuleName - 1:                      {"rule.name", Keyword, false, "Name of the rule that fired on the device."},
	RuleReference - 1:                 {"rule.reference", Keyword, false, "Where the rule is described, a URL."},
	RuleRuleset - 1:                   {"rule.ruleset", Keyword, false, "Policy or rule set the rule belongs to."},
	RuleUUID - 1:                      {"rule.uuid", Keyword, false, "Unique identity of the rule, which stays when it is renamed or moved."},
	ServiceName - 1:                   {"service.name", Keyword, false, "Name of the service."},
	ServiceType - 1:                   {"service.type", Keyword, false, "Type of the service, e.g. nginx."},
	SourceAddress - 1:                 {"source.address", Keyword, false, "Source as the device wrote it: an IP, a name or a socket path."},
	SourceASNumber - 1:                {"source.as.number", Long, false, "Autonomous system that the source's address belongs to."},
	SourceASOrganizationName - 1:      {"source.as.organization.name", Keyword, false, "Organisation that has the autonomous system of source.ip."},
	SourceAssetCriticality - 1:        {"source.asset.criticality", Keyword, false, "How much depends on the asset that has source.ip, in the words of the list of assets."},
	SourceAssetDepartment - 1:         {"source.asset.department", Keyword, false, "Department of the asset that has source.ip."},
	SourceAssetID - 1:                 {"source.asset.id", Keyword, false, "Id of the asset that has source.ip."},
	SourceAssetName - 1:               {"source.asset.name", Keyword, false, "Name of the asset that has source.ip."},
	SourceAssetOwner - 1:              {"source.asset.owner", Keyword, false, "Who answers for the asset that has source.ip."},
	SourceAssetSystem - 1:             {"source.asset.system", Keyword, false, "Business system that the asset with source.ip belongs to."},
	SourceAssetType - 1:               {"source.asset.type", Keyword, false, "Kind of the asset that has source.ip, such as server or firewall."},
	SourceBytes - 1:                   {"source.bytes", Long, false, "Bytes sent from source to destination."},
	SourceDomain - 1:                  {"source.domain", Keyword, false, "Domain name of the source."},
	SourceGeoCityName - 1:             {"source.geo.city_name", Keyword, false, "City the source address belongs to."},
	SourceGeoContinentName - 1:        {"source.geo.continent_name", Keyword, false, "English name of the continent that the source's country lies in."},
	SourceGeoCountryISOCode - 1:       {"source.geo.country_iso_code", Keyword, false, "ISO 3166-1 alpha-2 code of the source's country."},
	SourceGeoCountryName - 1:          {"source.geo.country_name", Keyword, false, "English name of the source's country."},
	SourceGeoLocation - 1:             {"source.geo.location", GeoPoint, false, "Coordinates of the source."},
	SourceGeoName - 1:                 {"source.geo.name", Keyword, false, "The admin's own name of the place that source.ip is at."},
	SourceGeoRegionName - 1:           {"source.geo.region_name", Keyword, false, "State, province or other region the source address belongs to."},
	SourceIP - 1:                      {"source.ip", IP, false, "Address of the source."},
	SourceMAC - 1:                     {"source.mac", Keyword, false, "MAC address of the source."},
	SourceNATIP - 1:                   {"source.nat.ip", IP, false, "Source address after translation."},
	SourceNATPort - 1:                 {"source.nat.port", Long, false, "Source port after translation."},
	SourcePackets - 1:                 {"source.packets", Long, false, "Packets sent from source to destination."},
	SourcePort - 1:                    {"source.port", Long, false, "Port of the source."},
	SourceUserName - 1:                {"source.user.name", Keyword, false, "User at the source."},
	SourceZone - 1:                    {"source.zone", Keyword, false, "Network zone that source.ip is in, by the list of assets or the zones of GeoIP."},
	SpanID - 1:                        {"span.id", Keyword, false, "Id of the operation within its trace."},
	ThreatTacticName - 1:              {"threat.tactic.name", Keyword, true, "MITRE ATT&CK tactics."},
	ThreatTechniqueID - 1:             {"threat.technique.id", Keyword, true, "MITRE ATT&CK technique ids."},
	TLSCipher - 1:                     {"tls.cipher", Keyword, false, "Cipher suite."},
	TLSClientServerName - 1:           {"tls.client.server_name", Keyword, false, "Name of the server that the client asked for (SNI)."},
	TLSVersion - 1:                    {"tls.version", Keyword, false, "TLS version, e.g. 1.3."},
	TraceID - 1:                       {"trace.id", Keyword, false, "Id of the trace the event belongs to."},
	URLDomain - 1:                     {"url.domain", Keyword, false, "Host part of the URL."},
	URLFull - 1:                       {"url.full", Keyword, false, "Whole URL with scheme and host."},
	URLOriginal - 1:                   {"url.original", Keyword, false, "URL as it was in the line."},
	URLPath - 1:                       {"url.path", Keyword, false, "Path of the URL."},
	URLQuery - 1:                      {"url.query", Keyword, false, "Query string without the question mark."},
	UserDomain - 1:                    {"user.domain", Keyword, false, "Directory or domain of the user."},
	UserEffectiveName - 1:             {"user.effective.name", Keyword, false, "User whose rights were taken on."},
	UserGroupName - 1:                 {"user.group.name", Keyword, false, "Group of the user."},
	UserID - 1:                        {"user.id", Keyword, false, "Unique identity of the user."},
	UserName - 1:                      {"user.name", Keyword, false, "User who acted."},
	UserPassword - 1:                  {"user.password", Keyword, false, "Password found in a line; always masked before anything is stored."},
	UserTargetName - 1:                {"user.target.name", Keyword, false, "User that something was done to."},
	UserAgentOriginal - 1:             {"user_agent.original", Keyword, false, "User agent as sent."},
	VulnerabilityID - 1:               {"vulnerability.id", Keyword, true, "CVE or vendor ids of vulnerabilities."},

	LogcenterClassifiedBy - 1: {"logcenter.classified_by", Keyword, true, "Classification rules of the configuration that set fields of the event; set by the host."},
	LogcenterFlags - 1:        {"logcenter.flags", Keyword, true, "Marks of the host: unparsed, truncated, decoded, withheld, unenriched, cut (a keyword over 8 KiB), late."},
	LogcenterInput - 1:        {"logcenter.input", Keyword, false, "Name of the input the line came by."},
	LogcenterLogType - 1:      {"logcenter.log_type", Keyword, false, "Log type of the log standard, the second key of the retention table."},
	LogcenterParser - 1:       {"logcenter.parser", Keyword, false, "Id and version of the parser that read the line."},
	LogcenterPosition - 1:     {"logcenter.position", Long, false, "Place in the raw journal: entry offset * 2^24 + row * 2^8 + fan-out ordinal; event.id is made of it."},
	LogcenterPriority - 1:     {"logcenter.priority", Long, false, "How urgent the event is: 1 (at once) to 5 (whenever)."},
	LogcenterStream - 1:       {"logcenter.stream", Keyword, true, "Streams whose query the event matched when it came in."},
	LogcenterRedrivenFrom - 1: {"logcenter.redriven_from", Keyword, false, "event.id of the event whose line was handled again and became this one."},
}
