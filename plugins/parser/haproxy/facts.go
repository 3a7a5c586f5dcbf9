package main

import (
	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
)

// ending is why a session ended, by the first letter of its state (manual, section 8.5).
type ending uint8

const (
	normal ending = iota
	notKnown
	firstCause // causes from here on
)

var causes = []struct {
	letter byte
	why    string
}{
	{'C', "aborted by the client"},
	{'S', "aborted or refused by the server"},
	{'P', "aborted by the proxy"},
	{'L', "answered by the proxy"},
	{'R', "a resource of the proxy was exhausted"},
	{'I', "internal error of the proxy"},
	{'D', "killed because the server went down"},
	{'U', "killed because the active server came up"},
	{'K', "killed by an administrator"},
	{'c', "the client took too long"},
	{'s', "the server took too long"},
}

// endings are by letter.
var endings = func() (of [256]ending) {
	for i := range of {
		of[i] = notKnown
	}
	of['-'] = normal
	for i, c := range causes {
		of[c.letter] = firstCause + ending(i)
	}
	return of
}()

// result is what the status says.
type result uint8

const (
	noStatus result = iota // the line does not get that far
	unanswered
	succeeded
	refused // 4xx
	failed  // 5xx
	results
)

func resultOf(code int64) result {
	switch {
	case code >= 500:
		return failed
	case code >= 400:
		return refused
	}
	return succeeded
}

// What lines of a kind say whatever else is in them.
var (
	httpFacts = func() (of [results][]*sdk.Facts) {
		level := [results]ecs.Severity{unanswered: ecs.Warn, succeeded: ecs.Informational, refused: ecs.Warn, failed: ecs.Error}
		outcome := [results]string{unanswered: "failure", succeeded: "success", refused: "failure", failed: "failure"}
		for r := range of {
			of[r] = withCauses(func(ending) map[ecs.Field][]string {
				return map[ecs.Field][]string{
					ecs.LogcenterLogType: {access}, ecs.EventDataset: {"haproxy.http"}, ecs.EventCategory: {"web"}, ecs.EventType: {"access"},
					ecs.NetworkProtocol: {"http"}, ecs.EventOutcome: {outcome[r]}, ecs.LogLevel: {string(level[r])},
				}
			})
		}
		return of
	}()
	tcpFacts = withCauses(func(e ending) map[ecs.Field][]string {
		outcome, level := "failure", ecs.Warn
		switch e {
		case normal, endings['L']:
			outcome, level = "success", ecs.Informational
		case endings['C'], endings['c']: // clients just go away, and often that is their way to end
			outcome, level = "unknown", ecs.Informational
		}
		of := tcpSaid()
		of[ecs.EventOutcome], of[ecs.LogLevel] = []string{outcome}, []string{string(level)}
		return of
	})
	tcpCut     = sdk.NewFacts(tcpSaid())
	errorFacts = sdk.NewFacts(map[ecs.Field][]string{
		ecs.LogcenterLogType: {access}, ecs.EventDataset: {"haproxy.error"}, ecs.EventCategory: {"network"},
		ecs.EventType: {"connection", "error"}, ecs.EventOutcome: {"failure"}, ecs.LogLevel: {string(ecs.Warn)},
	})
	cutFacts = sdk.NewFacts(map[ecs.Field][]string{ecs.LogcenterLogType: {access}})
)

// access is the log type of sessions.
const access = "access"

func tcpSaid() map[ecs.Field][]string {
	return map[ecs.Field][]string{
		ecs.LogcenterLogType: {access}, ecs.EventDataset: {"haproxy.tcp"}, ecs.EventCategory: {"network"},
		ecs.EventType: {"connection", "end"}, ecs.NetworkTransport: {"tcp"},
	}
}

// withCauses are facts by ending, with its cause as event.reason.
func withCauses(said func(ending) map[ecs.Field][]string) []*sdk.Facts {
	of := make([]*sdk.Facts, int(firstCause)+len(causes))
	for e := range of {
		facts := said(ending(e))
		if e >= int(firstCause) {
			facts[ecs.EventReason] = []string{causes[e-int(firstCause)].why}
		}
		of[e] = sdk.NewFacts(facts)
	}
	return of
}
