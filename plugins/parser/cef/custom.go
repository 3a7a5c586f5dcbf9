package main

import (
	"math/bits"

	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/keys"
	"github.com/logcenter/logcenter/sdk/netaddr"
	"github.com/logcenter/logcenter/sdk/number"
)

// customs are the fields that products give a meaning of their own, which a label tells.
var customs = [...]struct {
	key         string
	how         how
	value, name ecs.Field
}{
	{"cs1", text, ecs.New("cef.cs1", ecs.Keyword, "First text of the product's own; cef.cs1_label says what it is."), ecs.New("cef.cs1_label", ecs.Keyword, "What cef.cs1 is to the product.")},
	{"cs2", text, ecs.New("cef.cs2", ecs.Keyword, "Second text of the product's own; cef.cs2_label says what it is."), ecs.New("cef.cs2_label", ecs.Keyword, "What cef.cs2 is to the product.")},
	{"cs3", text, ecs.New("cef.cs3", ecs.Keyword, "Third text of the product's own; cef.cs3_label says what it is."), ecs.New("cef.cs3_label", ecs.Keyword, "What cef.cs3 is to the product.")},
	{"cs4", text, ecs.New("cef.cs4", ecs.Keyword, "Fourth text of the product's own; cef.cs4_label says what it is."), ecs.New("cef.cs4_label", ecs.Keyword, "What cef.cs4 is to the product.")},
	{"cs5", text, ecs.New("cef.cs5", ecs.Keyword, "Fifth text of the product's own; cef.cs5_label says what it is."), ecs.New("cef.cs5_label", ecs.Keyword, "What cef.cs5 is to the product.")},
	{"cs6", text, ecs.New("cef.cs6", ecs.Keyword, "Sixth text of the product's own; cef.cs6_label says what it is."), ecs.New("cef.cs6_label", ecs.Keyword, "What cef.cs6 is to the product.")},
	{"cn1", whole, ecs.New("cef.cn1", ecs.Long, "First number of the product's own; cef.cn1_label says what it counts."), ecs.New("cef.cn1_label", ecs.Keyword, "What cef.cn1 counts.")},
	{"cn2", whole, ecs.New("cef.cn2", ecs.Long, "Second number of the product's own; cef.cn2_label says what it counts."), ecs.New("cef.cn2_label", ecs.Keyword, "What cef.cn2 counts.")},
	{"cn3", whole, ecs.New("cef.cn3", ecs.Long, "Third number of the product's own; cef.cn3_label says what it counts."), ecs.New("cef.cn3_label", ecs.Keyword, "What cef.cn3 counts.")},
	{"cfp1", raw, ecs.New("cef.cfp1", ecs.Double, "First fraction of the product's own; cef.cfp1_label says what it measures."), ecs.New("cef.cfp1_label", ecs.Keyword, "What cef.cfp1 measures.")},
	{"cfp2", raw, ecs.New("cef.cfp2", ecs.Double, "Second fraction of the product's own; cef.cfp2_label says what it measures."), ecs.New("cef.cfp2_label", ecs.Keyword, "What cef.cfp2 measures.")},
	{"cfp3", raw, ecs.New("cef.cfp3", ecs.Double, "Third fraction of the product's own; cef.cfp3_label says what it measures."), ecs.New("cef.cfp3_label", ecs.Keyword, "What cef.cfp3 measures.")},
	{"cfp4", raw, ecs.New("cef.cfp4", ecs.Double, "Fourth fraction of the product's own; cef.cfp4_label says what it measures."), ecs.New("cef.cfp4_label", ecs.Keyword, "What cef.cfp4 measures.")},
	{"c6a1", addr, ecs.New("cef.c6a1", ecs.IP, "First IPv6 address of the product's own; cef.c6a1_label says whose it is."), ecs.New("cef.c6a1_label", ecs.Keyword, "Whose address cef.c6a1 is.")},
	{"c6a2", addr, ecs.New("cef.c6a2", ecs.IP, "Second IPv6 address of the product's own; cef.c6a2_label says whose it is."), ecs.New("cef.c6a2_label", ecs.Keyword, "Whose address cef.c6a2 is.")},
	{"c6a3", addr, ecs.New("cef.c6a3", ecs.IP, "Third IPv6 address of the product's own; cef.c6a3_label says whose it is."), ecs.New("cef.c6a3_label", ecs.Keyword, "Whose address cef.c6a3 is.")},
	{"c6a4", addr, ecs.New("cef.c6a4", ecs.IP, "Fourth IPv6 address of the product's own; cef.c6a4_label says whose it is."), ecs.New("cef.c6a4_label", ecs.Keyword, "Whose address cef.c6a4 is.")},
	{"deviceCustomDate1", date, ecs.New("cef.device_custom_date1", ecs.Date, "First time of the product's own; cef.device_custom_date1_label says of what."), ecs.New("cef.device_custom_date1_label", ecs.Keyword, "What happened at cef.device_custom_date1.")},
	{"deviceCustomDate2", date, ecs.New("cef.device_custom_date2", ecs.Date, "Second time of the product's own; cef.device_custom_date2_label says of what."), ecs.New("cef.device_custom_date2_label", ecs.Keyword, "What happened at cef.device_custom_date2.")},
	{"flexDate1", date, ecs.New("cef.flex_date1", ecs.Date, "Time that a customer's own connector adds; cef.flex_date1_label says of what."), ecs.New("cef.flex_date1_label", ecs.Keyword, "What happened at cef.flex_date1.")},
	{"flexNumber1", whole, ecs.New("cef.flex_number1", ecs.Long, "First number that a customer's own connector adds; cef.flex_number1_label says what it counts."), ecs.New("cef.flex_number1_label", ecs.Keyword, "What cef.flex_number1 counts.")},
	{"flexNumber2", whole, ecs.New("cef.flex_number2", ecs.Long, "Second number that a customer's own connector adds; cef.flex_number2_label says what it counts."), ecs.New("cef.flex_number2_label", ecs.Keyword, "What cef.flex_number2 counts.")},
	{"flexString1", text, ecs.New("cef.flex_string1", ecs.Keyword, "First text that a customer's own connector adds; cef.flex_string1_label says what it is."), ecs.New("cef.flex_string1_label", ecs.Keyword, "What cef.flex_string1 is.")},
	{"flexString2", text, ecs.New("cef.flex_string2", ecs.Keyword, "Second text that a customer's own connector adds; cef.flex_string2_label says what it is."), ecs.New("cef.flex_string2_label", ecs.Keyword, "What cef.flex_string2 is.")},
}

// labels are names of custom fields that many products agree on, and the fields that they are beside.
var labels = keys.NewLoose(map[string]target{
	"policy": {how: text, field: ecs.RuleRuleset}, "policyname": {how: text, field: ecs.RuleRuleset},
	"ruleid": {how: text, field: ecs.RuleID}, "signatureid": {how: text, field: ecs.RuleID}, "sid": {how: text, field: ecs.RuleID},
	"rulecategory": {how: text, field: ecs.RuleCategory}, "attacktype": {how: text, field: ecs.RuleCategory}, "threattype": {how: text, field: ecs.RuleCategory},
	"riskscore": {how: raw, field: ecs.EventRiskScore}, "threatscore": {how: raw, field: ecs.EventRiskScore},
	"cve": {how: text, field: ecs.VulnerabilityID}, "cveid": {how: text, field: ecs.VulnerabilityID},
	"sourcezone": {how: text, field: ecs.ObserverIngressZone}, "fromzone": {how: text, field: ecs.ObserverIngressZone}, "srczone": {how: text, field: ecs.ObserverIngressZone},
	"destinationzone": {how: text, field: ecs.ObserverEgressZone}, "tozone": {how: text, field: ecs.ObserverEgressZone}, "dstzone": {how: text, field: ecs.ObserverEgressZone},
	"vlan": {how: text, field: ecs.NetworkVLANID}, "vlanid": {how: text, field: ecs.NetworkVLANID},
	"sha256": {how: text, field: ecs.FileHashSHA256}, "md5": {how: text, field: ecs.FileHashMD5}, "useragent": {how: text, field: ecs.UserAgentOriginal},
	"referer": {how: text, field: ecs.HTTPRequestReferrer}, "referrer": {how: text, field: ecs.HTTPRequestReferrer},
	"responsecode": {how: whole, field: ecs.HTTPResponseStatusCode}, "statuscode": {how: whole, field: ecs.HTTPResponseStatusCode},
	"httpstatus": {how: whole, field: ecs.HTTPResponseStatusCode}, "commandline": {how: text, field: ecs.ProcessCommandLine},
	"sourceipv6address": {how: addr, field: ecs.SourceIP}, "destinationipv6address": {how: addr, field: ecs.DestinationIP},
	"deviceipv6address": {how: addr, field: ecs.ObserverIP}, "tactic": {how: text, field: ecs.ThreatTacticName},
}, " _-")

// finishCustoms sets the custom fields, once all labels are known.
func (r *record) finishCustoms() {
	for left := r.customs; left != 0; left &= left - 1 {
		i := bits.TrailingZeros32(left)
		c, v, name := &customs[i], r.of(r.values[i]), r.of(r.names[i])
		if fits(c.how, v) {
			r.set(target{how: c.how, field: c.value}, v)
		} else {
			r.keep(c.key, r.values[i])
		}
		r.text(c.name, name)
		if t := labels.Get(name); t != nil {
			r.set(*t, v)
		}
	}
}

// fits says whether a value is what its field holds: products put texts into the fields of numbers and addresses, too.
func fits(h how, v []byte) bool {
	switch h {
	case addr:
		_, ok := netaddr.ParseAddr(v)
		return ok
	case whole:
		if v[0] == '-' {
			v = v[1:]
		}
		return number.IsDigits(v)
	case raw: // a fraction
		for _, c := range v {
			if c-'0' > 9 && c != '.' && c != '-' && c != '+' && c|0x20 != 'e' {
				return false
			}
		}
	}
	return true
}
