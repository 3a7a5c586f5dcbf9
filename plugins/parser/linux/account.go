package main

import (
	"bytes"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/kv"
)

func administration(action string, types []string) facts {
	return facts{dataset: account, logType: security, action: action, category: iam, types: types, outcome: succeeded}
}

func administrationFailed(action string, types []string) facts {
	f := administration(action, types)
	f.outcome, f.level = failed, ecs.Error
	return f
}

// What useradd, usermod, userdel, groupadd, groupmod, groupdel, gpasswd and passwd say.
var accounts = newPhrases([]phrase{
	{"new user: ", newAccount, administration("added-user", userCreated)},
	{"new group: ", newGroup, administration("added-group", groupCreated)},
	{"group added to ", groupAdded, administration("added-group", groupCreated)},
	{"add '", joined, administration("added-user-to-group", groupChanged)},
	{"delete user '", quotedName, administration("deleted-user", userDeleted)},
	{"delete '", joined, administration("removed-user-from-group", groupChanged)},
	{"removed group '", quotedGroup, administration("deleted-group", groupDeleted)},
	{"removed shadow group '", quotedGroup, administration("deleted-group", groupDeleted)},
	{"group '", quotedGroup, administration("deleted-group", groupDeleted)},
	{"group changed in ", groupChange, administration("changed-group", groupChanged)},
	{"change user name '", quotedChange, administration("renamed-user", userChanged)},
	{"change user '", quotedChange, administration("changed-user", userChanged)},
	{"lock user '", quotedChange, administration("locked-user", userChanged)},
	{"unlock user '", quotedChange, administration("unlocked-user", userChanged)},
	{"changed password expiry for ", plainName, administration("changed-password-expiry", userChanged)},
	{"password for '", passwordFor, administration("changed-password", userChanged)},
	{"user ", byAdmin, administration("changed-group-members", groupChanged)},
	{"members of group ", membersSet, administration("changed-group-members", groupChanged)},
	{"failed adding user '", quotedName, administrationFailed("added-user", userCreated)},
	{"failed deleting user '", quotedName, administrationFailed("deleted-user", userDeleted)},
	{"failed to add group ", plainGroup, administrationFailed("added-group", groupCreated)},
})

// properties are pairs as useradd writes them: "name=anna, UID=1001, GID=1001, home=/home/anna".
var properties = kv.Scanner{Pair: ','}

func newAccount(b []byte, ev *sdk.Event) {
	for it := properties.Scan(b); it.Next(); {
		switch v := it.Value(); string(it.Key()) {
		case "name":
			ev.Set(ecs.UserName, v)
		case "UID":
			ev.Set(ecs.UserID, v)
		case "GID":
			ev.Set(groupID, v)
		case "home":
			ev.Set(home, v)
		case "shell":
			ev.Set(shell, v)
		case "from":
			if string(v) != "none" {
				ev.Set(terminal, v)
			}
		}
	}
}

func newGroup(b []byte, ev *sdk.Event) {
	for it := properties.Scan(b); it.Next(); {
		switch v := it.Value(); string(it.Key()) {
		case "name":
			ev.Set(groupName, v)
		case "GID":
			ev.Set(groupID, v)
		}
	}
}

// groupAdded reads "/etc/group: name=dev, GID=1003".
func groupAdded(b []byte, ev *sdk.Event) {
	path, rest, ok := cut(b, ": ")
	ev.Set(ecs.FilePath, path)
	if ok {
		newGroup(rest, ev)
	}
}

// groupChange reads "/etc/group (group dev/1003, new gid: 1004)".
func groupChange(b []byte, ev *sdk.Event) {
	path, rest, ok := cut(b, " (group ")
	ev.Set(ecs.FilePath, path)
	if !ok {
		return
	}
	group, what, ok := cut(bytes.TrimSuffix(rest, []byte(")")), ", ")
	name, id, _ := cut(group, "/")
	ev.Set(groupName, name)
	ev.Set(groupID, id)
	if ok {
		ev.Set(changed, what)
	}
}

// joined reads "anna' to group 'wheel'" and "anna' from shadow group 'wheel'".
func joined(b []byte, ev *sdk.Event) {
	name, rest, ok := cut(b, "'")
	ev.Set(ecs.UserName, name)
	if ok {
		if _, group, ok := cut(rest, "'"); ok {
			ev.Set(groupName, bytes.TrimSuffix(group, []byte("'")))
		}
	}
}

// quotedName reads "anna'", and the reason behind a comma.
func quotedName(b []byte, ev *sdk.Event) {
	name, rest, _ := cut(b, "'")
	ev.Set(ecs.UserName, name)
	rest = bytes.TrimLeft(rest, ", ")
	if code, ok := bytes.CutPrefix(rest, []byte("exit code: ")); ok {
		ev.Set(exitCode, code)
	}
	reason(rest, ev)
}

// quotedGroup reads "dev' removed from /etc/group" and "anna' owned by 'anna'".
func quotedGroup(b []byte, ev *sdk.Event) {
	name, rest, _ := cut(b, "'")
	ev.Set(groupName, name)
	if _, path, ok := cut(rest, " from "); ok {
		ev.Set(ecs.FilePath, path)
	}
}

// quotedChange reads "anna' shell from '/bin/sh' to '/bin/bash'".
func quotedChange(b []byte, ev *sdk.Event) {
	name, what, _ := cut(b, "'")
	ev.Set(ecs.UserName, name)
	ev.Set(changed, bytes.TrimSpace(what))
}

func plainName(b []byte, ev *sdk.Event) { ev.Set(ecs.UserName, b) }

// plainGroup reads "dev" and the reason behind it.
func plainGroup(b []byte, ev *sdk.Event) {
	name, why := word(b)
	ev.Set(groupName, name)
	reason(why, ev)
}

// passwordFor reads "anna' changed by 'root'".
func passwordFor(b []byte, ev *sdk.Event) {
	name, rest, ok := cut(b, "' changed by '")
	if !ok {
		ev.Set(ecs.UserName, bytes.TrimSuffix(name, []byte("'")))
		return
	}
	ev.Set(targetUser, name)
	ev.Set(ecs.UserName, bytes.TrimSuffix(rest, []byte("'")))
}

// byAdmin reads "anna added by root to group wheel" of gpasswd.
func byAdmin(b []byte, ev *sdk.Event) {
	who, group, ok := cut(b, " group ")
	if !ok {
		return
	}
	ev.Set(groupName, group)
	name, by, _ := cut(who, " by ")
	name, _ = word(name)
	ev.Set(targetUser, name)
	by, _ = word(by)
	ev.Set(ecs.UserName, by)
}

// membersSet reads "wheel set by root to anna,li".
func membersSet(b []byte, ev *sdk.Event) {
	group, rest, ok := cut(b, " set by ")
	ev.Set(groupName, group)
	if ok {
		by, members, _ := cut(rest, " to ")
		ev.Set(ecs.UserName, by)
		ev.Set(changed, members)
	}
}
