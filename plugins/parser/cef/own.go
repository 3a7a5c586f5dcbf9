package main

import (
	"bytes"

	"github.com/logcenter/logcenter/sdk/cef"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/keys"
)

// maxOwn is how many pairs of the product's own an event keeps; further ones stay in the line only.
const maxOwn = 64

// ownPair sets a pair whose key the dictionary does not have: those of FortiGate by their meaning, others as they stand.
func (r *record) ownPair(it *cef.Iter) {
	key := it.Key()
	for _, prefix := range fortinetPrefixes {
		if !bytes.HasPrefix(key, prefix) {
			continue
		}
		if t := fortinet.Get(key[len(prefix):]); t != nil {
			r.set(*t, it.Value())
			return
		}
	}
	r.own(it.Pair())
}

// own sets a pair as it stands.
func (r *record) own(pair []byte) {
	if r.owned++; r.owned > maxOwn {
		return
	}
	if r.escapes {
		r.ev.SetDecoded(ownPairs, pair, cef.AppendUnescaped)
		return
	}
	r.ev.Set(ownPairs, pair)
}

// keep sets the pair of a custom field whose value its own field cannot hold.
func (r *record) keep(key string, value span) {
	for start := int(value.at) - 1; start >= 0; start-- { // quotes and blanks may stand before the value
		if r.extension[start] == '=' && start >= len(key) {
			r.own(r.extension[start-len(key) : value.end : value.end])
			return
		}
	}
}

// fortinetPrefixes are what FortiGate puts in front of its own keys, since 6.2 and before.
var fortinetPrefixes = [...][]byte{[]byte("FTNTFGT"), []byte("FortinetFortiGate")}

// fortinet are keys of FortiGate (FortiOS Log Reference, "CEF support") that CEF has no key for.
var fortinet = keys.New(map[string]target{
	"eventtime": {how: special, id: keyOwnTime}, "action": {how: special, id: keyOwnAction}, "logdesc": {how: special, id: keyOwnMessage},
	"duration": {how: special, id: keySeconds}, "policyid": {how: text, field: ecs.RuleID}, "policyname": {how: text, field: ecs.RuleRuleset},
	"sentpkt": {how: whole, field: ecs.SourcePackets}, "rcvdpkt": {how: whole, field: ecs.DestinationPackets},
	"srccountry": {how: text, field: ecs.SourceGeoCountryName}, "dstcountry": {how: text, field: ecs.DestinationGeoCountryName},
	"attackid": {how: text, field: ecs.RuleID},
})
