package main

import (
	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/memo"
)

// kind is a log type.
type kind uint8

// The log types that the log standard's retention table has for intrusion prevention systems.
const (
	intrusion kind = iota
	antivirus
	web
	kinds
)

var kindNames = [kinds]string{intrusion: "intrusion_protection", antivirus: "antivirus_event", web: "web_security_event"}

// decision is what the device did.
type decision uint8

const (
	undecided decision = iota
	seen
	stopped
	decisions
)

// facts are what events of a log type say by what was done. Whether an attack that was let pass succeeded is not known.
var facts = func() (of [kinds][decisions]*sdk.Facts) {
	for k := range of {
		for d, action := range [decisions]struct{ action, typ, outcome string }{
			seen: {"detected", "allowed", "unknown"}, stopped: {"blocked", "denied", "failure"},
		} {
			of[k][d] = sdk.NewFacts(map[ecs.Field][]string{
				ecs.LogcenterLogType: {kindNames[k]}, ecs.EventAction: {action.action}, ecs.EventType: {action.typ},
				ecs.EventOutcome: {action.outcome},
			})
		}
	}
	return of
}()

// words tell the log type of an event by its text; the first one found decides. English ones are lower-case
// and stand at the start of a word of the text.
var words = []struct {
	word    string
	logType kind
}{
	{"木马", antivirus},
	{"病毒", antivirus},
	{"蠕虫", antivirus},
	{"挖矿", antivirus},
	{"勒索", antivirus},
	{"trojan", antivirus},
	{"virus", antivirus},
	{"worm", antivirus},
	{"malware", antivirus},
	{"ransom", antivirus},
	{"botnet", antivirus},
	{"miner", antivirus},
	{"注入", web},
	{"跨站", web},
	{"网页", web},
	{"路径遍历", web},
	{"目录遍历", web},
	{"sql", web},
	{"xss", web},
	{"csrf", web},
	{"webshell", web},
	{"web", web},
	{"http", web},
	{"path traversal", web},
	{"directory traversal", web},
	{"struts", web},
	{"user-agent", web},
	{"cross-site", web},
}

// starts maps the first byte of a word to those of words that begin with it.
var starts = func() (t [256][]int) {
	for i, w := range words {
		t[w.word[0]] = append(t[w.word[0]], i)
	}
	return t
}()

// logTypes are those of the events that a device has seen: it has a few thousand rules, of which some are frequent.
var logTypes = memo.New(logType)

// logType is the library of rules by which events get their log type.
func logType(text []byte) kind {
	inWord := false
	for i, c := range text {
		if c-'A' <= 'Z'-'A' {
			c |= 0x20
		}
		letter := c-'a' <= 'z'-'a'
		if !letter || !inWord {
			for _, k := range starts[c] {
				if hasFold(text[i:], words[k].word) {
					return words[k].logType
				}
			}
		}
		inWord = letter
	}
	return intrusion
}

// hasFold says whether text begins with word, whose ASCII letters are lower-case.
func hasFold(text []byte, word string) bool {
	if len(text) < len(word) {
		return false
	}
	for i := range len(word) {
		c := text[i]
		if c-'A' <= 'Z'-'A' {
			c |= 0x20
		}
		if c != word[i] {
			return false
		}
	}
	return true
}
