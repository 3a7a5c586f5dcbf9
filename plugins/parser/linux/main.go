// Command linux parses the logs of Linux servers: what sshd, sudo, su, PAM, login, cron, systemd and the tools for
// accounts write by syslog, the kernel with the packets that iptables and nftables log, and the records of auditd.
//
// Sources of the formats: the manual pages sshd(8), sudoers(5), su(1), login(1), pam_unix(8), cron(8), systemd(1),
// useradd(8) and groupadd(8); iptables-extensions(8), target LOG, and nft(8), statement log; "Audit System Reference"
// in the Red Hat Enterprise Linux Security Guide and auditd.conf(5).
//
// Headers are those of package syslog, as daemons send and as they write them to files:
//
//	<86>Oct 11 12:00:01 app-03 sshd[19457]: Accepted publickey for anna from 192.0.2.7 port 45586 ssh2: ED25519 SHA256:…
//	2026-10-11T12:00:01.123456+08:00 app-03 CRON[733]: (root) CMD (run-parts /etc/cron.hourly)
//	type=USER_LOGIN msg=audit(1791691201.512:4711): pid=733 uid=0 auid=1001 ses=4 msg='op=login acct="anna" … res=success'
package main

import (
	"bytes"
	"errors"
	"time"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/keys"
	"github.com/logcenter/logcenter/sdk/syslog"
)

// Config is what an admin may set for this plugin.
type Config struct {
	// Timezone is the IANA zone of the servers' clocks, e.g. Asia/Shanghai, for headers that carry none. Empty
	// means the zone of the input.
	Timezone string `yaml:"timezone"`
}

type parser struct{ zone *time.Location }

// New returns a parser that is safe for concurrent use.
func New(c Config) (sdk.Parser, error) {
	zone, err := sdk.LoadZone(c.Timezone)
	return parser{zone}, err
}

var (
	errHeader  = errors.New("linux: want a syslog header with a time, a host and a program in front of the message, or an audit record, type=TYPE msg=audit(TIME:SERIAL)")
	errProgram = errors.New("linux: want PROGRAM: or PROGRAM[PID]: behind the host")
	errMessage = errors.New("linux: want a message behind PROGRAM: or PROGRAM[PID]")
	errLogin   = errors.New("linux: want for USER from ADDRESS port PORT behind Accepted or Failed; the line is cut")
	errPacket  = errors.New("linux: want SRC=, DST= and PROTO= in a packet of netfilter; the line is cut")
)

// digit has the severities of syslog as the words that SetSeverity takes.
var digit = [8][]byte{{'0'}, {'1'}, {'2'}, {'3'}, {'4'}, {'5'}, {'6'}, {'7'}}

// maxName is how long the name of a program is at most.
const maxName = 64

// Parse reads one line. Messages that are not known keep what the header says.
func (p parser) Parse(line []byte, ev *sdk.Event) error {
	if isRecord(line) {
		f, err := record(line, ev, p.zone)
		f.set(ev, false)
		return err
	}
	h, text, err := syslog.Parse(line)
	if err != nil && (h.Priority < 0 || len(h.AppName) == 0) {
		unknown.set(ev, false)
		return errHeader
	}
	ev.SetSyslog(&h, p.zone)
	rated := h.Priority >= 0 && ev.SetSeverity(digit[h.Severity()])
	text = bytes.TrimSpace(text)
	if len(h.AppName) == 0 { // "gdm-password]: pam_unix(…", as GDM names its workers
		if name, rest, ok := cut(text, "]: pam_"); ok && len(name) < maxName {
			h.AppName, text = name, text[len(text)-len(rest)-len("pam_"):]
			ev.Set(ecs.ProcessName, name)
		}
	}
	if len(h.AppName) == 0 {
		var level int
		if h.AppName, text, level = logread(text, ev); level >= 0 && !rated {
			rated = ev.SetSeverity(digit[level])
		}
	}
	switch {
	case len(h.AppName) == 0:
		unknown.set(ev, rated)
		return errProgram
	case len(text) == 0:
		unknown.set(ev, rated)
		return errMessage
	}
	text = repeats(text, ev)
	f, err := p.message(h.AppName, text, ev)
	if f.action == "" && !ev.Has(ecs.EventReason) {
		ev.Set(ecs.EventReason, text)
	}
	f.set(ev, rated)
	return err
}

// levels are the words for the severities of syslog, from 0 on.
var levels = keys.New(map[string]int{
	"emerg": 0, "panic": 0, "alert": 1, "crit": 2, "err": 3, "error": 3, "warn": 4, "warning": 4, "notice": 5, "info": 6, "debug": 7,
})

// logread reads "authpriv.notice sshd[733]: TEXT": BusyBox and OpenWrt write facility and severity as words in front of the
// program. Of other texts the program is empty and the level below zero.
func logread(text []byte, ev *sdk.Event) (program, rest []byte, level int) {
	first, said := word(text)
	_, name, ok := cut(first, ".")
	known := levels.Get(name)
	tag, rest, whole := cut(said, ":")
	if !ok || known == nil || !whole || len(tag) == 0 || len(tag) > maxName || bytes.IndexByte(tag, ' ') >= 0 {
		return nil, text, -1
	}
	program, pid, numbered := cut(tag, "[")
	if numbered {
		ev.Set(ecs.ProcessPID, bytes.TrimSuffix(pid, []byte("]")))
	}
	ev.Set(ecs.ProcessName, program)
	return program, bytes.TrimSpace(rest), *known
}

// repeats takes the wrapping off a message that rsyslog writes once for several: "message repeated 3 times: [ … ]".
func repeats(text []byte, ev *sdk.Event) []byte {
	rest, ok := bytes.CutPrefix(text, []byte("message repeated "))
	if !ok {
		return text
	}
	n, rest, ok := bytes.Cut(rest, []byte(" times: ["))
	if !ok {
		return text
	}
	ev.Set(repeated, n)
	return bytes.TrimSpace(bytes.TrimSuffix(rest, []byte("]")))
}

// message reads what a program says.
func (p parser) message(program, text []byte, ev *sdk.Event) (*facts, error) {
	if bytes.HasPrefix(text, []byte("pam_")) || bytes.HasPrefix(text, []byte("PAM ")) {
		return pam(text, ev), nil
	}
	if bytes.HasPrefix(text, []byte("(pam_")) { // "(pam_unix) TEXT" of old distributions
		if module, rest, ok := cut(text[1:], ") "); ok {
			ev.Set(pamModule, module)
			ev.Set(pamService, program)
			return pamText(rest, ev), nil
		}
	}
	if program[len(program)-1] == ')' {
		if f, ok := oldPAM(program, text, ev); ok {
			return f, nil
		}
	}
	switch string(program) {
	case "sshd", "sshd-session", "sshd-auth", "internal-sftp", "sftp-server":
		return ssh(text, ev)
	case "sudo":
		return sudo(text, ev), nil
	case "su", "runuser":
		return su(text, ev), nil
	case "unix_chkpwd":
		return found(checks, text, ev, &otherAuth), nil
	case "login":
		return found(logins, text, ev, &otherAuth), nil
	case "useradd", "usermod", "userdel", "groupadd", "groupmod", "groupdel", "gpasswd", "passwd", "chpasswd", "chage":
		return found(accounts, text, ev, &otherAccount), nil
	case "cron", "CRON", "crond", "CROND", "crontab":
		return cron(text, ev), nil
	case "anacron":
		return found(anacronPhrases, text, ev, &otherCron), nil
	case "atd":
		return &otherCron, nil
	case "systemd":
		return systemd(text, ev), nil
	case "systemd-logind":
		return found(seats, text, ev, &otherSystem), nil
	case "kernel":
		return kernel(text, ev, p.zone)
	case "audispd", "audisp-syslog", "auditd", "audit":
		if isRecord(text) {
			return record(text, ev, p.zone)
		}
		return journalled(text, ev), nil
	}
	if isRecord(text) { // a file of auditd sent on with a tag of one's own
		return record(text, ev, p.zone)
	}
	return &unknown, nil
}

func main() { sdk.ServeParser(New) }
