package main

// rule says what the lines of a module are: the log type of the log standard's retention table, the data set
// and the category of ECS.
type rule struct{ logType, dataset, category string }

// The log types that the retention table has for firewalls.
const (
	attack   = "attack"
	runState = "run_state"
	other    = "other"
)

// eventKind is event.kind: what a device judges to be an attack is an alert.
func (r rule) eventKind() string {
	switch r.logType {
	case attack:
		return "alert"
	case runState:
		return "state"
	}
	return "event"
}

// moduleOf is the library of rules. Of unknown modules the kind decides: what a device says of itself is
// SYSLOG.
func moduleOf(module, kind []byte) rule {
	switch string(module) {
	case "SESSION":
		return rule{other, "dptech.session", "network"}
	case "TRAFFIC", "FLOW":
		return rule{other, "dptech.traffic", "network"}
	case "NAT":
		return rule{other, "dptech.nat", "network"}
	case "ATTACK", "IPS", "DDOS":
		return rule{attack, "dptech.attack", "intrusion_detection"}
	case "AV", "VIRUS":
		return rule{attack, "dptech.attack", "malware"}
	case "URL", "WEB":
		return rule{other, "dptech.url", "web"}
	case "LOGIN":
		return rule{other, "dptech.login", "authentication"}
	case "VPN", "SSLVPN":
		return rule{other, "dptech.vpn", "authentication"}
	case "CONFIG", "CLI", "WEBUI":
		return rule{other, "dptech.config", "configuration"}
	case "HA", "IFNET", "NTP", "ENV", "SYSTEM", "SYS", "DEV", "LICENSE", "CPU", "MEMORY":
		return rule{runState, "dptech.system", "host"}
	}
	if string(kind) == "SYSLOG" {
		return rule{runState, "dptech.other", ""}
	}
	return rule{other, "dptech.other", ""}
}
