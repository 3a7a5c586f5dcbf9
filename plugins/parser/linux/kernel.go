package main

import (
	"bytes"
	"time"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
)

var (
	packetSeen    = facts{dataset: packets, logType: security, action: "logged", category: network, types: connection}
	packetAllowed = facts{dataset: packets, logType: security, action: "allowed", category: network, types: allowed, outcome: succeeded}
	packetDenied  = facts{dataset: packets, logType: security, action: "denied", category: network, types: denied, outcome: failed, level: ecs.Warn}

	outOfMemory = facts{dataset: core, logType: failing, action: "killed-process", category: process, types: end, level: ecs.Error}
	crashed     = facts{dataset: core, logType: failing, action: "crashed-process", category: process, types: end, level: ecs.Error}
	panicked    = facts{dataset: core, logType: failing, action: "kernel-panic", category: host, types: errorType, level: ecs.Fatal}
	kernelBug   = facts{dataset: core, logType: failing, action: "kernel-bug", category: host, types: errorType, level: ecs.Error}
	diskError   = facts{dataset: core, logType: failing, action: "disk-error", category: host, types: errorType, level: ecs.Error}
	hanging     = facts{dataset: core, logType: failing, action: "task-hanging", category: process, types: errorType, level: ecs.Error}
	kernelStart = facts{dataset: core, logType: runState, action: "system-started", category: host, types: start}
	linkUp      = facts{dataset: core, logType: runState, action: "link-up", category: host, types: change}
	linkDown    = facts{dataset: core, logType: runState, action: "link-down", category: host, types: change, level: ecs.Warn}
	sniffing    = facts{dataset: core, logType: security, action: "promiscuous-mode-entered", category: host, types: change, level: ecs.Warn}
	sniffingEnd = facts{dataset: core, logType: security, action: "promiscuous-mode-left", category: host, types: change}
	deviceFound = facts{dataset: core, logType: security, action: "device-attached", category: host, types: info}
	deviceGone  = facts{dataset: core, logType: security, action: "device-detached", category: host, types: info}
	flooded     = facts{dataset: core, logType: security, action: "syn-flood", category: intrusion, types: info, level: ecs.Warn}
	tableFull   = facts{dataset: core, logType: failing, action: "connection-table-full", category: network, types: errorType, level: ecs.Error}
)

var kernelPhrases = newPhrases([]phrase{
	{"Out of memory: Kill", killed, outOfMemory},
	{"Memory cgroup out of memory: Kill", killed, outOfMemory},
	{"Killed process ", killedProcess, outOfMemory},
	{"oom-kill:", oomKill, outOfMemory},
	{"oom_reaper: reaped process ", killedProcess, outOfMemory},
	{"Kernel panic - not syncing: ", reason, panicked},
	{"BUG: ", reason, kernelBug},
	{"watchdog: BUG: ", reason, kernelBug},
	{"INFO: task ", hangingTask, hanging},
	{"EXT4-fs error (device ", bracketedDevice, diskError},
	{"XFS (", bracketedDevice, otherKernel},
	{"Buffer I/O error on dev ", disk, diskError},
	{"I/O error, dev ", disk, diskError},
	{"Linux version ", nil, kernelStart},
	{"usb ", usb, otherKernel},
	{"nf_conntrack: table full", nil, tableFull},
	{"TCP: request_sock_TCP: Possible SYN flooding on port ", flood, flooded},
	{"possible SYN flooding on port ", flood, flooded},
	{"device ", promiscuous, sniffing},
})

// kernel reads a message of the kernel, in front of which printk may have put the seconds since the start.
func kernel(text []byte, ev *sdk.Event, zone *time.Location) (*facts, error) {
	text = uptime(text)
	if len(text) == 0 {
		return &otherKernel, errMessage
	}
	if rest := bytes.TrimPrefix(text, []byte("audit: ")); isRecord(rest) {
		return record(rest, ev, zone)
	}
	if at := packetAt(text); at >= 0 {
		return netfilter(text[:at], text[at:], ev)
	}
	if p, rest := kernelPhrases.find(text); p != nil {
		if p.read != nil {
			p.read(rest, ev)
		}
		if bytes.Contains(rest, []byte(" left promiscuous mode")) {
			return &sniffingEnd, nil
		}
		return usbState(p, rest), nil
	}
	return kernelInside(text, ev), nil
}

// uptime takes "[12345.678901] " off, and the "[T733] " or "[C1] " that says who called.
func uptime(text []byte) []byte {
	for range 2 {
		if len(text) < 3 || text[0] != '[' {
			break
		}
		end := bytes.IndexByte(text[:min(len(text), 32)], ']')
		if end < 0 {
			break
		}
		inside := bytes.TrimLeft(text[1:end], " TC")
		if n := digitsLen(inside); n == 0 || n < len(inside) && inside[n] != '.' {
			break
		}
		text = bytes.TrimLeft(text[end+1:], " ")
	}
	return text
}

// kernelInside tells messages by what stands behind the name of a process or a device.
func kernelInside(text []byte, ev *sdk.Event) *facts {
	front, rest, ok := cut(text, ": ")
	if !ok {
		front, rest = word(text)
	}
	switch {
	case bytes.Contains(text, []byte(" invoked oom-killer: ")):
		name, why, _ := cut(text, " invoked oom-killer: ")
		ev.Set(ecs.ProcessName, name)
		reason(why, ev)
		return &outOfMemory
	case bytes.Contains(text, []byte("]: segfault at ")), bytes.Contains(text, []byte("] general protection fault")),
		bytes.Contains(text, []byte("] trap ")):
		front, _ = bytes.CutPrefix(text, []byte("traps: "))
		name, pid, ok := cut(front, "[")
		ev.Set(ecs.ProcessName, name)
		if ok {
			ev.Set(ecs.ProcessPID, pid[:digitsLen(pid)])
			_, why, _ := cut(pid, "]")
			reason(bytes.TrimLeft(why, ": "), ev)
		}
		return &crashed
	case bytes.Contains(text, []byte("I/O error, dev ")):
		_, rest, _ = cut(text, "I/O error, dev ")
		disk(rest, ev)
		return &diskError
	case bytes.HasPrefix(rest, []byte("Link is Up")), bytes.Contains(rest, []byte("NIC Link is Up")), bytes.Contains(rest, []byte("link becomes ready")):
		link(front, rest, ev)
		return &linkUp
	case bytes.HasPrefix(rest, []byte("Link is Down")), bytes.Contains(rest, []byte("NIC Link is Down")):
		link(front, rest, ev)
		return &linkDown
	case bytes.HasPrefix(rest, []byte("entered promiscuous mode")):
		ev.Set(hardware, front)
		return &sniffing
	case bytes.HasPrefix(rest, []byte("left promiscuous mode")):
		ev.Set(hardware, front)
		return &sniffingEnd
	}
	return &otherKernel
}

// link sets the card's name, the last word in front of the message: "e1000: eth0 NIC Link is Up".
func link(front, rest []byte, ev *sdk.Event) {
	if name, _, ok := cut(rest, " NIC Link"); ok {
		front = name
	}
	ev.Set(hardware, front[bytes.LastIndexByte(front, ' ')+1:])
}

// killed reads "ed process 733 (java) total-vm:…", behind a head that ends in the middle of a word, as older kernels
// write "Kill process 733 (java) score 900 or sacrifice child".
func killed(b []byte, ev *sdk.Event) {
	if _, rest, ok := cut(b, "process "); ok {
		killedProcess(rest, ev)
	}
}

func killedProcess(b []byte, ev *sdk.Event) {
	pid, rest := word(b)
	ev.Set(ecs.ProcessPID, bytes.TrimSuffix(pid, []byte(",")))
	name, sizes, ok := cut(bytes.TrimPrefix(rest, []byte("(")), ")")
	if !ok {
		return
	}
	ev.Set(ecs.ProcessName, name)
	sizes = bytes.TrimLeft(sizes, ", ")
	ev.Set(oomMemory, sizes)
	for i := range oomSizes {
		if _, size, ok := cut(sizes, oomSizes[i].key); ok {
			ev.Set(oomSizes[i].field, size[:digitsLen(size)])
		}
	}
	if _, id, ok := cut(sizes, "UID:"); ok {
		ev.Set(ecs.UserID, id[:digitsLen(id)])
	}
}

// oomSizes are the sizes of a killed process, "total-vm:8213400kB, anon-rss:7901220kB".
var oomSizes = [...]struct {
	key   string
	field ecs.Field
}{{"total-vm:", oomTotal}, {"anon-rss:", oomAnon}, {"file-rss:", oomFile}}

// oomKill reads "constraint=CONSTRAINT_NONE,…,task=java,pid=733,uid=1002".
func oomKill(b []byte, ev *sdk.Event) {
	for len(b) > 0 {
		var pair []byte
		pair, b, _ = cut(b, ",")
		switch key, v, _ := cut(pair, "="); string(key) {
		case "constraint":
			ev.Set(ecs.EventReason, v)
		case "task":
			ev.Set(ecs.ProcessName, v)
		case "pid":
			ev.Set(ecs.ProcessPID, v)
		case "uid":
			ev.Set(ecs.UserID, v)
		}
	}
}

// hangingTask reads "java:733 blocked for more than 120 seconds."
func hangingTask(b []byte, ev *sdk.Event) {
	who, why := word(b)
	if i := bytes.LastIndexByte(who, ':'); i > 0 {
		ev.Set(ecs.ProcessName, who[:i:i])
		ev.Set(ecs.ProcessPID, who[i+1:])
	}
	reason(why, ev)
}

// bracketedDevice reads "sda1): TEXT".
func bracketedDevice(b []byte, ev *sdk.Event) {
	name, why, ok := cut(b, ")")
	if ok {
		ev.Set(hardware, name)
		reason(bytes.TrimLeft(why, ": "), ev)
	}
}

// disk reads "sda, sector 2048 …".
func disk(b []byte, ev *sdk.Event) {
	name, why, _ := cut(b, ",")
	ev.Set(hardware, name)
	reason(why, ev)
}

// flood reads "443. Sending cookies." and "192.0.2.5:443. Sending cookies.".
func flood(b []byte, ev *sdk.Event) {
	if i := bytes.LastIndexByte(b[:min(len(b), 64)], ':'); i > 0 && digitsLen(b[i+1:]) > 0 {
		b = b[i+1:]
	}
	ev.SetPort(ecs.DestinationPort, b[:digitsLen(b)])
}

// promiscuous reads "eth0 entered promiscuous mode".
func promiscuous(b []byte, ev *sdk.Event) {
	name, _ := word(b)
	ev.Set(hardware, name)
}

// usb reads "1-1: New USB device found, idVendor=0951, …".
func usb(b []byte, ev *sdk.Event) {
	name, why, ok := cut(b, ": ")
	if ok {
		ev.Set(hardware, name)
		reason(why, ev)
	}
}

// usbState is what happened to a USB device.
func usbState(p *phrase, rest []byte) *facts {
	if p.head == "usb " {
		switch {
		case bytes.Contains(rest, []byte(": New USB device found")):
			return &deviceFound
		case bytes.Contains(rest, []byte(": USB disconnect")):
			return &deviceGone
		}
	}
	return &p.facts
}
