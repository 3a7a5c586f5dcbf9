package main

import (
	"bytes"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
)

var (
	jobRun       = facts{dataset: jobs, logType: runState, action: "job-started", category: process, types: start}
	jobOutput    = facts{dataset: jobs, logType: runState, action: "job-output", category: process, types: info}
	tableChanged = facts{dataset: jobs, logType: security, action: "crontab-changed", category: configuration, types: change, outcome: succeeded}
	tableRead    = facts{dataset: jobs, logType: security, action: "crontab-read", category: configuration, types: []string{"access"}, outcome: succeeded}
	tableLoaded  = facts{dataset: jobs, logType: runState, action: "crontab-loaded", category: configuration, types: info}
	cronStarted  = facts{dataset: jobs, logType: runState, action: "service-started", category: process, types: start}
	cronFailed   = facts{dataset: jobs, logType: failing, action: "job-failed", category: process, types: errorType, outcome: failed, level: ecs.Error}
)

// cron reads "(USER) VERB (DETAIL)", as cron, cronie and crontab write it.
func cron(text []byte, ev *sdk.Event) *facts {
	if text[0] != '(' {
		return &otherCron
	}
	name, rest, ok := cut(text[1:], ") ")
	if !ok {
		return &otherCron
	}
	verb, detail, ok := cut(rest, " (")
	if ok {
		detail = bytes.TrimSuffix(detail, []byte(")"))
	}
	ev.Set(cronVerb, verb)
	switch string(name) {
	case "CRON", "*system*":
	default:
		ev.Set(ecs.UserName, name)
	}
	switch string(verb) {
	case "CMD":
		ev.Set(ecs.ProcessCommandLine, bytes.TrimLeft(detail, " ")) // Debian's crontab begins it with three
		return &jobRun
	case "CMDOUT", "CMDEND", "MAIL":
		return &jobOutput
	case "REPLACE", "DELETE", "BEGIN EDIT", "END EDIT":
		owner(detail, ev)
		return &tableChanged
	case "LIST":
		owner(detail, ev)
		return &tableRead
	case "RELOAD":
		ev.Set(ecs.FilePath, detail)
		return &tableLoaded
	case "STARTUP":
		return &cronStarted
	case "ERROR", "WRONG FILE OWNER", "BAD FILE MODE", "FAILED", "FAILED to authorize user with PAM", "CAN'T FORK", "CRON ERROR":
		reason(detail, ev)
		return &cronFailed
	case "INFO", "info":
		reason(detail, ev)
	}
	return &otherCron
}

// owner sets whose table of jobs it is.
func owner(name []byte, ev *sdk.Event) { ev.Set(targetUser, name) }

var (
	starting     = facts{dataset: service, logType: runState, action: "service-starting", category: process, types: start}
	started      = facts{dataset: service, logType: runState, action: "service-started", category: process, types: start, outcome: succeeded}
	stopping     = facts{dataset: service, logType: runState, action: "service-stopping", category: process, types: end}
	stopped      = facts{dataset: service, logType: runState, action: "service-stopped", category: process, types: end, outcome: succeeded}
	reloaded     = facts{dataset: service, logType: runState, action: "service-reloaded", category: process, types: change}
	startFailed  = facts{dataset: service, logType: failing, action: "service-started", category: process, types: start, outcome: failed, level: ecs.Error}
	unitFailed   = facts{dataset: service, logType: failing, action: "service-failed", category: process, types: end, outcome: failed, level: ecs.Error}
	unitExited   = facts{dataset: service, logType: runState, action: "service-process-exited", category: process, types: end}
	unitCrashed  = facts{dataset: service, logType: failing, action: "service-process-exited", category: process, types: end, outcome: failed, level: ecs.Warn}
	restarting   = facts{dataset: service, logType: runState, action: "service-restarting", category: process, types: start, level: ecs.Warn}
	booted       = facts{dataset: service, logType: runState, action: "system-started", category: host, types: start}
	shuttingDown = facts{dataset: service, logType: runState, action: "system-stopping", category: host, types: end}
	unitOther    = facts{dataset: service, logType: runState, category: process, types: info}
)

var systemdPhrases = newPhrases([]phrase{
	{"Started ", unitName, started},
	{"Starting ", unitName, starting},
	{"Stopped ", unitName, stopped},
	{"Stopping ", unitName, stopping},
	{"Failed to start ", unitName, startFailed},
	{"Reloaded ", unitName, reloaded},
	{"Reloading ", unitName, reloaded},
	{"Finished ", unitName, stopped},
	{"Mounted ", unitName, started},
	{"Unmounted ", unitName, stopped},
	{"Listening on ", unitName, started},
	{"Reached target ", unitName, started},
	{"Created slice ", unitName, started},
	{"Removed slice ", unitName, stopped},
	{"Unit ", unitState, unitFailed},
	{"Startup finished in ", reason, booted},
	{"Shutting down.", nil, shuttingDown},
})

// systemd reads "Started UNIT - DESCRIPTION." and "UNIT: TEXT".
func systemd(text []byte, ev *sdk.Event) *facts {
	if p, rest := systemdPhrases.find(text); p != nil {
		if p.read != nil {
			p.read(rest, ev)
		}
		return &p.facts
	}
	name, rest, ok := cut(text, ": ")
	if !ok || bytes.IndexByte(name, ' ') >= 0 || bytes.IndexByte(name, '.') < 0 {
		return &otherSystem
	}
	ev.Set(unit, name)
	return found(unitPhrases, rest, ev, &unitOther)
}

var unitPhrases = newPhrases([]phrase{
	{"Main process exited, ", exited, unitCrashed},
	{"main process exited, ", exited, unitCrashed},
	{"Control process exited, ", exited, unitCrashed},
	{"Failed with result ", quotedReason, unitFailed},
	{"Unit entered failed state", nil, unitFailed},
	{"Start request repeated too quickly", tooOften, unitFailed},
	{"A process of this unit has been killed by the OOM killer", nil, unitFailed},
	{"Succeeded.", nil, unitExited},
	{"Deactivated successfully", nil, unitExited},
	{"Scheduled restart job, ", reason, restarting},
})

// unitName reads "nginx.service - A web server." and "A web server…".
func unitName(b []byte, ev *sdk.Event) {
	for _, tail := range [...]string{"...", "…", "."} {
		if rest, ok := bytes.CutSuffix(b, []byte(tail)); ok {
			b = rest
			break
		}
	}
	if name, _, ok := cut(b, " - "); ok && bytes.IndexByte(name, ' ') < 0 {
		b = name
	}
	ev.Set(unit, b)
}

// unitState reads "nginx.service entered failed state." of older versions.
func unitState(b []byte, ev *sdk.Event) {
	name, why := word(b)
	ev.Set(unit, name)
	reason(why, ev)
}

// exited reads "code=exited, status=1/FAILURE".
func exited(b []byte, ev *sdk.Event) {
	reason(b, ev)
	if _, status, ok := cut(b, "status="); ok {
		ev.Set(exitCode, status[:digitsLen(status)])
	}
}

func quotedReason(b []byte, ev *sdk.Event) {
	reason(bytes.Trim(b, "'."), ev)
}

func tooOften(_ []byte, ev *sdk.Event) { ev.SetString(ecs.EventReason, "start-limit-hit") }

var seats = newPhrases([]phrase{
	{"New session ", newSession, facts{dataset: auth, logType: security, action: "session-started", category: session, types: start, outcome: succeeded}},
	{"Removed session ", oldSession, facts{dataset: auth, logType: security, action: "session-ended", category: session, types: end, outcome: succeeded}},
	{"Session ", oldSession, facts{dataset: auth, logType: security, action: "session-ending", category: session, types: end}},
	{"System is ", reason, shuttingDown},
	{"Power key pressed", nil, shuttingDown},
})

// newSession reads "12 of user anna.", behind which newer versions say more.
func newSession(b []byte, ev *sdk.Event) {
	id, rest := word(b)
	ev.Set(sessionID, id)
	if name, ok := bytes.CutPrefix(rest, []byte("of user ")); ok {
		name, _, _ = cut(name, " with class ")
		ev.Set(ecs.UserName, bytes.Trim(name, "'."))
	}
}

// oldSession reads "12." and "12 logged out. Waiting for processes to exit."
func oldSession(b []byte, ev *sdk.Event) {
	id, _ := word(b)
	ev.Set(sessionID, bytes.TrimSuffix(id, []byte(".")))
}
