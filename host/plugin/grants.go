package plugin

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/logcenter/logcenter/host/plugin/sandbox"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/manifest"
	"github.com/logcenter/logcenter/sdk/wire"
)

// Permissions lists what a manifest lets its plugin do, one thing each, the weightiest first: what an admin reads
// before the plugin is enabled.
func Permissions(m *Manifest) []string {
	var list []string
	each := func(format string, values []string) {
		for _, v := range slices.Sorted(slices.Values(values)) {
			list = append(list, fmt.Sprintf(format, v))
		}
	}
	each("connect to %s", m.Network)
	each("read the file %s", m.Files)
	each("keep files in %s", m.Write)
	if n := int64(m.Limits.Memory); n > 0 {
		list = append(list, "use "+sandbox.Bytes(n)+" of memory")
	}
	if n := m.Limits.Processes; n > 1 {
		list = append(list, fmt.Sprintf("start %d processes", n))
	}
	if n := m.Limits.CPUs; n > 0 {
		list = append(list, fmt.Sprintf("use %d processors", n))
	}
	if m.MayDrop {
		list = append(list, "drop events")
	}
	if m.Trusted {
		list = append(list, "share memory with the host")
	}
	if m.Hold {
		list = append(list, "hold events back while it does not work")
	}
	for _, r := range m.Accepts {
		list = append(list, "parse lines "+recognised(r))
	}
	if m.Kind == wire.Kind_MASKER {
		list = append(list, "change what is stored of a line")
	}
	if m.ReadsAll {
		list = append(list, "read every field")
	}
	each("read %s", fieldNames(m.Reads))
	each("write %s", fieldNames(m.Writes))
	constants := map[string]string{}
	for _, c := range m.Constants {
		constants[c.Field.Name()] = strings.Join(c.Values, ", ")
	}
	for _, name := range slices.Sorted(maps.Keys(constants)) {
		list = append(list, "set "+name+" to "+constants[name])
	}
	return list
}

func fieldNames(fs []ecs.Field) (names []string) {
	for _, f := range fs {
		names = append(names, f.Name())
	}
	return names
}

// recognised says which lines a recogniser takes.
func recognised(r manifest.Recogniser) string {
	var all []string
	of := func(what string, values []string) {
		if len(values) == 0 {
			return
		}
		quoted := make([]string, len(values))
		for i, v := range values {
			quoted[i] = fmt.Sprintf("%q", v)
		}
		all = append(all, what+" "+strings.Join(quoted, " or "))
	}
	of("of the input", r.Input)
	of("of the application", r.AppName)
	of("that begin with", r.Prefix)
	of("that contain", r.Contains)
	for _, text := range r.ContainsAll {
		of("that contain", []string{text})
	}
	return strings.Join(all, " and ")
}

// ComparePermissions returns what after permits and before does not, and the reverse, in the order of [Permissions].
func ComparePermissions(before, after []string) (more, fewer []string) {
	without := func(list, other []string) (rest []string) {
		for _, p := range list {
			if !slices.Contains(other, p) {
				rest = append(rest, p)
			}
		}
		return rest
	}
	return without(after, before), without(before, after)
}
