package main

import (
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/keys"
)

// how says by which setter a value becomes a field.
type how uint8

const (
	text   how = iota
	folded     // in small letters
	addr
	port
	mac
	transport
	date
	special
)

// target is what becomes of a key.
type target struct {
	how   how
	field ecs.Field
	id    uint8 // of special
}

// The keys whose values are more than one field, or change what others mean.
const (
	keyCategory = iota
	keyTime
	keyTimeFormat
	keySeverity
	keyUser
	keyURL
	keyName
	keyAction
	keyOutcome
	keySourceBytes
	keyDestinationBytes
	keySourcePackets
	keyDestinationPackets
	keyLogin
	keyLogout
	keyHash
	keyMessage
	keyReason
)

// attributes are the predefined ones, and behind them those that products add. Some write keys in other cases.
var attributes = keys.NewFold(map[string]target{
	"cat": {how: special, id: keyCategory}, "devTime": {how: special, id: keyTime}, "devTimeFormat": {how: special, id: keyTimeFormat},
	"proto": {how: transport}, "sev": {how: special, id: keySeverity},
	"src": {how: addr, field: ecs.SourceIP}, "dst": {how: addr, field: ecs.DestinationIP},
	"srcPort": {how: port, field: ecs.SourcePort}, "dstPort": {how: port, field: ecs.DestinationPort},
	"srcPreNAT": {how: addr, field: sourcePreNAT}, "dstPreNAT": {how: addr, field: destinationPreNAT},
	"srcPostNAT": {how: addr, field: ecs.SourceNATIP}, "dstPostNAT": {how: addr, field: ecs.DestinationNATIP},
	"srcPreNATPort": {how: port, field: sourcePreNATPort}, "dstPreNATPort": {how: port, field: destinationPreNATPort},
	"srcPostNATPort": {how: port, field: ecs.SourceNATPort}, "dstPostNATPort": {how: port, field: ecs.DestinationNATPort},
	"usrName": {how: special, id: keyUser}, "srcMAC": {how: mac, field: ecs.SourceMAC}, "dstMAC": {how: mac, field: ecs.DestinationMAC},
	"identSrc": {how: addr, field: identityAddress}, "identSecondlp": {how: addr, field: identityAddress2}, "identSecondIp": {how: addr, field: identityAddress2},
	"identHostName": {field: ecs.SourceDomain}, "identNetBios": {field: identityNetBIOS}, "identGrpName": {field: identityGroup},
	"identMAC": {how: mac, field: identityMAC}, "vSrc": {how: addr, field: virtualSource}, "vSrcName": {field: virtualSourceName},
	"accountName": {field: account}, "srcBytes": {how: special, id: keySourceBytes}, "dstBytes": {how: special, id: keyDestinationBytes},
	"srcPackets": {how: special, id: keySourcePackets}, "dstPackets": {how: special, id: keyDestinationPackets},
	"totalPackets": {field: ecs.NetworkPackets}, "totalBytes": {field: ecs.NetworkBytes}, "role": {field: role}, "realm": {field: realm},
	"policy": {field: ecs.RuleName}, "resource": {field: resource}, "url": {how: special, id: keyURL}, "groupID": {field: groupID},
	"domain": {field: ecs.UserDomain}, "isLoginEvent": {how: special, id: keyLogin}, "isLogoutEvent": {how: special, id: keyLogout},
	"calLanguage": {field: language}, "calCountryOrRegion": {field: country},

	"action": {how: special, id: keyAction}, "act": {how: special, id: keyAction},
	"outcome": {how: special, id: keyOutcome}, "result": {how: special, id: keyOutcome}, "status": {how: special, id: keyOutcome},
	"name": {how: special, id: keyName}, "eventName": {how: special, id: keyName}, "severity": {how: special, id: keySeverity},
	"msg": {how: special, id: keyMessage}, "message": {how: special, id: keyMessage}, "reason": {how: special, id: keyReason},
	"app": {how: folded, field: ecs.NetworkProtocol}, "application": {how: folded, field: ecs.NetworkProtocol}, "protocol": {how: transport},
	"method": {field: ecs.HTTPRequestMethod}, "requestMethod": {field: ecs.HTTPRequestMethod}, "userAgent": {field: ecs.UserAgentOriginal},
	"referer": {field: ecs.HTTPRequestReferrer}, "httpStatus": {field: ecs.HTTPResponseStatusCode}, "responseCode": {field: ecs.HTTPResponseStatusCode},
	"fileName": {field: ecs.FileName}, "filePath": {field: ecs.FilePath}, "fileSize": {field: ecs.FileSize},
	"fileHash": {how: special, id: keyHash}, "sha256": {how: special, id: keyHash}, "md5": {how: special, id: keyHash}, "sha1": {how: special, id: keyHash},
	"process": {field: ecs.ProcessName}, "processName": {field: ecs.ProcessName}, "pid": {field: ecs.ProcessPID}, "processId": {field: ecs.ProcessPID},
	"commandLine": {field: ecs.ProcessCommandLine}, "ruleId": {field: ecs.RuleID}, "ruleName": {field: ecs.RuleName}, "signature": {field: ecs.RuleID},
	"cve": {field: ecs.VulnerabilityID}, "srcZone": {field: ecs.ObserverIngressZone}, "dstZone": {field: ecs.ObserverEgressZone},
	"inInterface": {field: ecs.ObserverIngressInterfaceName}, "outInterface": {field: ecs.ObserverEgressInterfaceName},
	"devName": {field: ecs.ObserverName}, "devSerial": {field: ecs.ObserverSerialNumber}, "srcHostName": {field: ecs.SourceDomain},
	"dstHostName": {field: ecs.DestinationDomain}, "start": {how: date, field: ecs.EventStart}, "end": {how: date, field: ecs.EventEnd},
	"sourceZone": {field: ecs.ObserverIngressZone}, "destinationZone": {field: ecs.ObserverEgressZone}, "ingressInterface": {field: ecs.ObserverIngressInterfaceName},
	"egressInterface": {field: ecs.ObserverEgressInterfaceName}, "serialNumber": {field: ecs.ObserverSerialNumber}, "reqMethod": {field: ecs.HTTPRequestMethod},
	"respCode": {field: ecs.HTTPResponseStatusCode}, "appProto": {how: folded, field: ecs.NetworkProtocol}, "riskScore": {field: ecs.EventRiskScore},
	"password": {field: ecs.UserPassword}, "passwd": {field: ecs.UserPassword}, "pwd": {field: ecs.UserPassword},
})

// What is the format's own.
var (
	account               = ecs.New("leef.account_name", ecs.Keyword, "Account that the event is about, where it is not the user who acted.")
	category              = ecs.New("leef.category", ecs.Keyword, "What the product counts the event among, which with the event's id tells its meaning.")
	country               = ecs.New("leef.country", ecs.Keyword, "Country or region of the product's calendar, for its dates.")
	destinationPreNAT     = ecs.New("leef.destination_pre_nat_ip", ecs.IP, "Where the packet was sent to before the device translated it.")
	destinationPreNATPort = ecs.New("leef.destination_pre_nat_port", ecs.Long, "Port the packet was sent to before the device translated it.")
	formatVersion         = ecs.New("leef.version", ecs.Long, "Edition of the format, 1 or 2.")
	groupID               = ecs.New("leef.group_id", ecs.Keyword, "Identity of the group that the product's user or event belongs to.")
	identityAddress       = ecs.New("leef.identity_ip", ecs.IP, "Address that the user is at, from products that know who sits where.")
	identityAddress2      = ecs.New("leef.identity_second_ip", ecs.IP, "Further address that the user is at.")
	identityGroup         = ecs.New("leef.identity_group", ecs.Keyword, "Group of the user that the identity belongs to.")
	identityMAC           = ecs.New("leef.identity_mac", ecs.Keyword, "MAC address of the machine that the user is at.")
	identityNetBIOS       = ecs.New("leef.identity_netbios", ecs.Keyword, "NetBIOS name of the machine that the user is at.")
	language              = ecs.New("leef.language", ecs.Keyword, "Language of the product's dates, ISO 639-1.")
	messageText           = ecs.New("leef.message", ecs.Keyword, "Free text of the event where a reason stands beside it, which is event.reason.")
	ownPairs              = ecs.NewList("leef.extensions", ecs.Keyword, "Pairs key=value of keys that are the product's own, as they stand; up to 64.")
	outcomeText           = ecs.New("leef.outcome", ecs.Keyword, "How it ended in the product's words, where they are not ECS's.")
	realm                 = ecs.New("leef.realm", ecs.Keyword, "Realm or tenant in which the account is known.")
	resource              = ecs.New("leef.resource", ecs.Keyword, "What was accessed, in the product's words.")
	role                  = ecs.New("leef.role", ecs.Keyword, "What the user is allowed to be, e.g. administrator.")
	severityWord          = ecs.New("leef.severity", ecs.Keyword, "How bad it is in words, from products that write no number.")
	sourcePreNAT          = ecs.New("leef.source_pre_nat_ip", ecs.IP, "Where the packet came from before the device translated it.")
	sourcePreNATPort      = ecs.New("leef.source_pre_nat_port", ecs.Long, "Port the packet came from before the device translated it.")
	virtualSource         = ecs.New("leef.virtual_source_ip", ecs.IP, "Address of the virtual machine that the event arose in.")
	virtualSourceName     = ecs.New("leef.virtual_source_name", ecs.Keyword, "Virtual machine that the event arose in.")
)
