package main

import (
	"bytes"

	"github.com/logcenter/logcenter/sdk/keys"
)

const other = "other"

// kind is what a program's lines are about.
type kind uint8

const (
	general  kind = iota
	security      // who comes in, and with which rights
	state         // how the machine is
)

var programs = keys.New(map[string]kind{
	"sshd": security, "sudo": security, "su": security, "login": security, "passwd": security, "useradd": security, "userdel": security,
	"usermod": security, "groupadd": security, "groupdel": security, "chpasswd": security, "polkitd": security, "pkexec": security, "doas": security,
	"auditd": security, "audit": security, "audispd": security, "fail2ban": security, "sssd": security, "krb5kdc": security, "gdm": security, "lightdm": security,
	"sshd-session": security, "systemd-logind": security, "dropbear": security, "radiusd": security, "tac_plus": security,
	"kernel": state, "systemd": state, "init": state, "cron": state, "crond": state, "CRON": state, "anacron": state, "ntpd": state, "chronyd": state,
	"dhclient": state, "dhcpcd": state, "NetworkManager": state, "rsyslogd": state, "syslogd": state, "syslog-ng": state, "smartd": state,
	"irqbalance": state, "dbus-daemon": state, "udevd": state, "systemd-udevd": state, "systemd-networkd": state, "systemd-resolved": state,
	"systemd-timesyncd": state, "mdadm": state, "multipathd": state, "dockerd": state, "containerd": state, "kubelet": state, "keepalived": state,
	"snmpd": state, "acpid": state, "mcelog": state, "auditctl": security,
})

// kindOf goes by the program, and else by the facility (RFC 5424, section 6.2.1).
func kindOf(program []byte, facility int) kind {
	k := programs.Get(program)
	if k == nil {
		k = programs.Get(bare(program))
	}
	if k != nil {
		return *k
	}
	switch facility {
	case 4, 10, 13, 14: // auth, authpriv, log audit, log alert
		return security
	case 0, 9, 12, 15: // kernel, cron, NTP, clock
		return state
	}
	return general
}

// bare is a program without its folder, or the service that it belongs to, and without what stands in brackets behind.
func bare(program []byte) []byte {
	if i := bytes.LastIndexByte(program, '/'); i >= 0 {
		program = program[i+1:] // /usr/sbin/cron, postfix/smtpd
	}
	if i := bytes.IndexByte(program, '('); i > 0 {
		program = program[:i] // sshd(pam_unix)
	}
	return program
}

// maxLevelAt is how far into the content a word for its level may begin.
const maxLevelAt = 24

// levelWord finds the word for the level that a program puts in front of its text: ERROR: …, [warn] …, <info> ….
func levelWord(text []byte) []byte {
	for i := 0; i < len(text) && i < maxLevelAt; i++ {
		if !isLetter(text[i]) {
			continue
		}
		end := i
		for end < len(text) && isLetter(text[end]) {
			end++
		}
		bounded := i > 0 && (text[i-1] == '[' || text[i-1] == '<' || text[i-1] == '(') || end < len(text) && text[end] == ':'
		upper := end-i >= 4 && text[i] <= 'Z' && text[i+1] <= 'Z'
		if w := text[i:end]; (bounded || upper) && rankOf(w) >= 0 {
			return w
		}
		i = end
	}
	return nil
}

func isLetter(c byte) bool { return (c|0x20)-'a' <= 'z'-'a' }

var ranks = keys.NewFold(map[string]int{
	"emerg": 0, "emergency": 0, "panic": 0, "alert": 1, "crit": 2, "critical": 2, "fatal": 2, "err": 3, "error": 3, "warn": 4, "warning": 4,
	"notice": 5, "info": 6, "debug": 7,
})

// rankOf is the severity of RFC 5424 that a word stands for, -1 for none.
func rankOf(w []byte) int {
	if n := ranks.Get(w); n != nil {
		return *n
	}
	return -1
}
