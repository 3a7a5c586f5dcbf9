package main

import (
	"time"

	document "github.com/logcenter/logcenter/sdk/rule"
	"github.com/logcenter/logcenter/sdk/schema"
)

// builtins are useful without any configuration.
func builtins() []document.Rule {
	var base document.Rule
	schema.Defaults(&base)
	logins, attacks, errs, guessed := base, base, base, base
	logins.ID, logins.Name = "login-failures", "Many failed logins from one address"
	logins.Query = "event.outcome:failure AND (event.action:login OR event.category:authentication)"
	logins.GroupBy = []string{"source.ip"}
	logins.Severity, logins.Priority = "Error", 2
	logins.Topic = "logins to firewalls, VPNs and hosts"
	logins.Description = "Somebody tries passwords: more than 20 logins from one address failed within 10 minutes. Check whether one succeeded afterwards, and block the address."
	logins.Fields = []string{"user.name", "observer.name", "host.name", "event.reason", "source.geo.country_iso_code"}
	logins.Tags = []string{"brute-force"}

	attacks.ID, attacks.Name = "attack-burst", "Burst of attacks from one address"
	// What a device has stopped, or thinks little of, is its daily bread: counting that has somebody called out for
	// every scan of the internet.
	attacks.Query = "((observer.type:(ips OR ids OR waf) OR event.category:intrusion_detection) AND log.level:(Error OR Fatal) AND NOT event.type:denied)" +
		" OR (event.dataset:nginx.access AND http.response.status_code:(400 OR 403 OR 405 OR 429))"
	attacks.GroupBy = []string{"source.ip"}
	attacks.Window = 5 * time.Minute
	attacks.Severity, attacks.Priority = "Error", 2
	attacks.Topic = "attacks seen by IPS, WAF, firewalls and web servers"
	attacks.Description = "One address was seen in severe attacks that nothing stopped, or was refused by web servers, more than 20 times within 5 minutes: an attack tool. Block the address and look at what it was answered."
	attacks.Fields = []string{"rule.id", "rule.name", "destination.ip", "host.name", "url.path", "source.geo.country_iso_code"}
	attacks.Tags = []string{"attack"}

	errs.ID, errs.Name = "error-burst", "Burst of errors of one host"
	errs.Query = "Fail OR Failed OR Failure OR Bad OR Error"
	errs.GroupBy = []string{"host.name"}
	errs.Threshold = 100
	errs.Topic = "lines with Fail, Bad or Error"
	errs.Description = "One host wrote more than 100 lines with Fail, Bad or Error within 10 minutes."
	errs.Fields = []string{"event.dataset", "log.level", "observer.type"}
	errs.Tags = []string{"errors"}
	guessed.ID, guessed.Name, guessed.Type = "login-guessed", "A login behind many that failed", "sequence"
	guessed.GroupBy = []string{"source.ip"}
	guessed.Steps = []document.Step{
		{Query: "event.outcome:failure AND (event.action:login OR event.category:authentication)", Count: 5},
		{Query: "event.outcome:success AND (event.action:login OR event.category:authentication)", Count: 1},
	}
	guessed.Severity, guessed.Priority = "Fatal", 1
	guessed.Topic = logins.Topic
	guessed.Description = "Five logins from one address failed and then one succeeded, within 10 minutes: a password may have been guessed. Lock the account, and look at what it did since."
	guessed.Fields = logins.Fields
	guessed.Tags = []string{"brute-force", "attack.t1110"}
	return []document.Rule{logins, attacks, errs, guessed}
}
