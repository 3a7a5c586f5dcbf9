package main

import (
	"bytes"

	"github.com/logcenter/logcenter/sdk"
)

// trace is a stack trace. Without one, at is the end of the event.
type trace struct {
	text                 []byte // from the line of the exception to the end
	class, says          []byte
	rootClass, rootCause []byte
	at                   int
}

var (
	causedBy = []byte("\nCaused by: ")
	inThread = []byte(`Exception in thread "`)
	frame    = []byte("\n\tat ")
	frame4   = []byte("\n    at ")
)

// findTrace looks for the line of an exception at or behind from, which is where the message begins.
func findTrace(b []byte, from int) trace {
	t := trace{at: len(b)}
	if !hasFrames(b) && bytes.IndexByte(b, '\n') < 0 {
		return t
	}
	at := -1
	for i := from; i < len(b); {
		line := lineAt(b, i)
		if bytes.HasPrefix(line, causedBy[1:]) {
			break // of an exception that the message ends in
		}
		class, says := throwable(line)
		next := i + len(line)
		if class != nil && (isNamedSo(class) || hasFrames(b[next:min(len(b), next+len(frame4))])) {
			at, t.class, t.says = i, class, says
			break
		}
		i = next + 1
	}
	if at < 0 {
		if at = t.inLine(b, from); at < 0 {
			return t
		}
	}
	t.at, t.text = at, b[at:]
	if i := bytes.LastIndex(t.text, causedBy); i >= 0 {
		t.rootClass, t.rootCause = throwable(lineAt(t.text, i+len(causedBy)))
	}
	return t
}

// inLine looks for an exception that the message itself ends in: "… failed: java.io.IOException: broken pipe". The trace
// is then what follows in the next lines.
func (t *trace) inLine(b []byte, from int) int {
	line := lineAt(b, from)
	if !hasFrames(b[from+len(line) : min(len(b), from+len(line)+len(frame4))]) {
		return -1
	}
	for i := 0; i < len(line); {
		w := word(line[i:])
		if class, _ := throwable(w); class != nil && isNamedSo(class) {
			t.class, t.says = throwable(line[i:])
			return from + i
		}
		i += len(w) + 1
	}
	return from + len(line) + 1
}

func hasFrames(b []byte) bool { return bytes.Contains(b, frame) || bytes.Contains(b, frame4) }

// lineAt is the line of b that starts at i, without its end.
func lineAt(b []byte, i int) []byte {
	n := bytes.IndexByte(b[i:], '\n')
	if n < 0 {
		n = len(b) - i
	}
	return b[i : i+n : i+n]
}

// throwable reads CLASS: message. class is nil if the line does not start with the name of a class and its package.
func throwable(line []byte) (class, says []byte) {
	line = bytes.TrimSpace(line)
	if rest, ok := bytes.CutPrefix(line, inThread); ok {
		i := bytes.Index(rest, []byte(`" `))
		if i < 0 {
			return nil, nil
		}
		line = rest[i+2:]
	}
	line = bytes.TrimPrefix(line, causedBy[1:])
	n := 0
	for n < len(line) && line[n] != ':' && line[n] > ' ' {
		n++
	}
	name := line[:n:n]
	if n < len(line) && line[n] != ':' || bytes.IndexByte(name, '.') <= 0 || !isIdentifier(name) {
		return nil, nil
	}
	if n < len(line) {
		says = bytes.TrimSpace(line[n+1:])
	}
	return name, says
}

// isNamedSo reports whether a class is an exception by its name.
func isNamedSo(class []byte) bool {
	return bytes.HasSuffix(class, []byte("Exception")) || bytes.HasSuffix(class, []byte("Error")) || bytes.HasSuffix(class, []byte("Throwable"))
}

func (t *trace) set(ev *sdk.Event) {
	if t.text == nil {
		return
	}
	ev.Set(stackTrace, bytes.TrimRight(t.text, "\r\n"))
	ev.Set(exceptionType, t.class)
	ev.Set(exceptionText, t.says)
	ev.Set(rootType, t.rootClass)
	ev.Set(rootText, t.rootCause)
}
