package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"github.com/logcenter/logcenter/host/durable"
	"github.com/logcenter/logcenter/host/plugin"
	"github.com/logcenter/logcenter/host/plugin/pack"
)

// packaging are the flags of plugin package.
type packaging struct {
	key       string
	password  string
	platforms []string
	binaries  []string
	file      string
}

func newPluginPackageCommand() *cobra.Command {
	p := &packaging{}
	cmd := &cobra.Command{
		Use:   "package DIR",
		Short: "make one file of a plugin, to be installed anywhere",
		Long: `Make one file of a plugin, ID-VERSION.lcp: manifest, programs, data, samples, README, licence and certificate.

A folder with Go files is compiled, without cgo, for each --platform (default: that of this machine). With --binary,
given once for each --platform, programs are taken that are there. A script that the manifest names runs on every
platform; all of its folder is packaged, but for hidden files.

With --key the package is signed (ed25519, in the form of minisign), so that a host knows who answers for it. A
certificate.json by ` + "`logcenter plugin test`" + ` is packaged if it is about the very files; if not, that is told.
The same files make the same package, byte for byte.`,
		Example: `  logcenter plugin package plugins/acmefw --key ~/keys/acme.key
  logcenter plugin package . --platform linux/amd64 --platform linux/arm64 -f build/acmefw.lcp
  logcenter plugin package . --platform linux/amd64 --binary build/acmefw`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return p.run(cmd, args[0]) },
	}
	f := cmd.Flags()
	f.StringVar(&p.key, "key", "", "`file` with the private key to sign with; `logcenter plugin key new` makes one")
	f.StringVar(&p.password, "password-file", "", "`file` with the key's password (default $"+passwordEnv+")")
	f.StringArrayVar(&p.platforms, "platform", nil, "`OS/ARCH`, e.g. linux/amd64; can be given again")
	f.StringArrayVar(&p.binaries, "binary", nil, "the program for the --platform in the same place, a `file`")
	f.StringVarP(&p.file, "file", "f", "", "the package's `file` (default ID-VERSION"+pack.Ext+" here)")
	cmd.ValidArgsFunction = func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return nil, cobra.ShellCompDirectiveFilterDirs
	}
	return cmd
}

func (p *packaging) run(cmd *cobra.Command, dir string) error {
	m, err := plugin.ReadManifest(dir)
	if err != nil {
		return err
	}
	s := pack.Sources{Dir: dir}
	if p.key != "" {
		if s.Key, err = pack.ReadKey(p.key, func() (string, error) { return keyPassword(p.password) }); err != nil {
			return err
		}
	}
	tmp, err := os.MkdirTemp("", "logcenter-package-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(tmp) }() // a folder of the temporary directory
	if s.Programs, err = p.programs(cmd, dir, m, tmp); err != nil {
		return err
	}
	file := p.file
	if file == "" {
		file = m.ID + "-" + m.Version + pack.Ext
	}
	b, err := writePackage(cmd.Context(), file, s, tmp)
	if err != nil {
		return err
	}
	return p.tell(cmd.OutOrStdout(), file, b, s)
}

// programs finds or makes the programs of the package. None: it is a script.
func (p *packaging) programs(cmd *cobra.Command, dir string, m *plugin.Manifest, tmp string) (map[string]string, error) {
	if len(p.binaries) > 0 && len(p.binaries) != len(p.platforms) {
		return nil, usagef("there are %d --binary and %d --platform: give both for each program", len(p.binaries), len(p.platforms))
	}
	out := map[string]string{}
	for i, name := range p.platforms {
		system, arch, ok := strings.Cut(name, "/")
		if !ok || system == "" || arch == "" {
			return nil, usagef("--platform %s is not possible: write OS/ARCH, e.g. linux/amd64", name)
		}
		if _, twice := out[system+"-"+arch]; twice {
			return nil, usagef("--platform %s is given twice", name)
		}
		out[system+"-"+arch] = ""
		if len(p.binaries) > 0 {
			out[system+"-"+arch] = p.binaries[i]
		}
	}
	if len(p.binaries) > 0 {
		return out, nil
	}
	sources, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, err
	}
	if len(sources) > 0 {
		return compile(cmd, dir, out, tmp)
	}
	return ready(m, out)
}

// ready takes the program that is in the plugin's folder.
func ready(m *plugin.Manifest, asked map[string]string) (map[string]string, error) {
	platform, err := pack.ProgramPlatform(m.Binary)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil, fmt.Errorf("%s: there is no program, and no Go file to make it of: put it there, or give it with --platform and --binary", m.Binary)
	case err != nil:
		return nil, err
	case len(asked) > 0:
		return nil, usagef("--platform is for Go plugins, or goes with --binary: %s is there already", m.Binary)
	case platform == "":
		return nil, nil
	}
	return map[string]string{platform: m.Binary}, nil
}

// compile builds a Go plugin for the platforms asked for.
func compile(cmd *cobra.Command, dir string, platforms map[string]string, tmp string) (map[string]string, error) {
	if len(platforms) == 0 {
		platforms = map[string]string{runtime.GOOS + "-" + runtime.GOARCH: ""}
	}
	for platform := range platforms {
		system, arch, _ := strings.Cut(platform, "-")
		program := filepath.Join(tmp, platform)
		build := exec.CommandContext(cmd.Context(), "go", "build", "-trimpath", "-buildvcs=false", "-o", program, ".")
		build.Dir = dir
		build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+system, "GOARCH="+arch)
		tell(cmd.ErrOrStderr(), "compiling for %s/%s\n", system, arch)
		said, err := build.CombinedOutput()
		if errors.Is(err, exec.ErrNotFound) {
			return nil, errors.New("go is not installed, and the plugin is to be compiled: install it, or give programs with --platform and --binary")
		}
		if err != nil {
			return nil, fmt.Errorf("%s cannot be compiled for %s/%s: %w\n%s", dir, system, arch, err, strings.TrimSpace(string(said)))
		}
		platforms[platform] = program
	}
	return platforms, nil
}

// writePackage writes the package beside its place, reads it as a host would, and puts it there.
func writePackage(ctx context.Context, file string, s pack.Sources, tmp string) (b *pack.Built, err error) {
	part := file + durable.Suffix
	f, err := os.OpenFile(part, os.O_CREATE|os.O_TRUNC|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(part) // it may be in its place already
		}
	}()
	b, err = pack.Build(f, s)
	if err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = readBack(ctx, f, tmp)
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	return b, durable.Commit(file)
}

func readBack(ctx context.Context, f *os.File, tmp string) error {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	dir, err := os.MkdirTemp(tmp, "read")
	if err != nil {
		return err
	}
	_, err = pack.Extract(ctx, f, dir, func(pack.Signed) error { return nil })
	return err
}

func (p *packaging) tell(w io.Writer, file string, b *pack.Built, s pack.Sources) error {
	st, err := os.Stat(file)
	if err != nil {
		return err
	}
	runs := "any platform"
	if len(s.Programs) > 0 {
		runs = strings.Join(keysInOrder(s.Programs), ", ")
	}
	signed := "nobody: hosts refuse it unless they allow unsigned packages; sign it with --key"
	if b.KeyID != "" {
		signed = "key " + b.KeyID
	}
	certificate := "none: " + b.Uncertified
	if c := b.Certificate; c != nil {
		certificate = fmt.Sprintf("of %s, %s", moment(c.TestedAt), counted(len(c.Checks), "check"))
		if failed := c.Failed(); failed != nil {
			certificate += ", FAILED: " + strings.Join(failed, ", ")
		}
	}
	_, err = fmt.Fprintf(w, "%s has %s, %s, for %s\n  sha256       %s\n  signed by    %s\n  certificate  %s\n",
		file, counted(b.Files, "file"), megabytes(st.Size()), runs, hex.EncodeToString(b.Digest[:]), signed, printable(certificate))
	return err
}
