package plugin

import (
	"strconv"
	"strings"

	"github.com/logcenter/logcenter/sdk/schema"
	"github.com/logcenter/logcenter/sdk/wire"
)

// ConfigError says that the plugin refused its configuration, or rules that it was given: starting again will not help.
type ConfigError struct {
	Plugin, Msg string
	faults      []*schema.Error
	schema      []byte // for who mends it
}

// Schema is the JSON Schema of the config.
func (e *ConfigError) Schema() []byte { return e.schema }

func (e *ConfigError) Error() string { return "plugin " + e.Plugin + " refuses its config: " + e.Msg }

// refusal is why a plugin does not open. Its text has a line for each fault, which begins with the fault's path.
func refusal(id string, o *wire.OpenResponse, configSchema []byte) error {
	e := &ConfigError{Plugin: id, Msg: o.Error, schema: configSchema}
	lines := strings.Split(o.Error, "\n")
	for _, path := range strings.Split(o.ErrorPath, ",") {
		for i, l := range lines {
			if msg, ok := strings.CutPrefix(l, path+": "); ok && path != "" {
				e.faults = append(e.faults, &schema.Error{Path: path, Msg: msg})
				lines[i] = ""
				break
			}
		}
	}
	return e
}

// RuleFault is what a detector has against a rule that it was given.
type RuleFault struct {
	Rule int    // its place in the list, from 0
	Path string // in the rule, e.g. steps[1].query; empty is the rule as a whole
	Msg  string
}

// Rules are the faults of rules. There are none if the plugin refuses its configuration.
func (e *ConfigError) Rules() (list []RuleFault) {
	for _, f := range e.faults {
		rest, ok := strings.CutPrefix(f.Path, "rules[")
		number, path, closed := strings.Cut(rest, "]")
		n, err := strconv.Atoi(number)
		if ok && closed && err == nil && n >= 0 {
			list = append(list, RuleFault{Rule: n, Path: strings.TrimPrefix(path, "."), Msg: f.Msg})
		}
	}
	return list
}
