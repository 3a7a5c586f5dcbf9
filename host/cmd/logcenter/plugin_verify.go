package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/logcenter/logcenter/host/plugin/install"
	"github.com/logcenter/logcenter/host/plugin/pack"
	"github.com/logcenter/logcenter/host/service"
)

// verification are the flags of plugin verify.
type verification struct {
	run runOptions
	key string
}

func newPluginVerifyCommand() *cobra.Command {
	v := &verification{}
	cmd := &cobra.Command{
		Use:   "verify FILE|ID[@VERSION]",
		Short: "check a package, or what was installed from one",
		Long: `Check a package without a host and without the network: every file against its sum, the signature, the manifest, the
protocol, the platform and the certificate. It is told who signed it and what it may do.

An ID is one that is installed in the data folder of --data or --config (default ./data): then the files on the disk are
compared with what was signed. The host may be running.

--public-key names the key that it must be signed by; --config has the keys and the policy of a host. Without either,
any signature that is right does, and it is told whose it is.`,
		Example: `  logcenter plugin verify acmefw-1.0.0.lcp --public-key acme.pub
  logcenter plugin verify acmefw-1.0.0.lcp --config /etc/logcenter/logcenter.yaml
  logcenter plugin verify acmefw --data /var/lib/logcenter`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			trust, err := v.trust()
			if err != nil {
				return err
			}
			if st, err := os.Stat(args[0]); strings.HasSuffix(args[0], pack.Ext) || err == nil && st.Mode().IsRegular() {
				return verifyFile(cmd, args[0], trust)
			}
			return v.installed(cmd, args[0], trust)
		},
	}
	f := cmd.Flags()
	f.StringVarP(&v.run.config, "config", "c", "", "configuration `file` with the policy, and with the data folder for an ID")
	f.StringVar(&v.run.data, "data", "", "data `folder` for an ID, in place of the configuration's")
	f.StringVar(&v.key, "public-key", "", "the public `key` that it must be signed by, or the file with it")
	markFile(cmd, "config", "yaml", "yml")
	completePackage(cmd)
	return cmd
}

func (v *verification) trust() (install.Trust, error) {
	switch {
	case v.key != "":
		key, err := pack.PublicKeyFrom(v.key)
		return install.Trust{Keys: []install.Key{{Name: v.key, Public: key}}}, err
	case v.run.config != "":
		cfg, err := v.run.load()
		if err != nil {
			return install.Trust{}, err
		}
		return cfg.PluginTrust()
	}
	return install.Trust{Unsigned: true, UnknownKeys: true}, nil
}

func verifyFile(cmd *cobra.Command, file string, trust install.Trust) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // it was only read
	p, err := inspect(cmd.Context(), f, func(ctx context.Context, r io.Reader, dir string) (*install.Installed, error) {
		return install.Inspect(ctx, r, dir, trust)
	})
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	if err := packageText(cmd.OutOrStdout(), shownPackage(p)); err != nil {
		return err
	}
	return verified(cmd, file, p)
}

// verified says what was proved.
func verified(cmd *cobra.Command, what string, p *install.Installed) error {
	proof := "is whole and as it was signed"
	switch {
	case p.Signer == nil:
		proof = "is whole; nobody answers for it, as it is not signed"
	case p.Signer.PublicKey == "":
		proof = "is whole; the signature cannot be checked without the public key: give --public-key or --config"
	case p.Signer.Name == "":
		proof = "is whole and as it was signed; whether the key is the vendor's, the vendor can say: --public-key or --config compares it"
	}
	_, err := fmt.Fprintf(cmd.OutOrStdout(), "%s %s\n", what, proof)
	return err
}

func (v *verification) installed(cmd *cobra.Command, word string, trust install.Trust) error {
	cfg, err := v.run.load()
	if err != nil {
		return err
	}
	dir, err := filepath.Abs(service.InstalledDir(cfg))
	if err != nil {
		return err
	}
	all, err := install.Look(dir, trust)
	if err != nil {
		return err
	}
	id, version, _ := strings.Cut(word, "@")
	var errs []error
	found := 0
	for _, p := range all {
		if p.ID != id || version != "" && p.Version != version {
			continue
		}
		found++
		if err := p.Check(cmd.Context()); err != nil {
			errs = append(errs, err)
			continue
		}
		if err := errors.Join(packageText(cmd.OutOrStdout(), shownPackage(p)), verified(cmd, p.Dir, p)); err != nil {
			return err
		}
	}
	if found == 0 {
		return fmt.Errorf("no package of a plugin %s is installed in %s, and there is no such file", word, dir)
	}
	return errors.Join(errs...)
}
