package main

import (
	"bytes"

	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/flow"
	"github.com/logcenter/logcenter/sdk/keys"
)

// use is what is done with the value of a key.
type use uint8

const (
	set         use = iota
	keep            // until all of the line is read
	transport       // TCP(6)
	chineseTime     // 20261011120008
	englishTime     // 10112026120008
	account
	category
	cves
	mac
	md5
	numbered // (9)ICMP Unreachable, which is kept without its number
	request
	severity
	url
)

// target is what a key's value becomes.
type target struct {
	part  flow.Part // of the connection; if there is none:
	use   use
	field ecs.Field
	slot  slot // where keep keeps it
}

// slot is a place for a value that waits for others.
type slot uint8

const (
	theAction slot = iota
	theEvent
	thePolicy
	thePolicyID
	theSignature
	theSignID
	slots
)

// known are the keys without the number behind them and in lower case, as versions differ in that.
var known = keys.NewFold(map[string]target{
	"srcipaddr":      {part: flow.SourceIP},
	"srcipv6addr":    {part: flow.SourceIP},
	"srcport":        {part: flow.SourcePort},
	"srcportnum":     {part: flow.SourcePort},
	"natsrcipaddr":   {part: flow.SourceNATIP},
	"natsrcipv6addr": {part: flow.SourceNATIP},
	"natsrcport":     {part: flow.SourceNATPort},
	"srcmacaddr":     {use: mac, field: ecs.SourceMAC},
	"realsrcip":      {use: set, field: realSource},

	"dstipaddr":      {part: flow.DestinationIP},
	"dstipv6addr":    {part: flow.DestinationIP},
	"destipaddr":     {part: flow.DestinationIP},
	"dstport":        {part: flow.DestinationPort},
	"destportnum":    {part: flow.DestinationPort},
	"natdstipaddr":   {part: flow.DestinationNATIP},
	"natdstipv6addr": {part: flow.DestinationNATIP},
	"natdstport":     {part: flow.DestinationNATPort},
	"dstmacaddr":     {use: mac, field: ecs.DestinationMAC},
	"destmacaddr":    {use: mac, field: ecs.DestinationMAC},

	"protocol":      {use: transport},
	"prottype":      {use: transport},
	"application":   {use: set, field: ecs.NetworkApplication},
	"srczonename":   {use: set, field: ecs.ObserverIngressZone},
	"dstzonename":   {use: set, field: ecs.ObserverEgressZone},
	"destzonename":  {use: set, field: ecs.ObserverEgressZone},
	"rcvifname":     {use: set, field: ecs.ObserverIngressInterfaceName},
	"sndifname":     {use: set, field: ecs.ObserverEgressInterfaceName},
	"icmptype":      {use: set, field: icmp},
	"icmpv6type":    {use: set, field: icmp},
	"initbytecount": {part: flow.SourceBytes},
	"rplybytecount": {part: flow.DestinationBytes},
	"initpktcount":  {part: flow.SourcePackets},
	"rplypktcount":  {part: flow.DestinationPackets},
	"begintime_c":   {use: chineseTime, field: ecs.EventStart},
	"atcktime_cn":   {use: chineseTime, field: ecs.EventStart},
	"begintime_e":   {use: englishTime, field: ecs.EventStart},
	"endtime_c":     {use: chineseTime, field: ecs.EventEnd},
	"endtime_e":     {use: englishTime, field: ecs.EventEnd},

	"action":         {use: keep, slot: theAction},
	"policyacttype":  {use: keep, slot: theAction},
	"event":          {use: numbered, slot: theEvent},
	"policyname":     {use: keep, slot: thePolicy},
	"securitypolicy": {use: keep, slot: thePolicy},
	"rulename":       {use: keep, slot: thePolicy},
	"acl":            {use: keep, slot: thePolicy},
	"ruleid":         {use: keep, slot: thePolicyID},
	"rule_id":        {use: keep, slot: thePolicyID},
	"attackname":     {use: numbered, slot: theSignature},
	"virusname":      {use: numbered, slot: theSignature},
	"atcktype":       {use: numbered, slot: theSignature},
	"attackid":       {use: keep, slot: theSignID},
	"virusid":        {use: keep, slot: theSignID},
	"category":       {use: category},
	"severity":       {use: severity, field: risk},
	"cve":            {use: cves, field: ecs.VulnerabilityID},
	"matchcount":     {use: set, field: count},
	"atktimes":       {use: set, field: count},

	"upperlimit":     {use: set, field: upperLimit},
	"submodule":      {use: set, field: subModule},
	"protection":     {use: set, field: protection},
	"subcategory":    {use: set, field: subCategory},
	"rcvvpninstance": {use: set, field: vpnInstance},

	"username":      {use: account, field: ecs.UserName},
	"httphost":      {use: set, field: ecs.URLDomain},
	"httpfirstline": {use: request},
	"url":           {use: url, field: ecs.URLOriginal},
	"filename":      {use: set, field: ecs.FileName},
	"md5":           {use: md5, field: ecs.FileHashMD5},
	"reason":        {use: set, field: ecs.EventReason},
})

// targetOf is what the value of a key such as SrcIPAddr(1003) becomes, nil if it is not known: it stays in the line only.
func targetOf(key []byte) *target {
	if n := len(key) - len("(1003)"); n > 0 && key[n] == '(' {
		key = key[:n]
	} else if i := bytes.IndexByte(key, '('); i >= 0 {
		key = key[:i]
	}
	return known.Get(key)
}
