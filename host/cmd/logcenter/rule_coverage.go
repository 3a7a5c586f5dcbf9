package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/logcenter/logcenter/sdk/client"
)

func newRuleCoverageCommand(c *connection) *cobra.Command {
	var (
		out       output
		from, to  string
		zone      selection
		navigator bool
		all       bool
	)
	cmd := &cobra.Command{
		Use:   "coverage",
		Short: "show which rules cannot fire, and which techniques and devices rules are about",
		Long: `Show what rules can see: those that cannot fire, with what they lack, the techniques of MITRE ATT&CK that rules look for and
at which types of devices, and the parsers and streams that no rule is about.

  refused  the detector does not take the rule
  dead     no plugin in service writes a field that the rule needs, or never this value; it will not fire as it is
  idle     plugins write it, but no event from --from to --to had it
  ok       it can fire

A field that only one of several alternatives needs (OR), or that must not be there (NOT), is not needed. With --navigator
the techniques are printed as a layer for the ATT&CK Navigator (github.com/mitre-attack/attack-navigator), scored by how many
rules look for each.

` + timesHelp,
		Example: `  logcenter rule coverage
  logcenter rule coverage --from -7d --all
  logcenter rule coverage --navigator > layer.json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := out.check(); err != nil {
				return err
			}
			if _, err := zone.location(); err != nil {
				return err
			}
			cl, err := c.client()
			if err != nil {
				return err
			}
			r, err := cl.RuleCoverage(cmd.Context(), from, to, zone.zone)
			switch {
			case err != nil:
				return err
			case navigator:
				return printJSON(cmd.OutOrStdout(), navigatorLayer(r))
			case out.format != "table":
				return out.print(cmd.OutOrStdout(), coverageTable(r, true), r)
			}
			return printCoverage(cmd.OutOrStdout(), &out, r, all)
		},
	}
	f := cmd.Flags()
	f.StringVar(&from, "from", "-24h", "`time` from which on events are looked at for fields")
	f.StringVar(&to, "to", "now", "`time` before which events are looked at")
	zone.zoneFlag(cmd)
	f.BoolVar(&navigator, "navigator", false, "print a layer for the ATT&CK Navigator")
	f.BoolVar(&all, "all", false, "show rules that can fire, too")
	out.flags(f, "the API's answer")
	completeOutput(cmd)
	return cmd
}

// coverageTable has a row for each rule, or for those that cannot fire.
func coverageTable(r *client.RuleCoverage, all bool) *table {
	t := newTable("rule", "verdict", "lacks", "in", "parsers")
	for _, one := range r.Rules {
		if all || one.Verdict != "ok" {
			t.add(one.Rule, one.Verdict, cmp.Or(strings.Join(one.Missing, " "), one.Problem), one.Part, strings.Join(one.Plugins, " "))
		}
	}
	return t
}

func printCoverage(w io.Writer, out *output, r *client.RuleCoverage, all bool) error {
	count := map[string]int{}
	for _, one := range r.Rules {
		count[one.Verdict]++
	}
	_, err := fmt.Fprintf(w, "%s: %d can fire, %d idle, %d dead, %d refused\n", counted(len(r.Rules), "rule"), count["ok"], count["idle"], count["dead"], count["refused"])
	errs := []error{err}
	section := func(t *table) {
		if len(t.rows) > 0 {
			_, err := fmt.Fprintln(w)
			errs = append(errs, err, t.print(w, out.limit(w)))
		}
	}
	section(coverageTable(r, all))
	t := newTable("technique", "rules", "device types", "names").numbers("rules")
	for _, k := range r.Techniques {
		names := strings.Join(k.Rules, " ")
		if len(k.Dead) > 0 {
			names += " (dead: " + strings.Join(k.Dead, " ") + ")"
		}
		t.add(k.ID, fmt.Sprint(len(k.Rules)), cmp.Or(strings.Join(k.Devices, " "), "-"), strings.TrimSpace(names))
	}
	section(t)
	t = newTable("parser without a rule", "device types")
	for _, d := range r.Uncovered {
		t.add(d.Plugin, strings.Join(d.Types, " "))
	}
	section(t)
	t = newTable("stream without a rule")
	for _, s := range r.Streams {
		t.add(s)
	}
	section(t)
	return errors.Join(errs...)
}

// layer is what the ATT&CK Navigator reads: github.com/mitre-attack/attack-navigator, layers/spec/v4.5/layerformat.md.
type layer struct {
	Name        string            `json:"name"`
	Versions    map[string]string `json:"versions"`
	Domain      string            `json:"domain"`
	Description string            `json:"description"`
	Techniques  []layerTechnique  `json:"techniques"`
	Gradient    layerGradient     `json:"gradient"`
}

type layerTechnique struct {
	ID      string `json:"techniqueID"`
	Score   int    `json:"score"`
	Comment string `json:"comment"`
}

type layerGradient struct {
	Colors []string `json:"colors"`
	Min    int      `json:"minValue"`
	Max    int      `json:"maxValue"`
}

func navigatorLayer(r *client.RuleCoverage) layer {
	l := layer{
		Name: "Logcenter", Versions: map[string]string{"layer": "4.5"}, Domain: "enterprise-attack",
		Description: "Techniques that rules look for; the score is how many can fire.", Techniques: []layerTechnique{},
		Gradient: layerGradient{Colors: []string{"#ffffff", "#66b1ff"}, Max: 1},
	}
	for _, t := range r.Techniques {
		comment := "rules: " + strings.Join(t.Rules, ", ")
		if len(t.Rules) == 0 {
			comment = "cannot fire: " + strings.Join(t.Dead, ", ")
		}
		if len(t.Devices) > 0 {
			comment += "; device types: " + strings.Join(t.Devices, ", ")
		}
		l.Techniques = append(l.Techniques, layerTechnique{t.ID, len(t.Rules), comment})
		l.Gradient.Max = max(l.Gradient.Max, len(t.Rules))
	}
	return l
}
