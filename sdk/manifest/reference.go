package manifest

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/schema"
	"github.com/logcenter/logcenter/sdk/wire"
)

// ReferenceMark begins the part of a plugin's README.md that is generated: it is a line of its own, and all behind it
// is made anew.
const ReferenceMark = "<!-- From here on this file is made of plugin.yaml, the comments of the config and a sample: `go test -update` or `logcenter plugin test --update` -->"

// Example is a sample line with what the plugin makes of it, as JSON.
type Example struct{ Line, Result string }

// Readme is a plugin's README.md with its generated part made anew. What stands above the mark in have is the author's;
// without any it is the plugin's id and description.
func (m *Manifest) Readme(have, configSchema []byte, example *Example) []byte {
	written, _, _ := bytes.Cut(have, []byte(ReferenceMark))
	if len(bytes.TrimSpace(written)) == 0 {
		written = []byte("# " + m.ID + "\n\n" + m.Description + "\n")
	}
	return append(append(bytes.Clone(bytes.TrimRight(written, "\n")), "\n\n"...), m.Reference(configSchema, example)...)
}

// Reference is the reference of a plugin in Markdown: what it is configured by, needs, reads and writes, and an example
// if there is one. configSchema is the JSON Schema of its config.
func (m *Manifest) Reference(configSchema []byte, example *Example) []byte {
	var b bytes.Buffer
	b.WriteString(ReferenceMark + "\n")
	if keys := schema.Settings(configSchema); len(keys) > 0 {
		b.WriteString("\n## Configuration\n\n| key | type | default | meaning |\n| --- | --- | --- | --- |\n")
		for _, k := range keys {
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", k.Path, cell(k.Type), code(k.Default), cell(k.Description))
		}
	}
	if needs := m.needs(); len(needs) > 0 {
		b.WriteString("\n## Permissions\n\n")
		for _, n := range needs {
			b.WriteString("- " + n + "\n")
		}
	}
	if m.ReadsAll {
		b.WriteString("\n## What it reads\n\nEvery field, as far as its rules name it.\n")
	}
	if reads := slices.DeleteFunc(slices.Clone(m.Reads), func(f ecs.Field) bool { return f == ecs.Message }); len(reads) > 0 && m.Kind != wire.Kind_PARSER {
		names := make([]string, len(reads))
		for i, f := range reads {
			names[i] = "`" + f.Name() + "`"
		}
		slices.Sort(names)
		b.WriteString("\n## What it reads\n\n" + strings.Join(names, ", ") + "\n")
	}
	if len(m.Writes)+len(m.Constants) > 0 {
		b.WriteString("\n## Fields\n\n| field | type | meaning |\n| --- | --- | --- |\n")
		m.fieldRows(&b)
	}
	if len(m.Severity) > 0 {
		b.WriteString("\n## Severity\n\n| the device writes | `log.level` |\n| --- | --- |\n")
		for _, level := range ecs.Severities {
			if words := m.Severity.Words(level); words != "" {
				fmt.Fprintf(&b, "| %s | %s |\n", cell(words), level)
			}
		}
	}
	if example != nil {
		fmt.Fprintf(&b, "\n## Example\n\n```\n%s\n```\n\n```json\n%s\n```\n", example.Line, example.Result)
	}
	return b.Bytes()
}

// needs are the permissions in a reader's words.
func (m *Manifest) needs() (list []string) {
	for _, n := range m.Network {
		list = append(list, "network: `"+n+"`")
	}
	for _, f := range m.Files {
		list = append(list, "files: `"+f+"`")
	}
	for _, f := range m.Write {
		list = append(list, "write: `"+f+"`")
	}
	if m.MayDrop {
		list = append(list, "may drop events, which are counted")
	}
	if m.Hold {
		list = append(list, "events wait while it is out of service")
	}
	return list
}

func (m *Manifest) fieldRows(b *bytes.Buffer) {
	constants := map[ecs.Field]string{}
	fields := slices.Clone(m.Writes)
	for _, c := range m.Constants {
		constants[c.Field] = strings.Join(c.Values, ", ")
		if !slices.Contains(fields, c.Field) {
			fields = append(fields, c.Field)
		}
	}
	slices.SortFunc(fields, func(x, y ecs.Field) int { return strings.Compare(x.Name(), y.Name()) })
	for _, f := range fields {
		i := f.Info()
		kind, meaning := i.Type.String(), i.Description
		if i.List {
			kind = "list of " + kind
		}
		if c := constants[f]; c != "" {
			meaning = strings.TrimSpace("`" + c + "`, unless the line says otherwise. " + meaning)
			if !slices.Contains(m.Writes, f) {
				meaning = "always `" + c + "`"
			}
		}
		fmt.Fprintf(b, "| `%s` | %s | %s |\n", i.Name, kind, cell(meaning))
	}
}

// cell is text in a cell of a table.
func cell(s string) string {
	return strings.NewReplacer("|", `\|`, "\n", " ").Replace(s)
}

func code(s string) string {
	if s == "" || s == `""` || s == "null" {
		return ""
	}
	return "`" + cell(s) + "`"
}
