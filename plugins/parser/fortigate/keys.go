package main

import (
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/flow"
	"github.com/logcenter/logcenter/sdk/keys"
)

// use is what is done with the value of a key.
type use uint8

const (
	set     use = iota
	setText     // set, of which quotes may be escaped
	setSeconds
	percent // 2.000%
	setMAC
	keep    // until all of the line is read
	setKeep // both
	account
	country
	device
	direction
	hash
	location
	reason
	service
	tunnel
	forwarded // addresses, of which the first is the client's
	answers   // addresses of a name
	uiAddress // ssh(10.1.1.5)
	way       // direction of a negotiation
)

// target is what a key's value becomes.
type target struct {
	part  flow.Part // of the connection; if there is none:
	use   use
	field ecs.Field
	slot  slot // where keep keeps it
}

// slot is a place for a value that waits for others. What the device says of itself stands in front of texts that
// others chose, such as URLs: should one of them get out of its quotes, it changes none of that, as the first value of
// a key is kept.
type slot uint8

const (
	theDate slot = iota
	theClock
	theZone
	theEpoch
	theReceipt
	theKind
	theSubtype
	theLevel
	theAction
	theSeverity
	thePolicyID
	thePolicyName
	theAttack
	theAttackID
	theVirus
	theVirusID
	theStatus
	theResult
	theConfigPath
	theHostname
	theMethod
	theURL
	theObjectUUID
	theEAPUser
	theEAPGroup
	theUI // the address in ssh(10.1.1.5)
	slots
)

// known are the keys of all types of logs; others stay in the line only.
var known = keys.New(withDetails(map[string]target{
	// All logs.
	"date":       {use: keep, slot: theDate},
	"time":       {use: keep, slot: theClock},
	"eventtime":  {use: keep, slot: theEpoch},
	"tz":         {use: keep, slot: theZone},
	"timestamp":  {use: keep, slot: theReceipt}, // of what forwards, such as FortiAnalyzer
	"itime":      {use: keep, slot: theReceipt},
	"type":       {use: keep, slot: theKind},
	"subtype":    {use: keep, slot: theSubtype},
	"level":      {use: keep, slot: theLevel},
	"action":     {use: keep, slot: theAction},
	"poluuid":    {use: set, field: ecs.RuleUUID},
	"policyid":   {use: keep, slot: thePolicyID},
	"policyname": {use: keep, slot: thePolicyName},
	"logid":      {use: set, field: ecs.EventCode},
	"devname":    {use: device},
	"devid":      {use: set, field: ecs.ObserverSerialNumber},
	"vd":         {use: set, field: virtualDomain},
	"eventtype":  {use: set, field: eventType},
	"srcip":      {part: flow.SourceIP},
	"src":        {part: flow.SourceIP},
	"srcport":    {part: flow.SourcePort},
	"srcintf":    {use: set, field: ecs.ObserverIngressInterfaceName},
	"dstip":      {part: flow.DestinationIP},
	"dst":        {part: flow.DestinationIP},
	"dstport":    {part: flow.DestinationPort},
	"dstintf":    {use: set, field: ecs.ObserverEgressInterfaceName},
	"proto":      {part: flow.Transport},
	"service":    {use: service, field: ecs.NetworkProtocol},
	"sessionid":  {use: set, field: sessionID},
	"session_id": {use: set, field: sessionID},
	"duration":   {use: setSeconds, field: ecs.EventDuration},
	"msg":        {use: setText, field: messageText},

	// FortiOS 4.
	"device_id": {use: set, field: ecs.ObserverSerialNumber},
	"log_id":    {use: set, field: ecs.EventCode},
	"pri":       {use: keep, slot: theLevel},
	"src_port":  {part: flow.SourcePort},
	"dst_port":  {part: flow.DestinationPort},
	"src_int":   {use: set, field: ecs.ObserverIngressInterfaceName},
	"dst_int":   {use: set, field: ecs.ObserverEgressInterfaceName},
	"sent":      {part: flow.SourceBytes},
	"rcvd":      {part: flow.DestinationBytes},

	// Traffic.
	"srccountry":  {use: country, field: ecs.SourceGeoCountryName},
	"dstcountry":  {use: country, field: ecs.DestinationGeoCountryName},
	"sentbyte":    {part: flow.SourceBytes},
	"rcvdbyte":    {part: flow.DestinationBytes},
	"sentpkt":     {part: flow.SourcePackets},
	"rcvdpkt":     {part: flow.DestinationPackets},
	"trandisp":    {use: set, field: translation},
	"transip":     {part: flow.SourceNATIP},
	"transport":   {part: flow.SourceNATPort},
	"tranip":      {part: flow.DestinationNATIP},
	"tranport":    {part: flow.DestinationNATPort},
	"srczone":     {use: set, field: ecs.ObserverIngressZone},
	"dstzone":     {use: set, field: ecs.ObserverEgressZone},
	"srcmac":      {use: setMAC, field: ecs.SourceMAC},
	"dstmac":      {use: setMAC, field: ecs.DestinationMAC},
	"srcname":     {use: set, field: ecs.SourceDomain},
	"dstname":     {use: set, field: ecs.DestinationDomain},
	"policytype":  {use: set, field: ecs.RuleRuleset},
	"app":         {use: set, field: ecs.NetworkApplication},
	"appid":       {use: set, field: appID},
	"appcat":      {use: set, field: appCategory},
	"apprisk":     {use: set, field: appRisk},
	"applist":     {use: set, field: appList},
	"osname":      {use: set, field: deviceOS},
	"devtype":     {use: set, field: deviceType},
	"srchwvendor": {use: set, field: deviceType},
	"unauthuser":  {use: setText, field: unauthUser},
	"utmaction":   {use: set, field: utmAction},
	"crscore":     {use: set, field: ecs.EventRiskScore},
	"crlevel":     {use: set, field: threatLevel},

	// Security profiles.
	"attack":         {use: keep, slot: theAttack},
	"attackid":       {use: keep, slot: theAttackID},
	"severity":       {use: setKeep, field: severityWord, slot: theSeverity},
	"count":          {use: set, field: attackCount},
	"virus":          {use: keep, slot: theVirus},
	"virusid":        {use: keep, slot: theVirusID},
	"filename":       {use: setText, field: ecs.FileName},
	"filesize":       {use: set, field: ecs.FileSize},
	"filehash":       {use: hash},
	"analyticscksum": {use: hash},
	"url":            {use: location, field: ecs.URLOriginal, slot: theURL},
	"hostname":       {use: keep, slot: theHostname},
	"ref":            {use: set, field: ecs.RuleReference},
	"forwardedfor":   {use: forwarded, field: ecs.NetworkForwardedIP},
	"httpmethod":     {use: set, field: ecs.HTTPRequestMethod},
	"referralurl":    {use: setText, field: ecs.HTTPRequestReferrer},
	"agent":          {use: setText, field: ecs.UserAgentOriginal},
	"direction":      {use: direction, field: ecs.NetworkDirection},
	"catdesc":        {use: set, field: urlCategory},
	"qname":          {use: set, field: ecs.DNSQuestionName},
	"qtype":          {use: set, field: ecs.DNSQuestionType},
	"qclass":         {use: set, field: ecs.DNSQuestionClass},
	"xid":            {use: set, field: ecs.DNSID},
	"ipaddr":         {use: answers, field: ecs.DNSResolvedIP},
	"profile":        {use: set, field: profile},
	"user":           {use: account, field: ecs.UserName},
	"group":          {use: set, field: ecs.UserGroupName},

	// The device itself, its users and VPNs.
	"logdesc":      {use: setText, field: logDesc},
	"ui":           {use: uiAddress, field: userInterface},
	"method":       {use: keep, slot: theMethod},
	"path":         {use: set, field: apiPath},
	"status":       {use: setKeep, field: status, slot: theStatus},
	"result":       {use: keep, slot: theResult},
	"reason":       {use: reason, field: ecs.EventReason},
	"cfgpath":      {use: setKeep, field: configPath, slot: theConfigPath},
	"cfgtid":       {use: set, field: configTransaction},
	"cfgobj":       {use: setText, field: configObject},
	"cfgattr":      {use: setText, field: configChange},
	"userip":       {part: flow.SourceIP},
	"remip":        {part: flow.SourceIP},
	"remport":      {part: flow.SourcePort},
	"locip":        {part: flow.DestinationIP},
	"locport":      {part: flow.DestinationPort},
	"uuid":         {use: keep, slot: theObjectUUID},
	"eapuser":      {use: keep, slot: theEAPUser},
	"eapauthgroup": {use: keep, slot: theEAPGroup},
	"tunnelip":     {use: tunnel, field: tunnelIP},
	"tunnelid":     {use: set, field: tunnelID},
	"init":         {use: set, field: negotiationInit},
	"role":         {use: set, field: negotiationRole},
	"version":      {use: set, field: aVersion},
	"dir":          {use: way, field: ecs.NetworkDirection},
	"mac":          {use: setMAC, field: ecs.SourceMAC},
	"ip":           {part: flow.SourceIP},
	"interface":    {use: set, field: anInterface},
	"lease":        {use: set, field: dhcpLease},
	"dhcp_msg":     {use: set, field: dhcpMessage},
	"tunneltype":   {use: set, field: tunnelType},
	"vpntunnel":    {use: set, field: vpnTunnel},
	"cpu":          {use: set, field: cpuPercent},
	"mem":          {use: set, field: memoryPercent},
	"totalsession": {use: set, field: sessionCount},

	// Of ECS and rarer.
	"outintf":     {use: set, field: ecs.ObserverEgressInterfaceName},
	"srccity":     {use: set, field: ecs.SourceGeoCityName},
	"dstcity":     {use: set, field: ecs.DestinationGeoCityName},
	"srcregion":   {use: set, field: ecs.SourceGeoRegionName},
	"dstregion":   {use: set, field: ecs.DestinationGeoRegionName},
	"contenttype": {use: set, field: ecs.HTTPResponseMimeType},
	"httpcode":    {use: set, field: ecs.HTTPResponseStatusCode},
	"dstuser":     {use: set, field: ecs.DestinationUserName},
	"vlanid":      {use: set, field: ecs.NetworkVLANID},
	"assignip":    {use: tunnel, field: tunnelIP},
}))
