package main

import (
	"bytes"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
)

// isLevel reports whether w is a level of Log4j, Logback or java.util.logging, the last also in Chinese.
func isLevel(w []byte) bool {
	switch string(w) {
	case "TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL", "OFF", "ALL", "SEVERE", "WARNING", "CONFIG", "FINE", "FINER", "FINEST",
		"严重", "警告", "信息", "配置", "详细", "较详细", "非常详细":
		return true
	}
	return false
}

// isError reports whether a level is one of errors.
func isError(level []byte) bool {
	switch string(level) {
	case "ERROR", "FATAL", "SEVERE", "严重":
		return true
	}
	return false
}

// fine reports whether a level is for those who look for faults.
func fine(level []byte) bool {
	switch string(level) {
	case "TRACE", "DEBUG", "FINE", "FINER", "FINEST", "ALL", "详细", "较详细", "非常详细":
		return true
	}
	return false
}

// classify sets device type, log type and what follows from them and from the message.
func classify(ev *sdk.Event, h *head, t *trace, message []byte) {
	if h.tomcat || isServer(h.logger) {
		ev.SetString(ecs.ObserverType, "middleware")
		ev.SetString(ecs.ObserverVendor, "Apache")
		ev.SetString(ecs.ObserverProduct, "Tomcat")
		ev.SetString(ecs.ServiceType, "tomcat")
		ev.SetString(ecs.EventDataset, "java.tomcat")
		ev.SetString(ecs.LogcenterLogType, "web_server")
		ev.SetString(ecs.EventCategory, "web")
	} else {
		ev.SetString(ecs.ObserverType, "business_system")
		ev.SetString(ecs.EventDataset, "java.application")
		ev.SetString(ecs.LogcenterLogType, logType(h, t))
	}
	switch a := actionOf(message); {
	case a != nil:
		ev.SetString(ecs.EventAction, a.name)
		ev.SetString(ecs.EventType, a.kind)
		a.duration(ev, message)
	case t.text != nil || isError(h.level):
		ev.SetString(ecs.EventType, "error")
	default:
		ev.SetString(ecs.EventType, "info")
	}
	if t.text != nil || isError(h.level) {
		ev.SetString(ecs.EventOutcome, "failure")
	}
}

// isServer reports whether a logger is one of Tomcat.
func isServer(logger []byte) bool {
	rest, ok := bytes.CutPrefix(logger, []byte("org.apache."))
	if !ok {
		rest, ok = bytes.CutPrefix(logger, []byte("o.a."))
	}
	if !ok {
		return false
	}
	part, _, _ := bytes.Cut(rest, []byte("."))
	switch string(part) {
	case "catalina", "coyote", "tomcat", "jasper", "naming", "c", "t":
		return true
	}
	return false
}

// logType is the library of rules for applications.
func logType(h *head, t *trace) string {
	switch {
	case containsFold(h.logger, "audit"):
		return "audit_operation"
	case t.text != nil || isError(h.level):
		return "error"
	case h.level != nil && !fine(h.level):
		return "run_state"
	}
	return "other"
}

// action is what a server or application tells of itself by a message that begins so.
type action struct {
	start, name, kind string
	unit              int64 // nanoseconds of the number behind start; 0 if there is none
}

var actions = []action{
	{"Server startup in", "server-started", "start", 1e6},
	{"Starting service", "service-starting", "start", 0},
	{"Stopping service", "service-stopping", "end", 0},
	{"Starting ProtocolHandler", "connector-starting", "start", 0},
	{"Pausing ProtocolHandler", "connector-pausing", "change", 0},
	{"Stopping ProtocolHandler", "connector-stopping", "end", 0},
	{"Deploying ", "application-deploying", "start", 0},
	{"Deployment of ", "application-deployed", "change", 0},
	{"Undeploying context", "application-undeployed", "end", 0},
	{"Reloading Context", "application-reloading", "change", 0},
	{"Started ", "application-started", "start", 0},
	{"Starting ", "application-starting", "start", 0},
	{"Shutting down", "application-stopping", "end", 0},
	{"Commencing graceful shutdown", "application-stopping", "end", 0},
}

// actionOf is the action that a message tells, nil for most.
func actionOf(message []byte) *action {
	for i := range actions {
		if a := &actions[i]; len(message) >= len(a.start) && string(message[:len(a.start)]) == a.start {
			return a
		}
	}
	return nil
}

// duration sets the number of milliseconds behind the start of a message: 1234 ms, [1234] milliseconds, [1,234] ms.
func (a *action) duration(ev *sdk.Event, message []byte) {
	if a.unit == 0 {
		return
	}
	n, digits := int64(0), 0
	for _, c := range message[len(a.start):] {
		switch {
		case c-'0' <= 9 && digits < 12:
			n = n*10 + int64(c-'0')
			digits++
		case digits > 0 && c == ',', digits == 0 && (c == ' ' || c == '['):
		default:
			if digits > 0 {
				ev.SetInt(ecs.EventDuration, n*a.unit)
			}
			return
		}
	}
}

// containsFold reports whether text has word, which is in small letters.
func containsFold(text []byte, word string) bool {
	for i := 0; i+len(word) <= len(text); i++ {
		j := 0
		for j < len(word) && text[i+j]|0x20 == word[j] {
			j++
		}
		if j == len(word) {
			return true
		}
	}
	return false
}
