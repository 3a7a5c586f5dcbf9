// Command exchange parses the logs of Microsoft Exchange Server: message tracking, SMTP conversations, and IIS's log of
// its web services.
//
//	2026-10-11T12:00:01.123Z,192.0.2.17,mail.example,10.1.0.5,MBX01,…;…,MBX01\Default MBX01,SMTP,RECEIVE,…     tracking
//	2026-10-11T12:00:01.123Z,MBX01\Default Frontend MBX01,08DC…,3,10.1.0.5:25,192.0.2.17:51234,<,EHLO mail.example,   SMTP
//	2026-10-11 12:00:01 10.1.0.5 POST /owa/auth.owa - 443 BANK\li.na 192.0.2.17 Mozilla/5.0 … 302 0 0 46         IIS
//
// The columns are those of "Message tracking" and "Protocol logging in Exchange Server" on Microsoft Learn, for Exchange
// 2013 to 2019 and Subscription Edition; tracking is read in the form of 2010, too. All times are UTC.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/delimited"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/syslog"
)

// Config is what an admin may set for this plugin.
type Config struct {
	// IISFields are the columns of IIS's log, as its line #Fields: names them. Default are those of a fresh IIS.
	IISFields string `yaml:"iis_fields" default:"date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status time-taken"`
}

type parser struct{ iis []webColumn }

// New returns a parser that is safe for concurrent use.
func New(c Config) (sdk.Parser, error) {
	var p parser
	for _, name := range strings.Fields(c.IISFields) {
		p.iis = append(p.iis, webColumns[name]) // the others are passed over
	}
	for _, want := range []string{"date", "time", "cs-uri-stem"} {
		if !strings.Contains(" "+c.IISFields+" ", " "+want+" ") {
			return nil, fmt.Errorf("iis_fields: %s is missing, which tells the lines of Exchange", want)
		}
	}
	return p, nil
}

var (
	errForm     = errors.New("exchange: want a line of message tracking, of an SMTP conversation, or of IIS")
	errTracking = errors.New("exchange: want the columns of message tracking, at least up to sender-address")
	errSMTP     = errors.New("exchange: want date-time,connector-id,session-id,sequence-number,local-endpoint,remote-endpoint,event,data,context")
	errIIS      = errors.New("exchange: want as many columns as iis_fields has")
)

var csv = delimited.Scanner{Quotes: `"`}

// Parse reads one line. Of a line that is cut, the columns that are there are set.
func (p parser) Parse(line []byte, ev *sdk.Event) error {
	if len(line) > 0 && line[0] == '<' {
		if h, body, err := syslog.Parse(line); err == nil {
			ev.SetSyslog(&h, nil)
			line = body
		}
	}
	line = bytes.TrimPrefix(line, []byte("\ufeff"))
	switch {
	case len(line) > 0 && line[0] == '#':
		return comment(line, ev)
	case len(line) > 11 && line[4] == '-' && line[10] == ' ':
		return p.web(line, ev)
	case len(line) < 20 || line[4] != '-' || line[10] != 'T':
		other(ev)
		return errForm
	}
	if isSMTP(line) {
		return conversation(line, ev)
	}
	return tracking(line, ev)
}

// isSMTP tells a line of a conversation by its fourth column, a number, and its seventh, one of + - > < *. Of a line that
// ends in front of that the number is enough.
func isSMTP(line []byte) bool {
	if n := fourth(line); n > 0 && (n == len(line) || line[n]-'0' > 9) {
		return false
	}
	it := csv.Scan(line)
	for it.Next() {
		switch it.Index() {
		case 3:
			if _, ok := digits(it.Value(), 9); !ok {
				return false
			}
		case 6:
			v := it.Value()
			return len(v) == 1 && actions[v[0]] != ""
		}
	}
	return it.Index() >= 3 && it.Index() < 6
}

// fourth is where the fourth column begins, 0 if that is not told by commas alone.
func fourth(line []byte) (i int) {
	for range 3 {
		n := bytes.IndexByte(line[i:], ',')
		if n < 0 {
			return 0
		}
		i += n + 1
	}
	if bytes.IndexByte(line[:i], '"') >= 0 || i < len(line) && line[i] == '"' {
		return 0
	}
	return i
}

var (
	logKind  = ecs.New("exchange.log", ecs.Keyword, "Which log the line is of: tracking, smtp, iis, or comment for the lines with # that begin a file.")
	software = ecs.New("exchange.comment", ecs.Keyword, "What a line with # says of the file, e.g. its columns.")
)

// comment takes one of the lines that begin a file.
func comment(line []byte, ev *sdk.Event) error {
	other(ev)
	ev.SetString(logKind, "comment")
	ev.Set(software, bytes.TrimSpace(line[1:]))
	if v, ok := bytes.CutPrefix(line, []byte("#Version: ")); ok {
		ev.Set(ecs.ObserverVersion, bytes.TrimSpace(v))
	}
	if v, ok := bytes.CutPrefix(line, []byte("#Date: ")); ok {
		ev.Set(ecs.Timestamp, bytes.TrimSpace(v))
	}
	return nil
}

func other(ev *sdk.Event) {
	ev.SetString(ecs.ObserverType, "business_system")
	ev.SetString(ecs.LogcenterLogType, "other")
	ev.SetString(ecs.EventDataset, "exchange.other")
}

func digits(v []byte, most int) (n int64, ok bool) {
	if len(v) == 0 || len(v) > most {
		return 0, false
	}
	for _, c := range v {
		if c-'0' > 9 {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, true
}

func main() { sdk.ServeParser(New) }
