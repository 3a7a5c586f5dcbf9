package main

import (
	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/keys"
)

// The log types that the retention table of the log standard has for firewalls.
const (
	attack   = "attack"
	runState = "run_state"
	other    = "other"
)

// says are the facts of a module's lines: the log type, the data set and the category of ECS, which may be empty. What a
// device judges to be an attack is an alert.
func says(logType, dataset, category string) *sdk.Facts {
	kind := "event"
	switch logType {
	case attack:
		kind = "alert"
	case runState:
		kind = "state"
	}
	return sdk.NewFacts(map[ecs.Field][]string{
		ecs.LogcenterLogType: {logType}, ecs.EventDataset: {dataset}, ecs.EventCategory: {category}, ecs.EventKind: {kind},
	})
}

// modules are the library of rules.
var modules = func() *keys.Table[*sdk.Facts] {
	of := map[string]*sdk.Facts{}
	for _, r := range []struct {
		facts   *sdk.Facts
		modules []string
	}{
		{says(other, "dptech.session", "network"), []string{"SESSION"}},
		{says(other, "dptech.traffic", "network"), []string{"TRAFFIC", "FLOW"}},
		{says(other, "dptech.nat", "network"), []string{"NAT"}},
		{says(attack, "dptech.attack", "intrusion_detection"), []string{"ATTACK", "IPS", "DDOS"}},
		{says(attack, "dptech.attack", "malware"), []string{"AV", "VIRUS"}},
		{says(other, "dptech.url", "web"), []string{"URL", "WEB"}},
		{says(other, "dptech.login", "authentication"), []string{"LOGIN"}},
		{says(other, "dptech.vpn", "authentication"), []string{"VPN", "SSLVPN"}},
		{says(other, "dptech.config", "configuration"), []string{"CONFIG", "CLI", "WEBUI"}},
		{says(runState, "dptech.system", "host"), []string{"HA", "IFNET", "NTP", "ENV", "SYSTEM", "SYS", "DEV", "LICENSE", "CPU", "MEMORY"}},
	} {
		for _, m := range r.modules {
			of[m] = r.facts
		}
	}
	return keys.New(of)
}()

var (
	ofItself  = says(runState, "dptech.other", "")
	ofTraffic = says(other, "dptech.other", "")
)

// moduleOf is what lines of a module say. Of unknown modules the kind decides: what a device says of itself is SYSLOG.
func moduleOf(module, kind []byte) *sdk.Facts {
	if facts := modules.Get(module); facts != nil {
		return *facts
	}
	if string(kind) == "SYSLOG" {
		return ofItself
	}
	return ofTraffic
}
