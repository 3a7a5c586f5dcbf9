package main

import (
	"bytes"

	"github.com/logcenter/logcenter/sdk/keys"
)

// part is the part of a message whose labels "Account Name:" and the like are of. The texts are those of "Windows security
// auditing events".
type part uint8

const (
	ofSubject part = iota
	ofTarget
	ofMember
	ofOthers
)

// parts are the labels that begin a part of a message.
var parts = keys.New(map[string]part{
	"Subject": ofSubject, "Creator Subject": ofSubject, "New Logon": ofTarget, "Account For Which Logon Failed": ofTarget,
	"Target Account": ofTarget, "New Account": ofTarget, "Account That Was Locked Out": ofTarget, "Account Whose Credentials Were Used": ofTarget,
	"Account Information": ofTarget, "Target Subject": ofTarget, "Group": ofTarget, "New Group": ofTarget, "Deleted Group": ofTarget,
	"Member": ofMember, "Process Information": ofOthers, "Network Information": ofOthers, "Detailed Authentication Information": ofOthers,
	"Service Information": ofOthers, "Failure Information": ofOthers, "Additional Information": ofOthers, "Target Server": ofOthers,
	"Object": ofOthers, "Share Information": ofOthers, "Access Request Information": ofOthers, "Task Information": ofOthers,
	"Attributes": ofOthers, "Changed Attributes": ofOthers, "Application Information": ofOthers, "Filter Information": ofOthers,
	"Access Reasons": ofOthers, "Logon Information": ofOthers, "Certificate Information": ofOthers, "Privileges": ofOthers, "Process": ofOthers,
	"Policy Change Details": ofOthers, "Audit Policy Change": ofOthers, "Change Information": ofOthers,
})

// accountLabels are the labels that mean another slot in each part, by ofSubject, ofTarget and ofMember.
var accountLabels = keys.New(map[string][ofOthers]slot{
	"Security ID": {subjectSID, targetSID, memberSID}, "Account Name": {subjectName, targetName, memberName}, "User Name": {subjectName, targetName, memberName},
	"Account Domain": {subjectDomain, targetDomain, none}, "Domain Name": {subjectDomain, targetDomain, none}, "Domain": {subjectDomain, targetDomain, none},
	"Logon ID": {subjectLogon, targetLogon, none}, "User ID": {none, targetSID, none}, "Supplied Realm Name": {none, targetDomain, none},
	"Group Name": {none, targetName, none}, "Group Domain": {none, targetDomain, none},
})

// labels are the other labels of messages. Those of Sysmon are the names of its data.
var labels = keys.New(map[string]slot{
	"Logon Type": logonType, "Logon Process": logonProcess, "Authentication Package": authPackage, "Package Name": authPackage,
	"Workstation Name": workstation, "Source Workstation": workstation, "Source Network Address": ipAddress, "Client Address": ipAddress,
	"Network Address": ipAddress, "Source Address": ipAddress, "Source Port": ipPort, "Client Port": ipPort, "Port": ipPort, "Client Name": clientName,
	"Logon Account": targetName, "Process ID": processID, "Process Name": processName, "Caller Process ID": processID,
	"Caller Process Name": processName, "New Process ID": newProcessID, "New Process Name": newProcessName, "Creator Process ID": processID,
	"Creator Process Name": parentProcessName, "Process Command Line": commandLine, "Application Name": processName, "Status": status,
	"Failure Code": status, "Result Code": status, "Error Code": status, "Sub Status": subStatus, "Ticket Encryption Type": ticketEncryption,
	"Ticket Options": ticketOptions, "Pre-Authentication Type": preAuth, "Service Name": serviceName, "Service File Name": serviceFile,
	"Service Type": serviceType, "Service Start Type": serviceStart, "Service Account": serviceAccount, "Task Name": taskName,
	"Object Name": objectName, "Object Type": objectType, "Object Server": objectServer, "Object Value Name": objectValue, "New Value": details,
	"Handle ID": handle, "Accesses": accesses, "Access Mask": accessMask, "Share Name": shareName, "Relative Target Name": sharePath,
	"Privileges": privileges, "Destination Address": destAddress, "Destination Port": destPort, "Protocol": protocol, "Direction": direction,
	"Target Server Name": targetServer, "Caller Computer Name": targetDomain, "Old Account Name": targetName, "New Account Name": newTargetName,
	"Display Name": displayName, "User Principal Name": principalName, "Impersonation Level": impersonation, "Elevated Token": elevated,
	"Key Length": keyLength, "Logon GUID": logonGUID, "Package Name (NTLM only)": lmPackage, "Transited Services": none, "Failure Reason": none,
	"Token Elevation Type": tokenType, "Mandatory Label": integrity, "Share Path": none, "Service ID": none, "Virtual Account": none,
	"Linked Logon ID": none, "Restricted Admin Mode": none, "Network Account Name": none, "Network Account Domain": none, "Source Handle ID": none,
	"Workstation": workstation, "Remote Credential Guard": none, "Additional Information": none, "Task Content": none, "Category": none,
	"Subcategory": none, "Subcategory GUID": none, "Changes": policyChanges, "SAM Account Name": none, "Resource Attributes": none,
	"Transaction ID": none, "Operation Type": operation, "Layer Name": none, "Layer Run-Time ID": none, "Filter Run-Time ID": none,
	"Caller Workstation": workstation, "Certificate Issuer Name": none, "Certificate Serial Number": none, "Certificate Thumbprint": none,
})

// The longest label has six words and maxLabel bytes.
const (
	maxLabel      = 40
	maxLabelWords = 6
)

// label finds the label that ends in front of the colon at i: where it begins, -1 if there is none, and what it is of.
func label(m []byte, i int, at part) (start int, s slot, next part) {
	next = at
	start = -1
	words := 0
	for j := i; j > 0 && i-j < maxLabel && words < maxLabelWords; {
		for j--; j > 0 && i-j < maxLabel && m[j-1] != ' ' && m[j-1] != '\t' && m[j-1] != '\n' && m[j-1] != '\r'; j-- {
		}
		words++
		name := m[j:i]
		if a := accountLabels.Get(name); a != nil {
			start, s, next = j, none, at
			if at < ofOthers {
				s = a[at]
			}
		} else if l := labels.Get(name); l != nil {
			start, s, next = j, *l, at
		} else if p := parts.Get(name); p != nil {
			start, s, next = j, none, *p
		} else if words == 1 {
			if d := datum(name); d != none {
				start, s, next = j, d, at
			}
		}
		if j == 0 || m[j-1] != ' ' {
			break
		}
	}
	return start, s, next
}

// maxText bounds how much of a message is read.
const maxText = 8 << 10

// labelled reads the values that stand behind labels in the message, where the shipper has them nowhere else: one on each
// line, or all on one line with blanks or tabs between.
func (r *record) labelled() {
	m := r.v[message]
	m = m[:min(len(m), maxText)]
	at := ofSubject
	open, from := none, 0 // the label whose value begins at from
	for i := 0; i < len(m); i++ {
		n := bytes.IndexByte(m[i:], ':')
		if n < 0 {
			break
		}
		i += n
		start, s, next := label(m, i, at)
		if start < from {
			continue
		}
		if from == 0 && start > 0 { // what happened; the values have fields of their own
			r.v[message] = bytes.TrimRight(m[:start], " \t\r\n")
		}
		r.value(open, m[from:start])
		open, from, at = s, i+1, next
	}
	if open != none {
		r.value(open, m[from:])
	}
}

// value puts a value without the blanks around it, up to the end of its line or to a wider gap.
func (r *record) value(s slot, v []byte) {
	if s == none {
		return
	}
	v = bytes.TrimLeft(v, " \t\r\n")
	for i, c := range v {
		if c == '\r' || c == '\n' || c == '\t' || c == ' ' && i+1 < len(v) && (v[i+1] == ' ' || v[i+1] == '\t') {
			v = v[:i]
			break
		}
	}
	r.put(s, bytes.TrimRight(v, " "), false)
}
