package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/logcenter/logcenter/host/plugin/pack"
	"github.com/logcenter/logcenter/sdk/client"
)

// upgradeFlags are the flags of `plugin upgrade`.
type upgradeFlags struct {
	digest         string
	shadow         bool
	canary         string
	watch          time.Duration
	events         int64
	samples        int
	limits         client.RolloutLimits
	promote, abort bool
	yes            bool
}

func newPluginUpgradeCommand(c *connection) *cobra.Command {
	var (
		out output
		f   upgradeFlags
	)
	cmd := &cobra.Command{
		Use:   "upgrade ID [PACKAGE|FOLDER]",
		Short: "bring in another version of a plugin, at once or watched, while events flow",
		Long: `Bring in another version of a plugin while events flow: the package that was installed last, a package in a file, which
is installed first, or a folder on the host's machine, which lies somewhere below a folder of plugins.dirs. No event is lost
or handled twice, and each is handled by one version. Shown is what the new version may do more and less; then it is asked.

Without --shadow and --canary the version is in service at once. The one before stays for ` + "`logcenter plugin rollback ID`" + `.

With --shadow it runs beside the version in service on the same live batches, whose answers alone count, and the two are
compared field by field. Batches that it has no time for are skipped and counted; the pipeline never waits. It ends after
--for (10m) or --events, or with --abort; --promote puts it into service.

With --canary a share of the batches goes to it for real. It is taken back by itself when it is worse than --max-errors,
--max-fill-drop, --max-cost or --max-latency allow, as seen in 20 batches and --min-events events of either version, and by
more than chance explains (four standard errors over batches), or when its process dies. When it is well it is promoted after
--for (10m), or as soon after that as enough was seen. A masker should be a shadow first: what a canary does not hide is stored.

Both end when the host stops: after a restart the version of before is in service. ` + "`logcenter plugin rollout ID`" + ` tells how it
goes. Detectors go on with what they remember, and like notifiers they are upgraded at once.`,
		Example: `  logcenter plugin upgrade acmefw
  logcenter plugin upgrade acmefw acmefw-1.3.0.lcp --shadow --for 30m
  logcenter plugin upgrade acmefw /opt/plugins/acmefw-1.3.0 --canary 5% --max-errors 0.5%
  logcenter plugin upgrade acmefw --promote`,
		Args: cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := out.check(); err != nil {
				return err
			}
			cl, err := c.client()
			if err != nil {
				return err
			}
			r, err := f.run(cmd, c, cl, args)
			if err != nil || r == nil {
				return err
			}
			return printRollout(cmd, &out, r)
		},
		ValidArgsFunction: completePlugins(c),
	}
	f.define(cmd)
	out.flags(cmd.Flags(), "the API's answer")
	completeOutput(cmd)
	return cmd
}

func (f *upgradeFlags) define(cmd *cobra.Command) {
	s := cmd.Flags()
	s.StringVar(&f.digest, "digest", "", "the installed package with this `sha256`, of which 12 digits do")
	s.BoolVar(&f.shadow, "shadow", false, "run it beside the version in service and compare")
	s.StringVar(&f.canary, "canary", "", "give it a `share` of the batches, such as 5%, at most 50%")
	s.DurationVar(&f.watch, "for", 0, "how `long` a shadow or a canary is watched (default 10m)")
	s.Int64Var(&f.events, "events", 0, "end a shadow when so many events were compared")
	s.IntVar(&f.samples, "samples", 3, "lines to show for each way in which a field differs")
	s.Var(percent{&f.limits.Errors}, "max-errors", "take a canary back if errors are more by this part of its events (default 1%)")
	s.Var(percent{&f.limits.Fill}, "max-fill-drop", "take a canary back if this part of its events lacks a field, or of those with something to mask is not masked (default 5%)")
	s.Var(percent{&f.limits.Cost}, "max-cost", "take a canary back if it needs so much more CPU time for a MB (default 50%)")
	s.Var(percent{&f.limits.Latency}, "max-latency", "take a canary back if its calls take so much longer for a MB (default 100%)")
	s.Int64Var(&f.limits.MinEvents, "min-events", 0, "events of either version before a canary is judged (default 1000)")
	s.BoolVar(&f.promote, "promote", false, "put what is under way into service")
	s.BoolVar(&f.abort, "abort", false, "end what is under way; the version in service stays")
	s.BoolVar(&f.yes, "yes", false, "do not ask")
}

// percent is a flag of a part: 5% or 0.05.
type percent struct{ to *float64 }

func (p percent) String() string {
	if p.to == nil || *p.to == 0 {
		return ""
	}
	return fmt.Sprintf("%g%%", 100**p.to)
}

func (percent) Type() string { return "part" }

func (p percent) Set(s string) error {
	n, isPercent := strings.CutSuffix(strings.TrimSpace(s), "%")
	v, err := strconv.ParseFloat(strings.TrimSpace(n), 64)
	if err != nil || v <= 0 {
		return fmt.Errorf("%q is no part above zero: use 5%% or 0.05", s)
	}
	if isPercent {
		v /= 100
	}
	*p.to = v
	return nil
}

// run does what the flags say; nil if nothing was done.
func (f *upgradeFlags) run(cmd *cobra.Command, c *connection, cl *client.Client, args []string) (*client.Rollout, error) {
	ctx, id := cmd.Context(), args[0]
	ways := 0
	for _, set := range [...]bool{f.shadow, f.canary != "", f.promote, f.abort} {
		if set {
			ways++
		}
	}
	if ways > 1 {
		return nil, usagef("--shadow, --canary, --promote and --abort are four things: give one of them")
	}
	if f.promote || f.abort {
		if len(args) > 1 || f.digest != "" {
			return nil, usagef("--promote and --abort are about what is under way: leave out %q", strings.Join(append(args[1:], f.digest), " "))
		}
		if f.promote {
			return cl.PromotePlugin(ctx, id)
		}
		return cl.AbortRollout(ctx, id)
	}
	r := client.UpgradeRequest{Mode: "direct", Digest: f.digest, Events: f.events, Samples: f.samples, Limits: &f.limits}
	if f.watch > 0 {
		r.For = f.watch.String()
	}
	if f.shadow {
		r.Mode = "shadow"
	}
	if f.canary != "" {
		r.Mode = "canary"
		if err := (percent{&r.Share}).Set(f.canary); err != nil {
			return nil, usagef("--canary: %w", err)
		}
	}
	switch {
	case f.watch > 0 && r.Mode == "direct":
		return nil, usagef("--for is of --shadow and --canary")
	case f.events > 0 && r.Mode != "shadow":
		return nil, usagef("--events is of --shadow")
	case f.limits != (client.RolloutLimits{}) && r.Mode != "canary":
		return nil, usagef("--max-errors, --max-fill-drop, --max-cost, --max-latency and --min-events are of --canary")
	}
	if len(args) > 1 {
		if done, err := f.source(cmd, c, id, args[1], &r); err != nil || !done {
			return nil, err
		}
	}
	look := r
	look.Check = true
	seen, err := cl.UpgradePlugin(ctx, id, look)
	if err != nil {
		return nil, err
	}
	if err := tellUpgrade(cmd, seen); err != nil {
		return nil, err
	}
	if !f.yes {
		if ok, err := confirmed(cmd, fmt.Sprintf("Upgrade %s to %s (%s)?", id, seen.To, r.Mode)); err != nil || !ok {
			return nil, err
		}
	}
	return cl.UpgradePlugin(ctx, id, r)
}

// source installs a package from a file, or names a folder; false if the user does not want to.
func (f *upgradeFlags) source(cmd *cobra.Command, c *connection, id, path string, r *client.UpgradeRequest) (bool, error) {
	if f.digest != "" {
		return false, usagef("give a package, a folder or --digest, not two of them")
	}
	if filepath.Ext(path) != pack.Ext {
		abs, err := filepath.Abs(path)
		if err != nil {
			return false, err
		}
		r.Folder = abs
		return true, nil
	}
	if _, err := os.Stat(path); err != nil {
		return false, err
	}
	in := online{c}
	p, err := in.install(cmd.Context(), path, true)
	if err != nil {
		return false, fmt.Errorf("%s: %w", path, err)
	}
	if p.ID != id {
		return false, usagef("%s is a package of plugin %s, not of %s", path, p.ID, id)
	}
	if err := packageText(cmd.ErrOrStderr(), p); err != nil {
		return false, err
	}
	if !f.yes {
		if ok, err := confirmed(cmd, fmt.Sprintf("Install %s %s?", p.ID, p.Version)); err != nil || !ok {
			return false, err
		}
	}
	if p, err = in.install(cmd.Context(), path, false); err != nil {
		return false, fmt.Errorf("%s: %w", path, err)
	}
	r.Digest = p.Digest
	return true, nil
}

// tellUpgrade says what the new version may do more and less.
func tellUpgrade(cmd *cobra.Command, r *client.Rollout) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s → %s, from %s\n", r.Plugin, printable(r.From), printable(r.To), printable(r.Folder))
	permissionsText(&b, &client.Package{Compared: r.From, More: r.More, Fewer: r.Fewer})
	_, err := cmd.ErrOrStderr().Write([]byte(b.String()))
	return err
}
