package main

import "bytes"

// maxSubject bounds how far into a message its subject is looked for.
const maxSubject = 1024

// subjects are what messages call the parts of who acts, see "Windows security auditing events".
var subjects = [...]struct {
	slot   slot
	labels [3]string
}{
	{subjectSID, [3]string{"Security ID:"}},
	{subjectName, [3]string{"Account Name:", "User Name:"}},
	{subjectDomain, [3]string{"Account Domain:", "Domain Name:", "Domain:"}},
	{subjectLogon, [3]string{"Logon ID:"}},
	{ipAddress, [3]string{"Client Address:"}},
}

// subject reads who acts from the text of the message, for events whose data no shipper has: those of UserData, such as
// 1102, 4825 and 104.
func (r *record) subject() {
	m := r.v[message]
	at := bytes.Index(m[:min(len(m), maxSubject)], []byte("Subject:"))
	if at < 0 {
		return
	}
	m = m[at+len("Subject:"):]
	for _, s := range subjects {
		for _, label := range s.labels {
			if label == "" {
				break
			}
			if i := bytes.Index(m[:min(len(m), maxSubject)], []byte(label)); i >= 0 {
				r.put(s.slot, firstLine(unindented(m[i+len(label):])), r.escaped[message])
				break
			}
		}
	}
}

// unindented is b without the blanks and tabs it begins with, which may be escaped.
func unindented(b []byte) []byte {
	for {
		switch {
		case len(b) > 0 && (b[0] == ' ' || b[0] == '\t'):
			b = b[1:]
		case bytes.HasPrefix(b, []byte(`\t`)):
			b = b[2:]
		case bytes.HasPrefix(b, []byte("&#9;")):
			b = b[4:]
		case bytes.HasPrefix(b, []byte("&#x9;")):
			b = b[5:]
		default:
			return b
		}
	}
}

// ownProcess reads the number of the process that an event of Sysmon is about from the text of the message: NXLog loses it,
// as it takes ProcessId and the ProcessID of who writes the event for one name.
func (r *record) ownProcess() {
	m := r.v[message]
	m = m[:min(len(m), maxSubject)]
	for _, label := range [...]string{"\nProcessId: ", `\nProcessId: `} {
		if i := bytes.Index(m, []byte(label)); i >= 0 {
			v := firstLine(m[i+len(label):])
			n := 0
			for n < len(v) && v[n]-'0' <= 9 {
				n++
			}
			r.put(processID, v[:n:n], false)
			return
		}
	}
}
