package main

import (
	"bytes"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
)

// endpoint sets what events of Sysmon have beside those of the Security log: "Sysmon" of Microsoft's Sysinternals,
// section "Events".
func (r *record) endpoint(ev *sdk.Event, id int) {
	ev.Set(processGUID, r.v[guid])
	ev.Set(parentGUID, r.v[parentProcessGUID])
	pid(ev, ecs.ProcessParentPID, r.v[parentProcessID])
	r.set(ev, parentExecutable, parentProcessName)
	r.set(ev, parentCommand, parentCommandLine)
	r.set(ev, ecs.ProcessCommandLine, commandLine)
	r.set(ev, workingDirectory, currentDirectory)
	r.set(ev, ecs.FilePath, imageLoaded)
	r.set(ev, targetExecutable, targetImage)
	r.set(ev, pipe, pipeName)
	r.set(ev, newData, details)
	r.set(ev, ecs.DNSQuestionName, queryName)
	r.set(ev, answers, queryResults)
	ev.Set(ecs.NetworkProtocol, r.v[destPortName])
	switch string(r.v[initiated]) {
	case "true":
		ev.SetString(ecs.NetworkDirection, "outbound")
	case "false":
		ev.SetString(ecs.NetworkDirection, "inbound")
	}
	if id == 1 {
		r.hashes(ev, processMD5, processSHA1, processSHA256)
	} else {
		r.hashes(ev, ecs.FileHashMD5, ecs.FileHashSHA1, ecs.FileHashSHA256)
	}
}

// hashes reads "SHA1=…,MD5=…,SHA256=…,IMPHASH=…".
func (r *record) hashes(ev *sdk.Event, md5, sha1, sha256 ecs.Field) {
	for b := r.v[fileHashes]; len(b) > 0; {
		pair, rest, _ := bytes.Cut(b, []byte(","))
		name, v, _ := bytes.Cut(pair, []byte("="))
		switch string(name) {
		case "MD5":
			ev.Set(md5, v)
		case "SHA1":
			ev.Set(sha1, v)
		case "SHA256":
			ev.Set(sha256, v)
		}
		b = rest
	}
}

// Fields of what Sysmon tells, and of network policy servers.
var (
	processGUID      = ecs.New("process.entity_id", ecs.Keyword, "Identity of the process that no other ever has, not even on another host.")
	parentGUID       = ecs.New("process.parent.entity_id", ecs.Keyword, "Identity of the process that started the process, which no other ever has.")
	parentCommand    = ecs.New("process.parent.command_line", ecs.Keyword, "Command line of the process that started the process.")
	workingDirectory = ecs.New("process.working_directory", ecs.Keyword, "Folder in which the process ran.")
	processMD5       = ecs.New("process.hash.md5", ecs.Keyword, "MD5 of the program of the process.")
	processSHA1      = ecs.New("process.hash.sha1", ecs.Keyword, "SHA-1 of the program of the process.")
	processSHA256    = ecs.New("process.hash.sha256", ecs.Keyword, "SHA-256 of the program of the process.")
	targetExecutable = ecs.New("windows.target_executable", ecs.Keyword, "Program of the process that another one read, changed or ran a thread in.")
	pipe             = ecs.New("windows.pipe", ecs.Keyword, "Named pipe that was made or opened.")
	newData          = ecs.New("windows.object.data", ecs.Keyword, "What a registry value was set to.")
	answers          = ecs.New("windows.dns_answers", ecs.Keyword, "What a name was resolved to, as Windows writes it.")
	station          = ecs.New("windows.nps.calling_station", ecs.Keyword, "Device that asks for access to the network: its address or telephone number.")
	accessServer     = ecs.New("windows.nps.access_server", ecs.IP, "Switch, access point or VPN gateway that the device is at.")
	requestPolicy    = ecs.New("windows.nps.request_policy", ecs.Keyword, "Policy by which the server handled the request for access.")
	policyServer     = ecs.New("windows.nps.server", ecs.Keyword, "Server that decided on the access.")
)

// network sets what network policy servers, RADIUS, say.
func (r *record) network(ev *sdk.Event) {
	r.set(ev, station, callingStation)
	ev.SetIP(accessServer, r.v[accessServerIP])
	r.set(ev, requestPolicy, proxyPolicy)
	r.set(ev, policyServer, authServer)
	r.set(ev, why, reason)
}
