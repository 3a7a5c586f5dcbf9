package main

import (
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/keys"
)

// how says by which setter a value becomes a field.
type how uint8

const (
	text   how = iota // with its escapes resolved
	raw               // as it stands
	folded            // in small letters
	addr
	port
	mac
	transport
	whole // a number
	date
	custom // the value of the custom field field; see custom.go
	label  // the name of the custom field
	special
)

// target is what becomes of a key.
type target struct {
	how   how
	field ecs.Field
	id    uint8 // of custom, label and special
}

// The keys whose values are more than one field.
const (
	keyAction = iota
	keyOutcome
	keyMessage
	keyReason
	keyRequest
	keyCategory
	keyBytesIn
	keyBytesOut
	keySourceUser
	keyDestinationUser
	keyDirection
	keyType
	keyHash
	keyOldHash
	keyDeviceHost
	keyLatitude
	keyLongitude
	keyDestinationLatitude
	keyDestinationLongitude
	keyMilliseconds
	keyReceived
	keyStart
	keyEnd
	keyTechnique
	keyProcess
	keyDeviceProcess
	keyDevice
	keyOwnTime
	keyOwnAction
	keyOwnMessage
	keySeconds
)

// dictionary is the extension dictionary: the short name first, then the full one where products write it. Some write
// keys in other cases.
var dictionary = keys.NewFold(withCustoms(map[string]target{
	"act": {how: special, id: keyAction}, "deviceAction": {how: special, id: keyAction},
	"app": {how: folded, field: ecs.NetworkProtocol}, "applicationProtocol": {how: folded, field: ecs.NetworkProtocol},
	"cat": {how: special, id: keyCategory}, "deviceEventCategory": {how: special, id: keyCategory},
	"cnt": {how: whole, field: count}, "baseEventCount": {how: whole, field: count},
	"in": {how: special, id: keyBytesIn}, "bytesIn": {how: special, id: keyBytesIn},
	"out": {how: special, id: keyBytesOut}, "bytesOut": {how: special, id: keyBytesOut},
	"msg": {how: special, id: keyMessage}, "message": {how: special, id: keyMessage},
	"outcome": {how: special, id: keyOutcome}, "eventOutcome": {how: special, id: keyOutcome},
	"reason": {how: special, id: keyReason},
	"proto":  {how: transport}, "transportProtocol": {how: transport},
	"type": {how: special, id: keyType}, "externalId": {how: text, field: externalID}, "eventId": {how: text, field: externalID},
	"rt": {how: special, id: keyReceived}, "deviceReceiptTime": {how: special, id: keyReceived},
	"start": {how: special, id: keyStart}, "startTime": {how: special, id: keyStart},
	"end": {how: special, id: keyEnd}, "endTime": {how: special, id: keyEnd},
	"art": {how: date, field: ecs.EventCreated}, "agentReceiptTime": {how: date, field: ecs.EventCreated},
	"rawEvent": {how: text, field: rawEvent},

	"src": {how: addr, field: ecs.SourceIP}, "sourceAddress": {how: addr, field: ecs.SourceIP},
	"spt": {how: port, field: ecs.SourcePort}, "sourcePort": {how: port, field: ecs.SourcePort},
	"smac": {how: mac, field: ecs.SourceMAC}, "sourceMacAddress": {how: mac, field: ecs.SourceMAC},
	"shost": {how: text, field: ecs.SourceDomain}, "sourceHostName": {how: text, field: ecs.SourceDomain},
	"sntdom": {how: text, field: sourceUserDomain}, "sourceNtDomain": {how: text, field: sourceUserDomain},
	"suid": {how: text, field: sourceUserID}, "sourceUserId": {how: text, field: sourceUserID},
	"suser": {how: special, id: keySourceUser}, "sourceUserName": {how: special, id: keySourceUser},
	"spriv": {how: text, field: sourcePrivileges}, "sourceUserPrivileges": {how: text, field: sourcePrivileges},
	"sproc": {how: special, id: keyProcess}, "sourceProcessName": {how: special, id: keyProcess},
	"spid": {how: whole, field: ecs.ProcessPID}, "sourceProcessId": {how: whole, field: ecs.ProcessPID},
	"sourceServiceName": {how: text, field: sourceService}, "sourceDnsDomain": {how: text, field: sourceDNSDomain},
	"sourceTranslatedAddress": {how: addr, field: ecs.SourceNATIP}, "sourceTranslatedPort": {how: port, field: ecs.SourceNATPort},
	"sourceZoneURI": {how: text, field: ecs.ObserverIngressZone}, "sourceZone": {how: text, field: ecs.ObserverIngressZone},
	"slat": {how: special, id: keyLatitude}, "slong": {how: special, id: keyLongitude},

	"dst": {how: addr, field: ecs.DestinationIP}, "destinationAddress": {how: addr, field: ecs.DestinationIP},
	"dpt": {how: port, field: ecs.DestinationPort}, "destinationPort": {how: port, field: ecs.DestinationPort},
	"dmac": {how: mac, field: ecs.DestinationMAC}, "destinationMacAddress": {how: mac, field: ecs.DestinationMAC},
	"dhost": {how: text, field: ecs.DestinationDomain}, "destinationHostName": {how: text, field: ecs.DestinationDomain},
	"dntdom": {how: text, field: ecs.DestinationUserDomain}, "destinationNtDomain": {how: text, field: ecs.DestinationUserDomain},
	"duid": {how: text, field: destinationUserID}, "destinationUserId": {how: text, field: destinationUserID},
	"duser": {how: special, id: keyDestinationUser}, "destinationUserName": {how: special, id: keyDestinationUser},
	"dpriv": {how: text, field: destinationPrivileges}, "destinationUserPrivileges": {how: text, field: destinationPrivileges},
	"dproc": {how: text, field: destinationProcess}, "destinationProcessName": {how: text, field: destinationProcess},
	"dpid": {how: whole, field: destinationPID}, "destinationProcessId": {how: whole, field: destinationPID},
	"destinationServiceName": {how: text, field: ecs.ServiceName}, "destinationDnsDomain": {how: text, field: destinationDNSDomain},
	"destinationTranslatedAddress": {how: addr, field: ecs.DestinationNATIP}, "destinationTranslatedPort": {how: port, field: ecs.DestinationNATPort},
	"destinationZoneURI": {how: text, field: ecs.ObserverEgressZone}, "destinationZone": {how: text, field: ecs.ObserverEgressZone},
	"dlat": {how: special, id: keyDestinationLatitude}, "dlong": {how: special, id: keyDestinationLongitude},

	"dvc": {how: special, id: keyDevice}, "deviceAddress": {how: special, id: keyDevice},
	"dvchost": {how: special, id: keyDeviceHost}, "deviceHostName": {how: special, id: keyDeviceHost},
	"dvcmac": {how: mac, field: observerMAC}, "deviceMacAddress": {how: mac, field: observerMAC},
	"dvcpid": {how: whole, field: devicePID}, "deviceProcessId": {how: whole, field: devicePID}, "deviceProcessName": {how: special, id: keyDeviceProcess},
	"dtz": {how: text, field: deviceTimezone}, "deviceTimeZone": {how: text, field: deviceTimezone},
	"deviceDirection": {how: special, id: keyDirection}, "deviceExternalId": {how: text, field: ecs.ObserverSerialNumber},
	"deviceFacility": {how: text, field: facility}, "deviceDnsDomain": {how: text, field: deviceDNSDomain}, "deviceNtDomain": {how: text, field: deviceNTDomain},
	"deviceInboundInterface":  {how: text, field: ecs.ObserverIngressInterfaceName},
	"deviceOutboundInterface": {how: text, field: ecs.ObserverEgressInterfaceName},
	"devicePayloadId":         {how: text, field: payloadID}, "deviceTranslatedAddress": {how: addr, field: deviceTranslated},

	"ahost": {how: text, field: ecs.AgentName}, "agentHostName": {how: text, field: ecs.AgentName},
	"agt": {how: addr, field: agentAddress}, "agentAddress": {how: addr, field: agentAddress},
	"aid": {how: text, field: agentID}, "agentId": {how: text, field: agentID}, "at": {how: text, field: agentType}, "agentType": {how: text, field: agentType},
	"av": {how: text, field: agentVersion}, "agentVersion": {how: text, field: agentVersion},
	"customerURI": {how: text, field: ecs.OrganizationName}, "customerExternalID": {how: text, field: organizationID},

	"fname": {how: text, field: ecs.FileName}, "fileName": {how: text, field: ecs.FileName},
	"filePath": {how: text, field: ecs.FilePath}, "fsize": {how: whole, field: ecs.FileSize}, "fileSize": {how: whole, field: ecs.FileSize},
	"fileHash": {how: special, id: keyHash}, "fileId": {how: text, field: fileInode}, "filePermission": {how: text, field: fileMode},
	"fileType": {how: text, field: fileType}, "fileCreateTime": {how: date, field: fileCreated}, "fileModificationTime": {how: date, field: fileModified},
	"oldFileName": {how: text, field: oldFileName}, "oldFilePath": {how: text, field: oldFilePath}, "oldFileSize": {how: whole, field: oldFileSize},
	"oldFileHash": {how: special, id: keyOldHash}, "oldFileId": {how: text, field: oldFileID}, "oldFilePermission": {how: text, field: oldFilePermission},
	"oldFileType": {how: text, field: oldFileType}, "oldFileCreateTime": {how: date, field: oldFileCreated},
	"oldFileModificationTime": {how: date, field: oldFileModified},

	"request": {how: special, id: keyRequest}, "requestUrl": {how: special, id: keyRequest},
	"requestClientApplication": {how: text, field: ecs.UserAgentOriginal}, "requestContext": {how: text, field: ecs.HTTPRequestReferrer},
	"requestCookies": {how: text, field: cookies}, "requestMethod": {how: raw, field: ecs.HTTPRequestMethod},

	// Of CEF 1.x.
	"frameworkName": {how: text, field: threatFramework}, "threatActor": {how: text, field: threatActor}, "threatAttackID": {how: special, id: keyTechnique},
	"reportedDuration": {how: special, id: keyMilliseconds}, "reportedResourceID": {how: text, field: resourceID},
	"reportedResourceName": {how: text, field: resourceName}, "reportedResourceType": {how: text, field: resourceType},
	"reportedResourceGroupName": {how: text, field: resourceGroup},

	// Not in the dictionary, but to be masked where products send them.
	"password": {how: text, field: ecs.UserPassword}, "passwd": {how: text, field: ecs.UserPassword}, "pwd": {how: text, field: ecs.UserPassword},
}))

// withCustoms adds the custom fields and their labels.
func withCustoms(all map[string]target) map[string]target {
	for i, name := range customs {
		all[name.key] = target{how: custom, id: uint8(i)}
		all[name.key+"Label"] = target{how: label, id: uint8(i)}
	}
	return all
}
