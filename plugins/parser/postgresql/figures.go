package main

import (
	"bytes"
	"time"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/keys"
)

// Fields of what the server does by itself.
var (
	buffers       = ecs.New("postgresql.checkpoint.buffers", ecs.Long, "Buffers that a checkpoint wrote.")
	walAdded      = ecs.New("postgresql.checkpoint.wal_added", ecs.Long, "Files of the write-ahead log that were added at a checkpoint.")
	walRemoved    = ecs.New("postgresql.checkpoint.wal_removed", ecs.Long, "Files of the write-ahead log that were removed at a checkpoint.")
	walRecycled   = ecs.New("postgresql.checkpoint.wal_recycled", ecs.Long, "Files of the write-ahead log that were used again at a checkpoint.")
	writeTime     = ecs.New("postgresql.checkpoint.write", ecs.Long, "How long a checkpoint wrote, nanoseconds.")
	syncTime      = ecs.New("postgresql.checkpoint.sync", ecs.Long, "How long a checkpoint waited for the disk, nanoseconds.")
	syncedFiles   = ecs.New("postgresql.checkpoint.files", ecs.Long, "Files that a checkpoint brought to the disk.")
	walDistance   = ecs.New("postgresql.checkpoint.distance", ecs.Long, "Write-ahead log since the checkpoint before, kilobytes.")
	walEstimate   = ecs.New("postgresql.checkpoint.estimate", ecs.Long, "Write-ahead log that is expected until the next checkpoint, kilobytes.")
	walLocation   = ecs.New("postgresql.lsn", ecs.Keyword, "Place in the write-ahead log, e.g. 0/3000028.")
	lockMode      = ecs.New("postgresql.lock.mode", ecs.Keyword, "Lock that a process waits for or got, e.g. ShareLock.")
	lockTarget    = ecs.New("postgresql.lock.target", ecs.Keyword, "What a lock is on, e.g. transaction 812.")
	parameterName = ecs.New("postgresql.parameter.name", ecs.Keyword, "Parameter of the configuration that was changed.")
	parameterTo   = ecs.New("postgresql.parameter.value", ecs.Keyword, "Value that a parameter of the configuration got.")
)

// counts are what stands in front of words of a checkpoint's figures, "0 WAL file(s) added, 0 removed, 1 recycled".
var counts = [...]struct {
	word  []byte
	field ecs.Field
}{
	{[]byte(" buffers"), buffers},
	{[]byte(" WAL file(s) added"), walAdded},
	{[]byte(" transaction log file(s) added"), walAdded}, // until version 9.6
	{[]byte(" removed"), walRemoved},
	{[]byte(" recycled"), walRecycled},
}

// measured are the pairs of a checkpoint's figures.
var measured = keys.New(map[string]struct {
	field ecs.Field
	unit  time.Duration // 0: a number or a place
}{
	"write": {writeTime, time.Second}, "sync": {syncTime, time.Second}, "total": {ecs.EventDuration, time.Second},
	"files": {syncedFiles, 0}, "distance": {walDistance, 0}, "estimate": {walEstimate, 0}, "lsn": {walLocation, 0},
})

// figures reads "complete: wrote 44 buffers (0.3%); 0 WAL file(s) added, 0 removed, 1 recycled; write=4.5 s, sync=0.1 s,
// total=4.6 s; sync files=12, longest=0.1 s, average=0.1 s; distance=300 kB, estimate=310 kB; lsn=0/3000028, redo lsn=0/3000000".
func figures(rest []byte, e *entry, ev *sdk.Event) {
	for i := range counts {
		at := bytes.Index(rest, counts[i].word)
		from := at
		for from > 0 && rest[from-1]-'0' <= 9 {
			from--
		}
		if from < at {
			ev.Set(counts[i].field, rest[from:at])
		}
	}
	for at := 0; at < len(rest); {
		eq := bytes.IndexByte(rest[at:], '=')
		if eq < 0 {
			return
		}
		eq += at
		from := eq
		for from > at && isKey[rest[from-1]] {
			from--
		}
		end := eq + 1
		for end < len(rest) && rest[end] != ' ' && rest[end] != ',' && rest[end] != ';' {
			end++
		}
		if m := measured.Get(rest[from:eq]); m != nil && !(m.field == walLocation && bytes.HasSuffix(rest[:from], []byte("redo "))) {
			if m.unit > 0 {
				ev.SetDuration(m.field, rest[eq+1:end], m.unit)
			} else {
				e.setPart(ev, m.field, message, rest[eq+1:end])
			}
		}
		at = end
	}
}

// vacuumed reads `vacuum of table "crm.public.orders": index scans: 1 …, elapsed: 0.12 s`, in which the first name is the
// database.
func vacuumed(rest []byte, e *entry, ev *sdk.Event) {
	_, rest, ok := bytes.Cut(rest, []byte(" of table "))
	if !ok {
		return
	}
	name := bytes.TrimLeft(rest, `\"`)
	end := bytes.IndexAny(name, `\"`)
	if end < 0 {
		return
	}
	db, name, ok := bytes.Cut(name[:end], []byte("."))
	if !ok {
		return
	}
	if len(e.v[database]) == 0 {
		e.setPart(ev, databaseName, message, db)
	}
	e.setPart(ev, object, message, name)
	ev.SetString(objectType, "TABLE")
	if _, v, ok := bytes.Cut(rest, []byte("elapsed: ")); ok {
		v, _, _ = bytes.Cut(v, []byte(" s"))
		ev.SetDuration(ecs.EventDuration, v, time.Second)
	}
}

// lockWait reads "2069 still waiting for ShareLock on transaction 812 after 1000.123 ms" and "2069 acquired …".
func lockWait(rest []byte, e *entry, ev *sdk.Event) {
	rest, took, ok := bytes.Cut(rest, []byte(" after "))
	if !ok {
		return
	}
	took, _, _ = bytes.Cut(took, []byte(" ms"))
	ev.SetDuration(ecs.EventDuration, took, time.Millisecond)
	mode, target, ok := bytes.Cut(rest, []byte(" on "))
	if !ok {
		return
	}
	e.setPart(ev, lockMode, message, mode[bytes.LastIndexByte(mode, ' ')+1:])
	e.setPart(ev, lockTarget, message, target)
}

// changedParameter reads `"log_connections" changed to "on"`.
func changedParameter(rest []byte, e *entry, ev *sdk.Event) {
	name, value, ok := bytes.Cut(rest, []byte(" changed to "))
	if !ok {
		name, _, ok = bytes.Cut(rest, []byte(" "))
	}
	if ok {
		e.setPart(ev, parameterName, message, unquoted(name))
		e.setPart(ev, parameterTo, message, unquoted(value))
	}
}

// kinds are the objects of messages, which have them in small letters.
var kinds = keys.New(map[string]string{
	"table": "TABLE", "relation": "TABLE", "view": "VIEW", "sequence": "SEQUENCE", "schema": "SCHEMA", "function": "FUNCTION",
	"database": "DATABASE", "language": "LANGUAGE", "tablespace": "TABLESPACE", "procedure": "PROCEDURE", "type": "TYPE",
})

// refused reads "table salaries", behind "permission denied for ".
func refused(rest []byte, e *entry, ev *sdk.Event) {
	kind, name, ok := bytes.Cut(rest, []byte(" "))
	if !ok {
		return
	}
	if k := kinds.Get(kind); k != nil && *k != "" {
		ev.SetString(objectType, *k)
		e.setPart(ev, object, message, unquoted(name))
	}
}

// relation reads `"accounts_1" does not exist`.
func relation(rest []byte, e *entry, ev *sdk.Event) {
	if len(rest) == 0 || rest[0] != '"' && rest[0] != '\\' {
		return
	}
	name, _, ok := bytes.Cut(rest, []byte(" does not exist"))
	if !ok {
		name, _, ok = bytes.Cut(rest, []byte(" already exists"))
	}
	if ok {
		e.setPart(ev, object, message, unquoted(name))
	}
}

// storage reads `file "base/5/1249": No space left on device`, in front of which words may stand.
func storage(rest []byte, e *entry, ev *sdk.Event) {
	_, name, ok := bytes.Cut(rest, []byte("file "))
	if !ok || len(name) == 0 || name[0] != '"' && name[0] != '\\' {
		return
	}
	name = bytes.TrimLeft(name, `\"`)
	if end := bytes.IndexAny(name, `\"`); end >= 0 {
		e.setPart(ev, ecs.FilePath, message, name[:end])
	}
}

// version reads "16.4 on x86_64-pc-linux-gnu, compiled by …".
func version(rest []byte, e *entry, ev *sdk.Event) {
	v, _, _ := bytes.Cut(rest, []byte(" "))
	e.setPart(ev, ecs.ObserverVersion, message, v)
}

// endpoint reads `IPv4 address "0.0.0.0", port 5432` and `Unix socket "/run/postgresql/.s.PGSQL.5432"`.
func endpoint(rest []byte, e *entry, ev *sdk.Event) {
	if path, ok := bytes.CutPrefix(rest, []byte("Unix socket ")); ok {
		e.setPart(ev, ecs.FilePath, message, unquoted(path))
		return
	}
	if addr := unquoted(behind(rest, "address ")); len(addr) > 0 {
		ev.SetIP(ecs.DestinationIP, addr)
		ev.SetPort(ecs.DestinationPort, behind(rest, "port "))
	}
}

// temporaryFile reads `"base/pgsql_tmp/pgsql_tmp2068.0", size 12345`.
func temporaryFile(rest []byte, e *entry, ev *sdk.Event) {
	path, size, ok := bytes.Cut(rest, []byte(", size "))
	e.setPart(ev, ecs.FilePath, message, unquoted(path))
	if ok {
		ev.Set(ecs.FileSize, size)
	}
}
