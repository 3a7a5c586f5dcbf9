package main

import (
	"bytes"
	"strings"

	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/flow"
	"github.com/logcenter/logcenter/sdk/keys"
)

// use is what is done with the value of a key.
type use uint8

const (
	set    use = iota
	source     // an address with a port, and others behind a blank
	destination
	keep // until all of the line is read
	page // keep, of which commas may be part
	account
	category
	command
	cve
	hash
	mac
	severity
	sequence // unless the head has one
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
	thePolicy
	theSignature
	theSignID
	theHost
	thePage
	theBegin
	theEnd
	theResult
	slots
)

// uses are what is done with the keys of all modules, which spell them in their own ways, see spellings.
var uses = map[string]target{
	"source ip":       {part: flow.SourceIP},
	"src ip":          {part: flow.SourceIP},
	"sip":             {part: flow.SourceIP},
	"source address":  {part: flow.SourceIP},
	"src":             {use: source},
	"ip":              {part: flow.SourceIP},
	"ip address":      {part: flow.SourceIP},
	"user ip":         {part: flow.SourceIP},
	"remote ip":       {part: flow.SourceIP},
	"source port":     {part: flow.SourcePort},
	"src port":        {part: flow.SourcePort},
	"sport":           {part: flow.SourcePort},
	"source nat ip":   {part: flow.SourceNATIP},
	"src nat ip":      {part: flow.SourceNATIP},
	"source nat port": {part: flow.SourceNATPort},
	"src nat port":    {part: flow.SourceNATPort},
	"mac":             {use: mac, field: ecs.SourceMAC},

	"destination ip":       {part: flow.DestinationIP},
	"dst ip":               {part: flow.DestinationIP},
	"dip":                  {part: flow.DestinationIP},
	"destination address":  {part: flow.DestinationIP},
	"dst":                  {use: destination},
	"destination port":     {part: flow.DestinationPort},
	"dst port":             {part: flow.DestinationPort},
	"dport":                {part: flow.DestinationPort},
	"destination nat ip":   {part: flow.DestinationNATIP},
	"dst nat ip":           {part: flow.DestinationNATIP},
	"destination nat port": {part: flow.DestinationNATPort},
	"dst nat port":         {part: flow.DestinationNATPort},

	"protocol":          {part: flow.Transport},
	"proto":             {part: flow.Transport},
	"source zone":       {use: set, field: ecs.ObserverIngressZone},
	"src zone":          {use: set, field: ecs.ObserverIngressZone},
	"destination zone":  {use: set, field: ecs.ObserverEgressZone},
	"dst zone":          {use: set, field: ecs.ObserverEgressZone},
	"receive interface": {use: set, field: ecs.ObserverIngressInterfaceName},
	"in interface":      {use: set, field: ecs.ObserverIngressInterfaceName},
	"out interface":     {use: set, field: ecs.ObserverEgressInterfaceName},
	"vsys":              {use: set, field: vsys},
	"vsys name":         {use: set, field: vsys},
	"application":       {use: set, field: ecs.NetworkApplication},
	"application name":  {use: set, field: ecs.NetworkApplication},
	"app name":          {use: set, field: ecs.NetworkApplication},
	"send bytes":        {part: flow.SourceBytes},
	"rcv bytes":         {part: flow.DestinationBytes},
	"send pkts":         {part: flow.SourcePackets},
	"rcv pkts":          {part: flow.DestinationPackets},
	"begin time":        {use: keep, slot: theBegin},
	"end time":          {use: keep, slot: theEnd},

	"action":        {use: keep, slot: theAction},
	"policy name":   {use: keep, slot: thePolicy},
	"rule name":     {use: keep, slot: thePolicy},
	"policy":        {use: keep, slot: thePolicy},
	"sign name":     {use: keep, slot: theSignature},
	"virus name":    {use: keep, slot: theSignature},
	"attack type":   {use: keep, slot: theSignature},
	"domain name":   {use: keep, slot: theSignature},
	"sign id":       {use: keep, slot: theSignID},
	"virus id":      {use: keep, slot: theSignID},
	"category":      {use: category},
	"threat type":   {use: category},
	"severity":      {use: severity, field: risk},
	"profile":       {use: set, field: profile},
	"event num":     {use: set, field: count},
	"total packets": {use: set, field: count},
	"reference":     {use: cve, field: ecs.VulnerabilityID},

	"file name": {use: set, field: ecs.FileName},
	"hash":      {use: hash},
	"file hash": {use: hash},
	"host":      {use: keep, slot: theHost},
	"page":      {use: page, slot: thePage},
	"url":       {use: page, slot: thePage},
	"path":      {use: page, slot: thePage},
	"referer":   {use: set, field: ecs.HTTPRequestReferrer},

	"task":                  {use: set, field: task},
	"authentication method": {use: set, field: authMethod},
	"user type":             {use: set, field: service},
	"access type":           {use: set, field: service},
	"service type":          {use: set, field: service},
	"user input":            {use: set, field: answer},
	"times":                 {use: set, field: count},
	"block count":           {use: set, field: count},
	"vpn name":              {use: set, field: vpnInstance},
	"vpn instance name":     {use: set, field: vpnInstance},
	"target":                {use: set, field: aim},
	"syslog id":             {use: sequence, field: ecs.EventSequence},

	// Firmware that speaks Chinese.
	"用户":     {use: account, field: ecs.UserName},
	"用户名":    {use: account, field: ecs.UserName},
	"地址":     {part: flow.SourceIP},
	"ip地址":   {part: flow.SourceIP},
	"用户ip地址": {part: flow.SourceIP},
	"命令":     {use: command, field: commandLine},
	"任务":     {use: set, field: task},
	"认证方式":   {use: set, field: authMethod},
	"服务类型":   {use: set, field: service},
	"登录类型":   {use: set, field: service},
	"vpn实例名": {use: set, field: vpnInstance},
	"原因":     {use: set, field: ecs.EventReason},
	"失败原因":   {use: set, field: ecs.EventReason},
	"次数":     {use: set, field: count},

	"user":          {use: account, field: ecs.UserName},
	"user name":     {use: account, field: ecs.UserName},
	"command":       {use: command, field: commandLine},
	"reason":        {use: set, field: ecs.EventReason},
	"close reason":  {use: set, field: ecs.EventReason},
	"failed reason": {use: set, field: ecs.EventReason},
	"failure cause": {use: set, field: ecs.EventReason},
	"result":        {use: keep, slot: theResult},
}

// known are the keys in all their spellings.
var known = keys.NewFold(spellings(uses))

// spellings are the keys with blanks, hyphens, underscores and nothing between their words: "source IP", source-ip,
// source_ip and SourceIP are one.
func spellings(uses map[string]target) map[string]target {
	all := make(map[string]target, 4*len(uses))
	for words, t := range uses {
		for _, between := range []string{" ", "-", "_", ""} {
			all[strings.ReplaceAll(words, " ", between)] = t
		}
	}
	return all
}

// longestKey is longer than any key.
const longestKey = 24

// targetOf is what a key's value becomes, nil if the key is not known: it stays in the line only.
func targetOf(key []byte) *target {
	if len(key) > longestKey { // a sentence stands in front
		key = bytes.TrimSpace(key[bytes.LastIndex(key, []byte(". "))+1:])
	}
	return known.Get(key)
}
