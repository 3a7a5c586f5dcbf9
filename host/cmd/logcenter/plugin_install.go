package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/user"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/logcenter/logcenter/host/config"
	"github.com/logcenter/logcenter/host/plugin"
	"github.com/logcenter/logcenter/host/plugin/install"
	"github.com/logcenter/logcenter/host/plugin/pack"
	"github.com/logcenter/logcenter/host/service"
	"github.com/logcenter/logcenter/sdk/client"
)

func newPluginInstallCommand(c *connection) *cobra.Command {
	var (
		run runOptions
		yes bool
	)
	cmd := &cobra.Command{
		Use:   "install FILE",
		Short: "install a plugin from a package; nothing of it runs yet",
		Long: `Install a plugin from a package that a vendor made with ` + "`logcenter plugin package`" + `.

The host checks all of it first: sums, signature, manifest, platform and certificate, and refuses what plugins.trust in
its configuration does not let in. Then it is shown who signed it, what it may do, and what it may do more and less than
the plugin of its id that is there. Nothing is activated: ` + "`logcenter plugin enable ID`" + ` starts a new plugin.

With --data or --config, the package is installed into the data folder of a host that is stopped, by that
configuration's policy.`,
		Example: `  logcenter plugin install acmefw-1.0.0.lcp
  logcenter plugin install acmefw-1.0.0.lcp --yes
  logcenter plugin install acmefw-1.0.0.lcp --config /etc/logcenter/logcenter.yaml`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			in := installer(online{c})
			if run.config != "" || run.data != "" {
				cfg, err := run.load()
				if err != nil {
					return err
				}
				off, err := openOffline(cfg)
				if err != nil {
					return err
				}
				defer off.store.Close() //nolint:errcheck // what is installed is on the disk
				in = off
			}
			return installPackage(cmd, in, args[0], yes)
		},
	}
	stoppedFlags(cmd, &run)
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	completePackage(cmd)
	return cmd
}

// stoppedFlags are the flags of commands that also work on the data of a host that is stopped.
func stoppedFlags(cmd *cobra.Command, run *runOptions) {
	f := cmd.Flags()
	f.StringVarP(&run.config, "config", "c", "", "the host is stopped: its configuration `file`")
	f.StringVar(&run.data, "data", "", "the host is stopped: `folder` of its data, in place of the configuration's data_dir")
	markFile(cmd, "config", "yaml", "yml")
}

func completePackage(cmd *cobra.Command) {
	cmd.ValidArgsFunction = func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return []string{strings.TrimPrefix(pack.Ext, ".")}, cobra.ShellCompDirectiveFilterFileExt
	}
}

// installer is where packages are installed.
type installer interface {
	// install checks the package in a file and, unless dry, installs it.
	install(ctx context.Context, file string, dry bool) (*client.Package, error)
}

// online installs by a running host.
type online struct{ c *connection }

func (o online) install(ctx context.Context, file string, dry bool) (*client.Package, error) {
	cl, err := o.c.client()
	if err != nil {
		return nil, err
	}
	return cl.InstallPlugin(ctx, func() (io.ReadCloser, int64, error) {
		f, err := os.Open(file)
		if err != nil {
			return nil, 0, err
		}
		st, err := f.Stat()
		if err == nil && st.Size() > pack.MaxBytes {
			err = fmt.Errorf("it has %s, and a package has %d MiB at most", megabytes(st.Size()), pack.MaxBytes>>20)
		}
		if err != nil {
			return nil, 0, errors.Join(err, f.Close())
		}
		return f, st.Size(), nil
	}, dry)
}

// offline installs into the data folder of a host that is stopped.
type offline struct{ store *install.Store }

func openOffline(cfg *config.Config) (*offline, error) {
	trust, err := cfg.PluginTrust()
	if err != nil {
		return nil, err
	}
	dir := service.InstalledDir(cfg)
	st, err := os.Stat(cfg.Path(cfg.DataDir))
	if err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	if sys, ok := st.Sys().(*syscall.Stat_t); ok && int(sys.Uid) != os.Geteuid() {
		return nil, fmt.Errorf("the data folder %s belongs to user %d: run this as that user, or the host cannot read what is installed", cfg.Path(cfg.DataDir), sys.Uid)
	}
	store, err := install.Open(dir, trust)
	if errors.Is(err, install.ErrInUse) {
		return nil, fmt.Errorf("%w: leave out --config and --data to install by it", err)
	}
	return &offline{store}, err
}

func (o *offline) install(ctx context.Context, file string, dry bool) (*client.Package, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // it was only read
	if !dry {
		who := "unknown"
		if u, err := user.Current(); err == nil {
			who = u.Username
		}
		p, err := o.store.Install(ctx, f, who)
		if err != nil {
			return nil, err
		}
		return o.shown(p), nil
	}
	p, err := inspect(ctx, f, o.store.Inspect)
	if err != nil {
		return nil, err
	}
	return o.shown(p), nil
}

// inspect unpacks a package somewhere for a moment.
func inspect(ctx context.Context, f io.Reader, how func(context.Context, io.Reader, string) (*install.Installed, error)) (*install.Installed, error) {
	tmp, err := os.MkdirTemp("", "logcenter-package-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(tmp) }() // a folder of the temporary directory
	return how(ctx, f, tmp)
}

func (o *offline) shown(p *install.Installed) *client.Package {
	s := shownPackage(p)
	if have, ok := o.store.Active(p.ID); ok {
		s.Active = have.Digest == p.Digest
		s.Compared = have.Version
		s.More, s.Fewer = plugin.ComparePermissions(have.Permissions, p.Permissions)
	}
	return s
}

// shownPackage is a package in the words of the API.
func shownPackage(p *install.Installed) *client.Package {
	s := &client.Package{
		ID: p.ID, Kind: p.Kind, Version: p.Version, Description: p.Description, Digest: p.Digest, Size: p.Size, Platforms: p.Platforms,
		Permissions: p.Permissions, InstalledAt: p.At, InstalledBy: p.By,
	}
	if p.Refused != nil {
		s.Refused = p.Refused.Error()
	}
	if k := p.Signer; k != nil {
		s.Signer = &client.Signer{Name: k.Name, KeyID: k.KeyID, PublicKey: k.PublicKey, Trusted: k.Trusted}
	}
	if c := p.Certificate; c != nil {
		s.Certificate = &client.Certificate{
			TestedAt: c.TestedAt, Logcenter: c.Logcenter, Checks: len(c.Checks), Failed: c.Failed(), Lines: c.Lines, Fields: c.Fields, MsPerMB: c.MsPerMB,
			NsPerLine: c.NsPerLine, Parsed: c.Parsed,
		}
	}
	return s
}

func installPackage(cmd *cobra.Command, in installer, file string, yes bool) error {
	ctx := cmd.Context()
	p, err := in.install(ctx, file, true)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	if err := packageText(cmd.OutOrStdout(), p); err != nil {
		return err
	}
	if !yes {
		if ok, err := confirmed(cmd, fmt.Sprintf("Install %s %s?", p.ID, p.Version)); err != nil || !ok {
			return err
		}
	}
	shown := p.Digest
	if p, err = in.install(ctx, file, false); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	if p.Digest != shown {
		return fmt.Errorf("%s was changed after it was shown: what is installed is not that; look at it with `logcenter plugin list --installed`, and remove %s@%s", file, p.ID, p.Digest[:shortDigest])
	}
	next := "`logcenter plugin enable " + p.ID + "` starts it"
	switch {
	case p.Active:
		next = "it is active"
	case p.Compared != "":
		next = "version " + p.Compared + " stays in its place until `logcenter plugin upgrade " + p.ID + "`"
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s %s is installed; %s\n", p.ID, p.Version, next)
	return err
}

// packageText prints a package for people: whose it is, and what it may do.
func packageText(w io.Writer, p *client.Package) error {
	var b strings.Builder
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, "%-12s  %s\n", name, printable(value))
		}
	}
	line("plugin", p.ID+" "+p.Version+" ("+p.Kind+")")
	line("description", p.Description)
	line("sha256", p.Digest)
	line("size", megabytes(p.Size))
	line("signed by", signerText(p.Signer))
	line("certificate", certificateText(p.Certificate))
	platforms := "all"
	if p.Platforms != nil {
		platforms = strings.Join(p.Platforms, ", ")
	}
	line("platforms", platforms)
	if !p.InstalledAt.IsZero() {
		line("installed", moment(p.InstalledAt)+" by "+p.InstalledBy)
	}
	line("refused", p.Refused)
	permissionsText(&b, p)
	_, err := io.WriteString(w, b.String())
	return err
}

// permissionsText lists what a package may do, or only what is different where there is one to compare with.
func permissionsText(b *strings.Builder, p *client.Package) {
	if p.Compared == "" {
		b.WriteString("it may\n")
		for _, one := range joined(p.Permissions) {
			b.WriteString("  " + printable(one) + "\n")
		}
		return
	}
	if len(p.More)+len(p.Fewer) == 0 {
		b.WriteString("it may        do what version " + printable(p.Compared) + " may\n")
		return
	}
	b.WriteString("compared with version " + printable(p.Compared) + " it may\n")
	for _, one := range joined(p.More) {
		b.WriteString("  + " + printable(one) + "\n")
	}
	for _, one := range joined(p.Fewer) {
		b.WriteString("  - " + printable(one) + "\n")
	}
}

// joined brings what is said of fields into one line for each verb.
func joined(permissions []string) (lines []string) {
	last := ""
	for _, one := range permissions {
		verb, of, _ := strings.Cut(one, " ")
		field := (verb == "read" || verb == "write" || verb == "set") && !strings.HasPrefix(of, "the file ")
		if field && verb == last {
			lines[len(lines)-1] += ", " + of
			continue
		}
		if last = ""; field {
			last = verb
		}
		lines = append(lines, one)
	}
	return lines
}

func signerText(s *client.Signer) string {
	switch {
	case s == nil:
		return "nobody"
	case s.Name == "":
		text := "an unknown key, " + s.KeyID
		if s.PublicKey != "" {
			text += ": " + s.PublicKey
		}
		return text
	case s.Trusted:
		return s.Name + " (key " + s.KeyID + "), who may share memory with the host"
	}
	return s.Name + " (key " + s.KeyID + ")"
}

func certificateText(c *client.Certificate) string {
	if c == nil {
		return "none"
	}
	text := fmt.Sprintf("of %s by Logcenter %s: %s, %s, %s, %.2f ms/MB", moment(c.TestedAt), c.Logcenter, counted(c.Checks, "check"),
		counted(c.Lines, "line"), counted(c.Fields, "field"), c.MsPerMB)
	if c.Parsed > 0 {
		text += fmt.Sprintf(", %.1f%% of ordinary lines parsed", 100*c.Parsed)
	}
	if c.Failed != nil {
		text += "; FAILED: " + strings.Join(c.Failed, ", ")
	}
	return text
}
