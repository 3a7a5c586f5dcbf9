package main

import "github.com/logcenter/logcenter/sdk/ecs"

// What ECS has, but the SDK does not yet name.
var (
	destinationUserDomain = ecs.New("destination.user.domain", ecs.Keyword, "Directory or domain of the user at the destination.")
	destinationUserID     = ecs.New("destination.user.id", ecs.Keyword, "Unique identity of the user at the destination.")
	fileCreated           = ecs.New("file.created", ecs.Date, "When the file was made.")
	fileInode             = ecs.New("file.inode", ecs.Keyword, "Number by which the file system knows the file.")
	fileMode              = ecs.New("file.mode", ecs.Keyword, "Permissions of the file, e.g. 0640.")
	fileModified          = ecs.New("file.mtime", ecs.Date, "When the content of the file was last changed.")
	fileType              = ecs.New("file.type", ecs.Keyword, "Kind of file: file, dir, symlink, pipe, ...")
	observerMAC           = list("observer.mac", "MAC addresses of the device.")
	organizationID        = ecs.New("organization.id", ecs.Keyword, "Unique identity of the organisation.")
	sourceUserDomain      = ecs.New("source.user.domain", ecs.Keyword, "Directory or domain of the user at the source.")
	sourceUserID          = ecs.New("source.user.id", ecs.Keyword, "Unique identity of the user at the source.")
	threatFramework       = ecs.New("threat.framework", ecs.Keyword, "Catalogue that tactics and techniques are named by, e.g. MITRE ATT&CK.")
)

// What is the format's own.
var (
	agentAddress          = ecs.New("cef.agent_address", ecs.IP, "Where the connector runs that passed the event on.")
	agentID               = ecs.New("cef.agent_id", ecs.Keyword, "Identity of the connector that passed the event on.")
	agentType             = ecs.New("cef.agent_type", ecs.Keyword, "Kind of connector that passed the event on, e.g. syslog.")
	agentVersion          = ecs.New("cef.agent_version", ecs.Keyword, "Release of the connector that passed the event on.")
	category              = ecs.New("cef.category", ecs.Keyword, "What the product counts the event among, its key cat.")
	cookies               = ecs.New("cef.cookies", ecs.Keyword, "Cookies that the HTTP request brought.")
	count                 = ecs.New("cef.count", ecs.Long, "How often the same was seen; one line stands for all.")
	destinationDNSDomain  = ecs.New("cef.destination_dns_domain", ecs.Keyword, "Zone of the DNS that the destination's name is in.")
	destinationPID        = ecs.New("cef.destination_process_id", ecs.Long, "Number of the process that was the target.")
	destinationPrivileges = ecs.New("cef.destination_privileges", ecs.Keyword, "Rights of the user at the destination: Administrator, User or Guest.")
	destinationProcess    = ecs.New("cef.destination_process_name", ecs.Keyword, "Process that was the target, e.g. sshd.")
	deviceDNSDomain       = ecs.New("cef.device_dns_domain", ecs.Keyword, "Zone of the DNS that the device's name is in.")
	deviceNTDomain        = ecs.New("cef.device_nt_domain", ecs.Keyword, "Windows domain that the device belongs to.")
	devicePID             = ecs.New("cef.device_process_id", ecs.Long, "Number of the process on the device that made the event.")
	deviceProcess         = ecs.New("cef.device_process_name", ecs.Keyword, "Process on the device that made the event.")
	deviceTimezone        = ecs.New("cef.device_timezone", ecs.Keyword, "Zone the device says its clock is in; times are not moved by it.")
	deviceTranslated      = ecs.New("cef.device_translated_address", ecs.IP, "Address under which others see the device.")
	externalID            = ecs.New("cef.external_id", ecs.Keyword, "Identity that the product gave the event.")
	facility              = ecs.New("cef.facility", ecs.Keyword, "Part of the product that speaks, its key deviceFacility.")
	formatVersion         = ecs.New("cef.version", ecs.Long, "Number behind CEF: that says which edition of the format is used.")
	messageText           = ecs.New("cef.message", ecs.Keyword, "Free text of the event where a reason stands beside it, which is event.reason.")
	oldFileCreated        = ecs.New("cef.old_file_created", ecs.Date, "When the file that was replaced was made.")
	oldFileHash           = ecs.New("cef.old_file_hash", ecs.Keyword, "Digest of the file before it was changed.")
	oldFileID             = ecs.New("cef.old_file_id", ecs.Keyword, "Number of the file before it was changed, such as an inode.")
	oldFileModified       = ecs.New("cef.old_file_modified", ecs.Date, "When the file had been changed the last time before.")
	oldFileName           = ecs.New("cef.old_file_name", ecs.Keyword, "How the file was called before.")
	oldFilePath           = ecs.New("cef.old_file_path", ecs.Keyword, "Where the file was before, with its name.")
	oldFilePermission     = ecs.New("cef.old_file_permission", ecs.Keyword, "Rights on the file before it was changed.")
	oldFileSize           = ecs.New("cef.old_file_size", ecs.Long, "Bytes of the file before it was changed.")
	oldFileType           = ecs.New("cef.old_file_type", ecs.Keyword, "Kind of the file before it was changed.")
	ownPairs              = list("cef.extensions", "Pairs key=value of keys that are the product's own, as they stand; up to 64.")
	outcomeText           = ecs.New("cef.outcome", ecs.Keyword, "How it ended in the product's words, where they are not ECS's.")
	payloadID             = ecs.New("cef.payload_id", ecs.Keyword, "Where the product keeps the packets that belong to the event.")
	rawEvent              = ecs.New("cef.raw_event", ecs.Keyword, "Line of the original device that a connector made the event of.")
	resourceGroup         = ecs.New("cef.resource_group", ecs.Keyword, "Group of the cloud resource that the event tells of.")
	resourceID            = ecs.New("cef.resource_id", ecs.Keyword, "Identity of the cloud resource that the event tells of.")
	resourceName          = ecs.New("cef.resource_name", ecs.Keyword, "What the cloud resource is called that the event tells of.")
	resourceType          = ecs.New("cef.resource_type", ecs.Keyword, "Kind of the cloud resource that the event tells of.")
	severityWord          = ecs.New("cef.severity", ecs.Keyword, "How bad it is in words, from products that write no number.")
	sourceDNSDomain       = ecs.New("cef.source_dns_domain", ecs.Keyword, "Zone of the DNS that the source's name is in.")
	sourcePrivileges      = ecs.New("cef.source_privileges", ecs.Keyword, "Rights of the user at the source: Administrator, User or Guest.")
	sourceService         = ecs.New("cef.source_service", ecs.Keyword, "Service that caused the event, its key sourceServiceName.")
	threatActor           = ecs.New("cef.threat_actor", ecs.Keyword, "Group that the attack is laid to.")
	eventType             = ecs.New("cef.type", ecs.Long, "0 as the device made it, 1 aggregated, 2 correlated, 3 an action of the product.")
)

// list is a keyword field with several values an event.
func list(name, description string) ecs.Field {
	f, err := ecs.Define(ecs.Info{Name: name, Type: ecs.Keyword, List: true, Description: description})
	if err != nil {
		panic("ecs: " + err.Error())
	}
	return f
}
