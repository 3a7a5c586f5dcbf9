package main

import (
	"bytes"
	"errors"
	"time"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/jsonscan"
	"github.com/logcenter/logcenter/sdk/timestamp"
)

var (
	containerID    = ecs.ContainerID
	containerImage = ecs.New("container.image.name", ecs.Keyword, "Image that the container was started of.")
	containerName  = ecs.New("kubernetes.container.name", ecs.Keyword, "Name of the container in its pod.")
	level          = ecs.New("kubernetes.level", ecs.Keyword, "Severity that stands in the text of a container's line, in its own words.")
	namespace      = ecs.New("kubernetes.namespace", ecs.Keyword, "Namespace of the pod, or of the object that a request was about.")
	partial        = ecs.New("kubernetes.partial", ecs.Boolean, "Whether the line goes on in the next one, as the runtime cut it.")
	podIP          = ecs.New("kubernetes.pod.ip", ecs.IP, "Address of the pod in the cluster.")
	podName        = ecs.New("kubernetes.pod.name", ecs.Keyword, "Name of the pod that the container is part of.")
	podUID         = ecs.New("kubernetes.pod.uid", ecs.Keyword, "Identity of the pod, never used again for another.")
	stream         = ecs.New("kubernetes.stream", ecs.Keyword, "Where the container wrote to, stdout or stderr.")
	text           = ecs.New("kubernetes.text", ecs.Keyword, "What the container wrote.")
)

// shipped reads a line of a container in JSON.
func shipped(b []byte, ev *sdk.Event) error {
	timed, said := false, []byte(nil)
	spoke := false
	it := objects.Scan(b)
	for it.Next() {
		v := it.Value()
		switch string(it.Path()) {
		case "log", "message":
			if it.Kind() != jsonscan.String {
				break
			}
			spoke = true
			said = bytes.TrimSuffix(bytes.TrimSuffix(v, []byte(`\n`)), []byte(`\r`))
			if it.Escaped() {
				ev.SetDecoded(text, said, jsonscan.AppendUnescaped)
			} else {
				ev.Set(text, said)
			}
		case "time":
			ev.SetTime(time.RFC3339Nano, nil, v)
			timed = true
		case "date", "@timestamp":
			if timed {
				break
			}
			timed = true
			if it.Kind() == jsonscan.Number {
				ev.SetTime(timestamp.Unix, nil, v)
			} else {
				ev.SetTime(time.RFC3339Nano, nil, v)
			}
		case "stream":
			ev.Set(stream, v)
		case "_p", "logtag":
			ev.SetBool(partial, string(v) == "P")
		case "kubernetes.namespace_name":
			ev.Set(namespace, v)
		case "kubernetes.pod_name":
			ev.Set(podName, v)
		case "kubernetes.pod_id":
			ev.Set(podUID, v)
		case "kubernetes.pod_ip":
			ev.SetIP(podIP, v)
		case "kubernetes.host":
			ev.Set(ecs.HostName, v)
		case "kubernetes.container_name":
			ev.Set(containerName, v)
		case "kubernetes.docker_id", "kubernetes.container_id", "docker.container_id":
			if i := bytes.Index(v, []byte("://")); i >= 0 { // containerd://ID
				v = v[i+3:]
			}
			ev.Set(containerID, v)
		case "kubernetes.container_image":
			ev.SetJSON(containerImage, it)
		case "kubernetes.labels.app", "kubernetes.labels.app.kubernetes.io/name", "kubernetes.labels.k8s-app":
			ev.SetJSON(ecs.ServiceName, it)
		}
	}
	rate(said, ev)
	switch err := it.Err(); {
	case !spoke && !timed:
		return errForm
	case !spoke:
		return errText
	case !timed:
		return errTime
	case err != nil && !errors.Is(err, jsonscan.ErrPath):
		return err
	}
	return nil
}

// rated bounds how far the look for a severity goes.
const rated = 160

// rate looks for the severity that applications write at the start of a line: klog's letter and date, a word in
// capitals, or a word behind level= or "level":".
func rate(b []byte, ev *sdk.Event) {
	ev.SetString(ecs.LogcenterLogType, logType(severity(b[:min(len(b), rated)], ev)))
}

func severity(b []byte, ev *sdk.Event) []byte {
	if bytes.HasPrefix(b, []byte("panic: ")) && ev.SetSeverity(b[:5]) { // of Go
		ev.Set(level, b[:5])
		return b[:5]
	}
	if len(b) > 5 && b[5] == ' ' && isDigits(b[1:5]) && ev.SetSeverity(b[:1]) {
		ev.Set(level, b[:1])
		return b[:1]
	}
	for i := 0; i < len(b); i++ {
		c := b[i]
		if (c|0x20)-'a' >= 26 {
			continue
		}
		start, capitals := i, true
		for i < len(b) && (b[i]|0x20)-'a' < 26 {
			capitals = capitals && b[i] <= 'Z'
			i++
		}
		w := b[start:i]
		if len(w) < 3 || len(w) > 8 || !capitals && !behindKey(b[:start]) || i == len(b) && i == rated {
			continue
		}
		if i < len(b) && (b[i] == '_' || b[i]-'0' <= 9) {
			continue // ERROR_CODE is a name
		}
		if ev.SetSeverity(w) {
			ev.Set(level, w)
			return w
		}
	}
	return nil
}

func isDigits(b []byte) bool {
	for _, c := range b {
		if c-'0' > 9 {
			return false
		}
	}
	return true
}

// behindKey says that what b ends with is a key of severities.
func behindKey(b []byte) bool {
	b = bytes.TrimRight(b, "\\\"=: ")
	return bytes.HasSuffix(b, []byte("level")) || bytes.HasSuffix(b, []byte("severity")) || bytes.HasSuffix(b, []byte("lvl"))
}

// logType is the log type of a line with that severity.
func logType(w []byte) string {
	if len(w) > 0 {
		switch c := w[0] | 0x20; {
		case c == 'e', c == 'f' && !bytes.EqualFold(w, []byte("fine")), c == 'c', c == 'p', c == 'a', bytes.EqualFold(w, []byte("severe")):
			return "error"
		}
	}
	return "run_state"
}
