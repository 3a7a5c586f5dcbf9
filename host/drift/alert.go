package drift

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/wire"
)

const (
	rulePrefix  = "logcenter.drift."
	ruleVersion = "1"
	blind       = 0.5 // of the lines: from here on the device is as good as not watched
	namedFields = 5   // in a sentence
)

func rule(kind string) string { return rulePrefix + kind }

// Untold returns the alerts and recoveries that were not delivered yet, oldest first.
func (t *Tracker) Untold() (out []*wire.Alert) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, d := range t.drifts {
		if !d.Told {
			out = append(out, d.alert())
		}
		if d.Owed {
			out = append(out, d.recovery())
		}
	}
	return out
}

// Told notes that alerts or recoveries were delivered. After a crash, those that it was called for last may be untold again.
func (t *Tracker) Told(ids ...string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, d := range t.drifts {
		if slices.Contains(ids, d.ID) {
			d.Told, t.changed = true, true
		}
		if d.Owed && slices.Contains(ids, d.recoveryID()) {
			d.Owed, t.changed = false, true
		}
	}
	t.saveSoon()
}

// endings say how a drift has ended.
var endings = map[string]string{
	StateReturned:   "The lines are as they were.",
	StateAccepted:   "The lines as they are now are taken for the usual ones, by an admin or because it lasted.",
	StateSuperseded: "The plugin has another version or configuration, or the device was not heard for long: its lines are learned anew.",
}

func (d *Drift) recoveryID() string {
	return sdk.AlertID(rule(d.Kind)+" over", map[string]string{"drift": d.ID}, d.Since)
}

// recovery tells that the drift is over.
func (d *Drift) recovery() *wire.Alert {
	a := sdk.AlertFromWire(d.alert())
	a.ID, a.Kind, a.Recovers, a.Description, a.Remarks, a.EventIDs, a.Count = d.recoveryID(), sdk.AlertRecovery, d.ID, endings[d.State], "", nil, 0
	a.Last = d.Ended
	a.Fields = map[string]string{"ended": d.State, "lasted": d.Ended.Sub(d.Since).Round(time.Second).String()}
	return sdk.AlertToWire(a)
}

func (d *Drift) alert() *wire.Alert {
	a := sdk.Alert{
		ID: d.ID, Rule: rule(d.Kind), RuleVersion: ruleVersion, Name: d.Title(), Description: d.describe(), Remarks: d.Advice,
		Topic: d.topic(), Type: "drift", Method: "notifiers", Frequency: "continuous", Severity: string(ecs.Warn), Priority: 3,
		Keys: map[string]string{"device": d.Device}, Fields: map[string]string{"since": d.Since.Format("2006-01-02 15:04:05Z")},
		Count: uint64(d.Lines), First: d.Since, Last: d.Raised, Tags: []string{"drift"},
	}
	if d.Kind != kindNames[fields] && d.Changes[0].After >= blind {
		a.Severity, a.Priority = string(ecs.Error), 2
	}
	for name, v := range map[string]string{"plugin": d.Plugin, "version": d.Version, "dataset": d.Dataset, "input": d.Input} {
		if v != "" {
			a.Keys[name] = v
		}
	}
	for _, c := range d.Changes {
		name := "rate"
		if c.Field != "" {
			name = c.Field
		}
		a.Fields[name+".before"], a.Fields[name+".after"] = percent(c.Before), percent(c.After)
	}
	if d.Cause != "" {
		a.Fields["cause"] = d.Cause
	}
	for i, s := range d.Before {
		a.Fields["line.before."+strconv.Itoa(i+1)] = s.Text
	}
	for i, s := range d.After {
		a.Fields["line.after."+strconv.Itoa(i+1)] = s.Text
		if s.EventID != "" {
			a.EventIDs = append(a.EventIDs, s.EventID)
		}
	}
	return sdk.AlertToWire(a)
}

func (d *Drift) topic() string {
	if d.Dataset != "" {
		return d.Dataset
	}
	return d.Plugin
}

// Title is the drift in a sentence.
func (d *Drift) Title() string {
	who := d.Device
	if len(d.Hosts) > 0 && (len(d.Hosts) > 1 || d.Hosts[0] != d.Device) {
		who += " (" + strings.Join(d.Hosts, ", ") + ")"
	}
	c := Change{}
	if len(d.Changes) > 0 {
		c = d.Changes[0]
	}
	switch d.Kind {
	case kindNames[unparsed]:
		return fmt.Sprintf("%s: %s does not parse %s of its lines, %s before", who, d.Plugin, percent(c.After), percent(c.Before))
	case kindNames[unrecognised]:
		return fmt.Sprintf("%s: no parser claims %s of its lines, %s before", who, percent(c.After), percent(c.Before))
	}
	what := d.Dataset
	if what == "" {
		what = "its events"
	}
	var names []string
	for i, c := range d.Changes {
		if i == namedFields {
			names = append(names, fmt.Sprintf("and %d more", len(d.Changes)-i))
			break
		}
		names = append(names, fmt.Sprintf("%s (%s, %s before)", c.Field, percent(c.After), percent(c.Before)))
	}
	return fmt.Sprintf("%s: %s lacks fields that %s filled: %s", who, what, d.Plugin, strings.Join(names, ", "))
}

func (d *Drift) describe() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Since %s", d.Since.Format("2006-01-02 15:04:05 UTC"))
	if d.Cause != "" {
		fmt.Fprintf(&b, ", when %s", d.Cause)
	}
	fmt.Fprintf(&b, ", %d lines.", d.Lines)
	for _, part := range []struct {
		name  string
		lines []Sample
	}{{"Before", d.Before}, {"Since", d.After}} {
		if len(part.lines) > 0 {
			fmt.Fprintf(&b, " %s: %s", part.name, part.lines[len(part.lines)-1].Text)
		}
	}
	return b.String()
}

// advice is what an admin can do.
func advice(d *Drift) string {
	accept := fmt.Sprintf("if they are as they should be: `logcenter drift accept %s`", d.ID)
	if d.Cause != "" {
		return fmt.Sprintf("go back to the version or configuration of before; %s", accept)
	}
	letters := ""
	if d.Kind == kindNames[unparsed] {
		letters = fmt.Sprintf("; then `logcenter deadletters redrive 'plugin:%s'` if it made dead letters", d.Plugin)
	}
	switch d.Kind {
	case kindNames[unrecognised]:
		return "write the lines since then into a file and make a parser of them: `logcenter plugin new NAME --kind parser --from FILE`, " +
			"or ask the device's vendor for one that knows its new firmware; " + accept
	default:
		return fmt.Sprintf("ask for a version of %s that knows the device's new firmware, or make one from the lines since then: "+
			"`logcenter plugin new NAME --kind parser --from FILE`%s; %s", d.Plugin, letters, accept)
	}
}

// percent is a share as people read it; what is not all or nothing does not look so.
func percent(v float64) string {
	s := strconv.FormatFloat(100*v, 'f', 1, 64)
	switch {
	case s == "0.0" && v > 0:
		return "under 0.1%"
	case s == "100.0" && v < 1:
		return "over 99.9%"
	default:
		return strings.TrimSuffix(s, ".0") + "%"
	}
}
