package main

import (
	"bytes"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
)

var (
	jobRun       = facts{dataset: jobs, logType: runState, action: "job-started", category: process, types: start}
	jobEnded     = facts{dataset: jobs, logType: runState, action: "job-ended", category: process, types: end}
	jobWaits     = facts{dataset: jobs, logType: runState, action: "job-scheduled", category: process, types: info}
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
	case "CMDEND":
		ev.Set(ecs.ProcessCommandLine, detail)
		return &jobEnded
	case "CMDOUT", "MAIL":
		reason(detail, ev)
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

// anacronPhrases are those of anacron(8).
var anacronPhrases = newPhrases([]phrase{
	{"Job `", anacronJob, jobRun},
	{"Will run job `", anacronJob, jobWaits},
	{"Anacron ", reason, cronStarted},
})

// anacronJob reads "cron.daily' started" and "cron.daily' in 12 min.".
func anacronJob(b []byte, ev *sdk.Event) {
	name, why, _ := cut(b, "'")
	ev.Set(cronJob, name)
	reason(why, ev)
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
	sessionBegun = facts{dataset: auth, logType: security, action: "session-started", category: session, types: start, outcome: succeeded}
	sessionOver  = facts{dataset: auth, logType: security, action: "session-ended", category: session, types: end, outcome: succeeded}
	unitKilled   = facts{dataset: service, logType: failing, action: "service-process-killed", category: process, types: end, level: ecs.Warn}
	unitOther    = facts{dataset: service, logType: runState, category: process, types: info}
)

var systemdPhrases = newPhrases([]phrase{
	{"Started Session ", newSession, sessionBegun},
	{"Stopped Session ", newSession, sessionOver},
	{"Starting Session ", newSession, sessionBegun},
	{"Created slice User Slice of ", sliceOf, started},
	{"Removed slice User Slice of ", sliceOf, stopped},
	{"Started User Manager for UID ", managerOf, started},
	{"Starting User Manager for UID ", managerOf, starting},
	{"Stopped User Manager for UID ", managerOf, stopped},
	{"Stopping User Manager for UID ", managerOf, stopping},
	{"Dependency failed for ", unitName, startFailed},
	{"Stopped target ", unitName, stopped},
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
	{"Killing process ", killedInUnit, unitKilled},
	{"State ", reason, unitKilled},
	{"Consumed ", reason, unitOther},
	{"Job ", reason, unitOther},
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

// sliceOf reads "anna." and "UID 1001.".
func sliceOf(b []byte, ev *sdk.Event) {
	b = bytes.TrimSuffix(b, []byte("."))
	if id, ok := bytes.CutPrefix(b, []byte("UID ")); ok {
		ev.Set(ecs.UserID, id)
		return
	}
	ev.Set(ecs.UserName, b)
}

// managerOf reads "1001..." and "1001.".
func managerOf(b []byte, ev *sdk.Event) { ev.Set(ecs.UserID, b[:digitsLen(b)]) }

// killedInUnit reads "733 (java) with signal SIGKILL.".
func killedInUnit(b []byte, ev *sdk.Event) {
	n := digitsLen(b)
	ev.Set(ecs.ProcessPID, b[:n])
	name, why, _ := cut(bytes.TrimPrefix(b[n:], []byte(" (")), ") ")
	ev.Set(ecs.ProcessName, name)
	reason(bytes.TrimSuffix(why, []byte(".")), ev)
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
	if name, ok := bytes.CutPrefix(rest, []byte("of User ")); ok {
		ev.Set(ecs.UserName, bytes.Trim(name, "'."))
	} else if name, ok := bytes.CutPrefix(rest, []byte("of user ")); ok {
		name, _, _ = cut(name, " with class ")
		ev.Set(ecs.UserName, bytes.Trim(name, "'."))
	}
}

// oldSession reads "12." and "12 logged out. Waiting for processes to exit."
func oldSession(b []byte, ev *sdk.Event) {
	id, _ := word(b)
	ev.Set(sessionID, bytes.TrimSuffix(id, []byte(".")))
}
