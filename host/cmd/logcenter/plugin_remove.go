package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/logcenter/logcenter/sdk/client"
)

func newPluginRemoveCommand(c *connection) *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use:   "remove ID[@VERSION]",
		Short: "remove a plugin that was installed from a package",
		Long: `Remove a plugin that was installed from a package. What is active must be disabled first. If the id has several
versions, say which; ` + "`logcenter plugin list --installed`" + ` shows them. A version may also be named by its digest.`,
		Example: `  logcenter plugin remove acmefw
  logcenter plugin remove acmefw@1.0.0 --yes`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cl, err := c.client()
			if err != nil {
				return err
			}
			p, err := findPackage(cmd.Context(), cl, args[0])
			if err != nil {
				return err
			}
			if !yes {
				if ok, err := confirmed(cmd, fmt.Sprintf("Remove %s %s?", p.ID, p.Version)); err != nil || !ok {
					return err
				}
			}
			if err := cl.RemovePackage(cmd.Context(), p.Digest); err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s %s is removed\n", p.ID, p.Version)
			return err
		},
		ValidArgsFunction: completeInstalled(c),
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return cmd
}

// findPackage is the one installed package that ID, ID@VERSION or ID@DIGEST means.
func findPackage(ctx context.Context, cl *client.Client, word string) (*client.Package, error) {
	all, err := cl.Packages(ctx)
	if err != nil {
		return nil, err
	}
	id, version, _ := strings.Cut(word, "@")
	var found []client.Package
	for _, p := range all {
		if p.ID == id && (version == "" || p.Version == version || len(version) >= shortDigest && strings.HasPrefix(p.Digest, version)) {
			found = append(found, p)
		}
	}
	switch len(found) {
	case 0:
		return nil, fmt.Errorf("no package of a plugin %s is installed; `logcenter plugin list --installed` shows those that are", word)
	case 1:
		return &found[0], nil
	}
	var which []string
	for _, p := range found {
		name := p.ID + "@" + p.Version
		if version != "" {
			name = p.ID + "@" + p.Digest[:shortDigest]
		}
		which = append(which, name)
	}
	return nil, usagef("%s is more than one package: say %s", word, strings.Join(which, " or "))
}

// shortDigest is how many digits of a digest are shown.
const shortDigest = 12

func packageTable(packages []client.Package) *table {
	t := newTable("id", "version", "state", "kind", "signed by", "certificate", "installed", "by", "digest")
	for _, p := range packages {
		state := "installed"
		switch {
		case p.Refused != "":
			state = "refused: " + p.Refused
		case p.Active:
			state = "active"
		case p.Previous:
			state = "previous"
		}
		signer, certificate := "nobody", "none"
		if s := p.Signer; s != nil {
			if signer = s.Name; signer == "" {
				signer = "unknown " + s.KeyID
			}
		}
		if c := p.Certificate; c != nil {
			if certificate = "passed"; c.Failed != nil {
				certificate = "failed"
			}
		}
		t.add(p.ID, p.Version, state, p.Kind, signer, certificate, moment(p.InstalledAt), p.InstalledBy, p.Digest[:min(shortDigest, len(p.Digest))])
	}
	return t
}

// completeInstalled tells the shell what can be removed.
func completeInstalled(c *connection) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, _ string) (words []string, _ cobra.ShellCompDirective) {
		if cl, err := c.client(); err == nil && len(args) == 0 {
			packages, _ := cl.Packages(cmd.Context()) // none if it fails
			for _, p := range packages {
				words = append(words, p.ID+"@"+p.Version)
			}
		}
		return words, cobra.ShellCompDirectiveNoFileComp
	}
}
