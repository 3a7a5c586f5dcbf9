package e2e

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/logcenter/logcenter/sdk/client"
)

// check compares what a panel was shown with a count of its own: both in short for a table, and what differs.
type check func(w *world, a answer) (shown, counted, fault string)

// want is what the panel of this title must show.
type want struct {
	title string
	check check
}

func differ(shown, counted float64) (string, string, string) {
	s, c := fmt.Sprintf("%.6g", shown), fmt.Sprintf("%.6g", counted)
	if !near(shown, counted) {
		return s, c, fmt.Sprintf("shown is %v, counted were %v", shown, counted)
	}
	return s, c, ""
}

func differMaps(shown, counted map[string]float64) (string, string, string) {
	if !maps.EqualFunc(shown, counted, near) {
		return brief(shown), brief(counted), fmt.Sprintf("shown is %v, counted were %v", shown, counted)
	}
	return brief(shown), brief(counted), ""
}

// total is a number: how many events there are.
func total(c is) check {
	return func(w *world, a answer) (string, string, string) {
		return differ(a.value, float64(len(w.selected(a.from, a.to, c))))
	}
}

// perSecond is the mean of buckets of a second.
func perSecond(w *world, a answer) (string, string, string) {
	lines := a.lines(0)
	if len(lines) != 1 || lines[0].interval() != time.Second {
		return "", "", fmt.Sprintf("%d series of intervals that are not a second", len(lines))
	}
	return differ(a.value, float64(len(w.selected(a.from, a.to, anything)))/a.to.Sub(a.from).Seconds())
}

// overTime compares every bucket of every series, one for each of the n most frequent values of a field.
func overTime(c is, field string, n int) check {
	return func(w *world, a answer) (string, string, string) {
		all := w.moments(a.from, a.to, c)
		shown := map[string]float64{}
		for _, l := range a.lines(0) {
			if len(l.values) > 0 {
				shown[l.name] = l.sum()
			}
			for i, inside := range l.inBuckets(all) {
				if n := byValue(inside, field)[l.name]; !near(l.values[i], n) {
					return "", "", fmt.Sprintf("%s at %v is shown as %v, counted were %v", l.name, l.times[i], l.values[i], n)
				}
			}
		}
		if len(all) == 0 {
			shown = nil // an empty series says nothing
		}
		counted := byValue(w.selected(a.from, a.to, c), field)
		return brief(shown), brief(counted), topFault(shown, counted, n)
	}
}

func top(c is, field string, n int) check {
	return func(w *world, a answer) (string, string, string) {
		shown, all := counts(a.table(0), "count", field), byValue(w.selected(a.from, a.to, c), field)
		if shown == nil {
			return "", brief(all), "there is no column count"
		}
		return brief(shown), brief(all), topFault(shown, all, n)
	}
}

// statistic is one calculation of a number.
func statistic(c is, field, calc string) check {
	return func(w *world, a answer) (string, string, string) {
		events := w.selected(a.from, a.to, c)
		if calc == "distinct" {
			return differ(a.value, float64(len(byValue(events, field))))
		}
		return differ(a.value, calculate(calc, numbers(events, field)))
	}
}

// segmentsOf are calculations of a number in each interval.
func segmentsOf(c is, field string, calcs ...string) check {
	return func(w *world, a answer) (string, string, string) {
		all := w.moments(a.from, a.to, c)
		lines := a.lines(0)
		if len(lines) != len(calcs) {
			return "", "", fmt.Sprintf("%d series where %d were asked for", len(lines), len(calcs))
		}
		for i, calc := range calcs {
			l := lines[i]
			for k, inside := range l.inBuckets(all) {
				if want := calculate(calc, numbers(inside, field)); !near(l.values[k], want) {
					return "", "", fmt.Sprintf("%s at %v is shown as %v, counted were %v", calc, l.times[k], l.values[k], want)
				}
			}
		}
		n := fmt.Sprintf("%d values", len(lines)*len(lines[0].values))
		return n, n, ""
	}
}

// rangesOf counts in ranges, from inclusive, to exclusive.
func rangesOf(c is, field string, names []string, bounds ...float64) check {
	return func(w *world, a answer) (string, string, string) {
		counted := map[string]float64{}
		of := numbers(w.selected(a.from, a.to, c), field)
		for i, n := range names {
			counted[n] = 0
			for _, v := range of {
				if v >= bounds[i] && v < bounds[i+1] {
					counted[n]++
				}
			}
		}
		return differMaps(counts(a.table(0), "count", field), counted)
	}
}

func histogramOf(c is, field string, width float64) check {
	return func(w *world, a answer) (string, string, string) {
		counted := map[string]float64{}
		for _, v := range numbers(w.selected(a.from, a.to, c), field) {
			counted[fmt.Sprint(math.Floor(v/width)*width)]++
		}
		shown := map[string]float64{}
		for k, v := range counts(a.table(0), "count", "xMin") {
			if v > 0 {
				shown[k] = v
			}
		}
		return differMaps(shown, counted)
	}
}

// percentilesOf: so many percent of the values lie below what is shown, give or take what two in a hundred of them are.
func percentilesOf(c is, field string, percents ...float64) check {
	return func(w *world, a answer) (string, string, string) {
		of := numbers(w.selected(a.from, a.to, c), field)
		shown := counts(a.table(0), "value", "percentile")
		var got, exact []string
		for _, p := range percents {
			v, ok := shown["p"+strconv.FormatFloat(p, 'f', -1, 64)]
			if !ok || len(of) == 0 {
				return "", "", fmt.Sprintf("p%v is not shown", p)
			}
			got, exact = append(got, fmt.Sprintf("p%v %.4g", p, v)), append(exact, fmt.Sprintf("p%v %.4g", p, of[int(p/100*float64(len(of)-1))]))
			low, high := of[int(max(0, p/100-0.02)*float64(len(of)-1))], of[int(math.Ceil(min(1, p/100+0.02)*float64(len(of)-1)))]
			if v < low || v > high {
				return strings.Join(got, ", "), strings.Join(exact, ", "), fmt.Sprintf("p%v is shown as %v, it lies between %v and %v", p, v, low, high)
			}
		}
		return strings.Join(got, ", "), strings.Join(exact, ", "), ""
	}
}

// drill: each path has its count, and of each level the most frequent values are there.
func drill(c is, fields ...string) check {
	return func(w *world, a answer) (string, string, string) {
		shown, all := counts(a.table(0), "count", fields...), byValue(w.selected(a.from, a.to, c), fields...)
		first := map[string]bool{}
		for path, n := range shown {
			if all[path] != n {
				return "", "", fmt.Sprintf("%s is shown as %v, counted were %v", path, n, all[path])
			}
			first[strings.SplitN(path, "/", 2)[0]] = true
		}
		for v := range byValue(w.selected(a.from, a.to, c), fields[0]) {
			if !first[v] {
				return "", "", fmt.Sprintf("%s %s is not shown", fields[0], v)
			}
		}
		return brief(shown), brief(all), ""
	}
}

// newest are the newest lines, each the one that is stored.
func newest(c is, n int) check {
	return func(w *world, a answer) (string, string, string) {
		events := w.moments(a.from, a.to, c)
		slices.Reverse(events)
		stored := map[string]string{}
		for _, m := range events {
			stored[m.ev.Text("event.id")] = m.ev.Text("message")
		}
		f := a.table(0)
		ids, bodies, at := texts(f, "id"), texts(f, "body"), column(f, "timestamp")
		if len(ids) != min(n, len(events)) || at == nil {
			return "", "", fmt.Sprintf("%d lines are shown, there are %d", len(ids), len(events))
		}
		for i, id := range ids {
			if body, ok := stored[id]; !ok || body != bodies[i] {
				return "", "", fmt.Sprintf("line %d, %s, is not one that was counted", i, id)
			}
			if v, _ := at.ConcreteAt(i); !v.(time.Time).Equal(events[i].at) {
				return "", "", fmt.Sprintf("line %d is of %v, the one to be there of %v", i, v, events[i].at)
			}
		}
		shown := fmt.Sprintf("%d lines", len(ids))
		return shown, fmt.Sprintf("%d lines", len(events)), ""
	}
}

// alertsOf are the alerts that the API lists and a condition is for.
func alertsOf(c func(client.Alert) bool) check {
	return func(w *world, a answer) (string, string, string) {
		counted := map[string]float64{}
		for _, al := range w.alerts() {
			if al.Recorded.Before(w.judged) && c(al) {
				counted[al.ID+" "+al.State+" "+al.Severity+" "+al.Name]++
			}
		}
		f := a.table(0)
		shown := map[string]float64{}
		ids, states, severities, titles := texts(f, "id"), texts(f, "state"), texts(f, "severity"), texts(f, "title")
		for i := range ids {
			shown[ids[i]+" "+states[i]+" "+severities[i]+" "+titles[i]]++
		}
		if !maps.Equal(shown, counted) {
			return "", "", fmt.Sprintf("%d alerts are shown, %d were counted", len(shown), len(counted))
		}
		return fmt.Sprintf("%d alerts", len(shown)), fmt.Sprintf("%d alerts", len(counted)), ""
	}
}

// alertCount is a number: how many alerts there are.
func alertCount(c func(client.Alert) bool) check {
	return func(w *world, a answer) (string, string, string) {
		if _, _, fault := alertsOf(c)(w, a); fault != "" {
			return "", "", fault
		}
		n := 0
		for _, al := range w.alerts() {
			if al.Recorded.Before(w.judged) && c(al) {
				n++
			}
		}
		return differ(a.value, float64(n))
	}
}

// verdictCount is a number: how many alerts an analyst has given this verdict; all for none, and open for none yet.
func verdictCount(verdict string) check {
	return func(w *world, a answer) (string, string, string) {
		if _, _, fault := verdictsByRule(w, a); fault != "" {
			return "", "", fault
		}
		n := 0
		for _, al := range w.alerts() {
			if al.Recorded.Before(w.judged) && (verdict == "" || al.Verdict == verdict || verdict == "open" && al.Verdict == "") {
				n++
			}
		}
		return differ(a.value, float64(n))
	}
}

func missedCount(w *world, a answer) (string, string, string) {
	return differ(a.value, float64(len(w.missed)))
}

func open(a client.Alert) bool { return a.State == "open" }

func openAnd(rule string) func(client.Alert) bool {
	return func(a client.Alert) bool { return open(a) && a.Rule == rule }
}

func pending(severities ...string) func(client.Alert) bool {
	return func(a client.Alert) bool {
		return (a.State == "open" || a.State == "acknowledged") && (severities == nil || slices.Contains(severities, a.Severity))
	}
}

// verdicts counts alerts by what they are of, as their verdicts are.
func verdicts(column string, of func(client.Alert) string, missed func(client.MissedAttack) string) check {
	return func(w *world, a answer) (string, string, string) {
		counted := map[string]float64{}
		add := func(key, what string) {
			if key != "/" && key != "" || column == "device" {
				counted[key+" "+what]++
			}
		}
		for _, al := range w.alerts() {
			if !al.Recorded.Before(w.judged) {
				continue
			}
			add(of(al), "alerts")
			add(of(al), cmp.Or(map[string]string{"true_positive": "true_positives", "false_positive": "false_positives", "benign": "benign"}[al.Verdict], "unjudged"))
		}
		for _, m := range w.missed {
			add(missed(m), "missed")
		}
		shown := map[string]float64{}
		keys := []string{column}
		if column == "device_rule" {
			keys = []string{"dataset", column}
		}
		for _, what := range []string{"alerts", "true_positives", "false_positives", "benign", "unjudged", "missed"} {
			for k, n := range counts(a.table(0), what, keys...) {
				if n > 0 {
					shown[k+" "+what] = n
				}
			}
		}
		return differMaps(shown, counted)
	}
}

func verdictsByRule(w *world, a answer) (string, string, string) {
	return verdicts("rule", func(a client.Alert) string { return a.Rule }, func(m client.MissedAttack) string { return m.Rule })(w, a)
}

// several checks one query of a panel each.
func several(checks ...check) check {
	return func(w *world, a answer) (shown, counted, fault string) {
		if len(a.parts) != len(checks) {
			return "", "", fmt.Sprintf("%d answers to %d queries", len(a.parts), len(checks))
		}
		var s, c []string
		for i, check := range checks {
			one, two, fault := check(w, answer{from: a.from, to: a.to, parts: a.parts[i : i+1]})
			if fault != "" {
				return one, two, fmt.Sprintf("query %d: %s", i+1, fault)
			}
			s, c = append(s, one), append(c, two)
		}
		return strings.Join(s, " | "), strings.Join(c, " | "), ""
	}
}

// byGroup is a calculation of a number, or of the time, for each value of a field.
func byGroup(c is, group, field string, calcs ...string) check {
	return func(w *world, a answer) (string, string, string) {
		values := map[string][]float64{}
		for _, ev := range w.selected(a.from, a.to, c) {
			v, ok := ev.Float(field)
			if at, isTime := ev.Time(field); isTime {
				v, ok = float64(at.UnixMicro())/1000, true
			}
			for _, g := range valuesOf(ev, group) {
				if ok {
					values[g] = append(values[g], v)
				}
			}
		}
		for _, calc := range calcs {
			counted := map[string]float64{}
			for g, of := range values {
				slices.Sort(of)
				counted[g] = calculate(calc, of)
			}
			shown := map[string]float64{}
			for k, v := range counts(a.table(0), calc, group) {
				if !math.IsNaN(v) {
					shown[k] = v
				}
			}
			if !maps.EqualFunc(shown, counted, func(a, b float64) bool { return math.Abs(a-b) <= 1e-6*max(1, math.Abs(b)) }) {
				return brief(shown), brief(counted), fmt.Sprintf("%s: shown is %v, counted were %v", calc, shown, counted)
			}
		}
		n := fmt.Sprintf("%d groups", len(values))
		return n, n, ""
	}
}

// The host's own state changes while it is looked at, so bounds are checked.

func inputTable(w *world, a answer) (string, string, string) {
	inputs, err := w.host.Client.Inputs(context.Background())
	if err != nil {
		return "", "", err.Error()
	}
	f := a.table(0)
	names, records := texts(f, "input"), column(f, "records")
	if len(names) != len(inputs) || records == nil {
		return "", "", fmt.Sprintf("%d inputs are shown, there are %d", len(names), len(inputs))
	}
	most := 0.0
	for i, in := range inputs {
		if names[i] != in.Name {
			return "", "", fmt.Sprintf("input %s is shown as %s", in.Name, names[i])
		}
		most = max(most, numberAt(records, i))
	}
	if most < float64(len(w.lines)) {
		return "", "", fmt.Sprintf("the inputs took %v records, %d lines were sent", most, len(w.lines))
	}
	return fmt.Sprintf("%d inputs", len(names)), fmt.Sprintf("%d inputs", len(inputs)), ""
}

func pluginTable(w *world, a answer) (string, string, string) {
	plugins, err := w.host.Client.Plugins(context.Background())
	if err != nil {
		return "", "", err.Error()
	}
	f := a.table(0)
	names, cpu, memory, events := texts(f, "plugin"), column(f, "cpu"), column(f, "memory"), column(f, "events")
	if len(names) != len(plugins) || cpu == nil || memory == nil || events == nil {
		return "", "", fmt.Sprintf("%d plugins are shown, there are %d", len(names), len(plugins))
	}
	for i, p := range plugins {
		seconds := numberAt(cpu, i)
		switch {
		case names[i] != p.ID:
			return "", "", fmt.Sprintf("plugin %s is shown as %s", p.ID, names[i])
		case seconds < 0 || seconds > p.CPUSeconds+1e-6:
			return "", "", fmt.Sprintf("%s is shown to have taken %v s of CPU, later it had taken %v s", p.ID, seconds, p.CPUSeconds)
		case p.State == "running" && !(numberAt(memory, i) > 1e6 && numberAt(memory, i) < 1e9):
			return "", "", fmt.Sprintf("%s runs and is shown to have %v bytes in memory", p.ID, numberAt(memory, i))
		case p.ID == "geoip" && numberAt(events, i) < float64(len(w.lines)):
			return "", "", fmt.Sprintf("%s is shown to have seen %v events, %d lines were sent", p.ID, numberAt(events, i), len(w.lines))
		}
	}
	return fmt.Sprintf("%d plugins", len(names)), fmt.Sprintf("%d plugins", len(plugins)), ""
}

func letterTable(w *world, a answer) (string, string, string) {
	page, err := w.host.Client.DeadLetters(context.Background(), client.DeadLetterFilter{From: client.At(a.from), To: client.At(w.judged), Limit: 100})
	if err != nil {
		return "", "", err.Error()
	}
	counted := map[string]float64{}
	for _, l := range page.Letters {
		counted[l.ID+" "+l.Reason]++
	}
	return differMaps(lettersShown(a), counted)
}

func lettersShown(a answer) map[string]float64 {
	shown := map[string]float64{}
	ids, reasons := texts(a.table(0), "id"), texts(a.table(0), "reason")
	for i := range ids {
		shown[ids[i]+" "+reasons[i]]++
	}
	return shown
}
