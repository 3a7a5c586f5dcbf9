package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/logcenter/logcenter/host/plugin/pack"
)

// passwordEnv is the environment variable with the password of a private key.
const passwordEnv = "LOGCENTER_KEY_PASSWORD"

// keyName is what a pair of keys may be called: it becomes the files' names.
var keyName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

func newPluginKeyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "key",
		Short:   "make keys to sign packages with",
		Example: "  logcenter plugin key new acme",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	var dir, password string
	create := &cobra.Command{
		Use:   "new NAME",
		Short: "make a pair of keys: NAME.key, which signs packages, and NAME.pub, which admins are given",
		Long: `Make a pair of keys (ed25519, in the form of minisign): NAME.key signs packages and is for nobody else, NAME.pub is
what admins write into plugins.trust.keys.

With --password-file or ` + passwordEnv + ` the private key is encrypted; without, whoever reads the file can sign.
Keep a copy of it in a safe: packages signed by another key are another vendor's.`,
		Example: `  logcenter plugin key new acme
  logcenter plugin key new acme --dir ~/keys --password-file ~/keys/acme.password`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !keyName.MatchString(args[0]) {
				return usagef("%q is no name for keys: use letters, digits, '.', '_' and '-', at most 64", args[0])
			}
			word, err := keyPassword(password)
			if err != nil && !errors.Is(err, errNoPassword) {
				return err
			}
			return newKey(cmd, filepath.Join(dir, args[0]), args[0], word)
		},
	}
	create.Flags().StringVar(&dir, "dir", ".", "`folder` for the two files; made if it is not there, for you alone")
	create.Flags().StringVar(&password, "password-file", "", "`file` with a password that encrypts the private key (default $"+passwordEnv+")")
	cmd.AddCommand(create)
	return cmd
}

func newKey(cmd *cobra.Command, path, name, password string) error {
	private, public, err := pack.NewKey(name, password)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	// Both or none, and none over one that is there: a key that is in use must not be lost.
	if err := writeNewFile(path+".key", private, 0o600); err != nil {
		return err
	}
	if err := writeNewFile(path+".pub", public, 0o644); err != nil {
		return errors.Join(err, os.Remove(path+".key"))
	}
	if password == "" {
		tell(cmd.ErrOrStderr(), "note: %s.key is not encrypted: whoever reads it can sign in your name; --password-file encrypts it\n", path)
	}
	lines := strings.Split(strings.TrimSpace(string(public)), "\n")
	_, err = fmt.Fprintf(cmd.OutOrStdout(), `%[1]s.key signs packages: keep it to yourself
%[1]s.pub is for admins, who write into logcenter.yaml:

plugins:
  trust:
    keys:
      - name: %[2]s
        public_key: %[3]s
`, path, name, lines[len(lines)-1])
	return err
}

func writeNewFile(path string, text []byte, mode os.FileMode) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf("%s is there already: keys are not overwritten", path)
	}
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

var errNoPassword = errors.New("give its password with --password-file or " + passwordEnv)

// keyPassword is the password of a private key, from the file or the environment.
func keyPassword(file string) (string, error) {
	if file == "" {
		if word := os.Getenv(passwordEnv); word != "" {
			return word, nil
		}
		return "", errNoPassword
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	word := strings.TrimRight(string(b), "\r\n")
	if word == "" || len(word) > maxToken {
		return "", fmt.Errorf("%s holds no password", file)
	}
	return word, nil
}

func keysInOrder[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
