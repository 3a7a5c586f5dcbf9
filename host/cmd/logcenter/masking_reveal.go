package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/logcenter/logcenter/host/reveal"
	"github.com/logcenter/logcenter/sdk/token"
)

func newKeygenCommand() *cobra.Command {
	var holders []string
	cmd := &cobra.Command{
		Use:   "keygen FOLDER",
		Short: "make a key for tokens, and the two shares that open them together",
		Long: `Make a key for the mode tokenise of the masking plugin: tokens.key, which the plugin reads (token_key_file), and a share
of the private key for each of two holders. Nobody has the private key itself.

Give each holder the own share and remove both files from this machine. Without both shares no token can be opened, and with
tokens.key alone none. Keep a copy of each share where its holder keeps what must not be lost.`,
		Example: `  logcenter masking keygen /secure/tokens --holders li,wang`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(holders) != 2 || holders[0] == holders[1] {
				return usagef("--holders: name the two people who keep a share each, as --holders li,wang")
			}
			for _, h := range holders {
				if h == "" || strings.ContainsAny(h, "/\\\n:") || strings.HasPrefix(h, ".") {
					return usagef("--holders: %q cannot be the name of a file", h)
				}
			}
			k, shares, err := token.Generate([2]string{holders[0], holders[1]})
			if err != nil {
				return err
			}
			if err := os.MkdirAll(args[0], 0o700); err != nil {
				return err
			}
			// All or none: of what a key without its shares has sealed nobody could tell the value again.
			var written []string
			for _, f := range []struct {
				name string
				text []byte
			}{{holders[0] + ".share", shares[0].Text()}, {holders[1] + ".share", shares[1].Text()}, {"tokens.key", k.Text()}} {
				path := filepath.Join(args[0], f.name)
				if err := writeNewFile(path, f.text, 0o600); err != nil {
					for _, w := range written {
						err = errors.Join(err, os.Remove(w))
					}
					return err
				}
				written = append(written, path)
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "key %s: %s for the masking plugin, %s and %s for their holders\n", k.ID(),
				filepath.Join(args[0], "tokens.key"), holders[0]+".share", holders[1]+".share")
			return err
		},
	}
	cmd.Flags().StringSliceVar(&holders, "holders", nil, "the two `people` who keep a share each, parted by a comma")
	return cmd
}

func newRevealCommand() *cobra.Command {
	var (
		shares        []string
		reason, audit string
	)
	cmd := &cobra.Command{
		Use:   "reveal [TOKEN...]",
		Short: "tell the values of tokens, with the shares of two people",
		Long: `Tell the values of tokens that the masking plugin has put in their places (mode tokenise). It takes the shares of both
holders, so that none of them does it alone. Without tokens as arguments it reads text, such as an export, and writes it with
its tokens replaced by their values.

Before anything is shown it is written down in --audit: when, who runs this, whose shares, why, and which tokens; never a
value. Each line has the SHA-256 of the one before. If that cannot be written, nothing is shown.`,
		Example: `  logcenter masking reveal --share li.share --share wang.share --reason "case 2026-114" sealed:bq3…
  logcenter masking reveal --share li.share --share wang.share --reason "case 2026-114" <events.ndjson >case.ndjson`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(shares) != 2 {
				return usagef("--share: give two, one of each holder")
			}
			if strings.TrimSpace(reason) == "" {
				return usagef("--reason: say why, as it is written down")
			}
			parts := [2]*token.Share{}
			for i, path := range shares {
				text, err := os.ReadFile(path)
				if err != nil {
					return err
				}
				if parts[i], err = token.ParseShare(text); err != nil {
					return fmt.Errorf("%s: %w", path, err)
				}
			}
			r, err := token.Join(parts[0], parts[1])
			if err != nil {
				return err
			}
			text := []byte(strings.Join(args, "\n"))
			if len(args) == 0 {
				if text, err = io.ReadAll(io.LimitReader(cmd.InOrStdin(), maxRevealed+1)); err != nil {
					return err
				}
				if len(text) > maxRevealed {
					return fmt.Errorf("the text is longer than %d MiB: part it", maxRevealed>>20)
				}
			} else {
				text = append(text, '\n')
			}
			out, tokens, err := replaceTokens(r, text, len(args) > 0)
			if err != nil {
				return err
			}
			by, err := user.Current()
			if err != nil {
				return err
			}
			e := reveal.Entry{
				Time: time.Now().UTC(), User: by.Username, Holders: []string{parts[0].Holder, parts[1].Holder}, Key: parts[0].Key,
				Reason: reason, Tokens: tokens,
			}
			if err := reveal.Append(audit, e); err != nil {
				return fmt.Errorf("nothing is shown, as it cannot be written down: %w", err)
			}
			_, err = cmd.OutOrStdout().Write(out)
			return err
		},
	}
	f := cmd.Flags()
	f.StringArrayVar(&shares, "share", nil, "`file` with the share of a holder; twice")
	f.StringVar(&reason, "reason", "", "`why`, for the record")
	f.StringVar(&audit, "audit", defaultAudit, "`file` in which it is written down")
	return cmd
}

const (
	defaultAudit = "reveals.ndjson"
	maxRevealed  = 256 << 20 // bytes of a text
)

// replaceTokens puts values in the places of tokens. With strict what is no token of the key is an error; else it stays,
// as a text may have those of another key.
func replaceTokens(r *token.Release, text []byte, strict bool) (out []byte, tokens []string, err error) {
	found := token.Find(text)
	if len(found) == 0 {
		return nil, nil, errors.New("there is no token in it: they begin with " + token.Prefix + "…")
	}
	values := map[string][]byte{}
	for _, t := range found {
		if _, known := values[t]; known {
			continue
		}
		v, err := r.Open(t)
		if err != nil && strict {
			return nil, nil, fmt.Errorf("%.24s…: %w", t, err)
		}
		values[t] = v
		if err == nil {
			tokens = append(tokens, t)
		}
	}
	if len(tokens) == 0 {
		return nil, nil, fmt.Errorf("of %d tokens none is of this key", len(values))
	}
	for _, t := range found {
		i := bytes.Index(text, []byte(t))
		out = append(out, text[:i]...)
		if v := values[t]; v != nil {
			out = append(out, v...)
		} else {
			out = append(out, t...)
		}
		text = text[i+len(t):]
	}
	return append(out, text...), tokens, nil
}

func newRevealsCommand() *cobra.Command {
	var (
		out   output
		audit string
	)
	cmd := &cobra.Command{
		Use:     "reveals",
		Short:   "list what was revealed, and check that nothing was changed",
		Example: "  logcenter masking reveals\n  logcenter masking reveals --audit /secure/reveals.ndjson -o json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := out.check(); err != nil {
				return err
			}
			entries, err := reveal.Read(audit)
			if err != nil {
				return err
			}
			t := newTable("time", "user", "holders", "tokens", "reason").numbers("tokens")
			for _, e := range entries {
				t.add(e.Time.Format(time.RFC3339), e.User, strings.Join(e.Holders, ", "), fmt.Sprint(len(e.Tokens)), e.Reason)
			}
			return out.print(cmd.OutOrStdout(), t, entries)
		},
	}
	cmd.Flags().StringVar(&audit, "audit", defaultAudit, "`file` in which it was written down")
	out.flags(cmd.Flags(), "the records")
	completeOutput(cmd)
	return cmd
}
