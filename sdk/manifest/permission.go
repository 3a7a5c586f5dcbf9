package manifest

import (
	"fmt"
	"net"
	"path/filepath"
	"regexp"
	"strconv"

	"github.com/logcenter/logcenter/sdk/schema"
)

// Limits are what a plugin needs. Zero values are the host's defaults.
type Limits struct {
	Memory    schema.Bytes `yaml:"memory" default:"0" max:"1TiB"` // of all its processes
	CPUs      int          `yaml:"cpu" min:"0" max:"4096"`        // processors they may run on
	Processes int          `yaml:"processes" min:"0" max:"4096"`  // itself included
}

// placeholder stands for what the admin has written at a key of the plugin's config.
var placeholder = regexp.MustCompile(`^\$\{config\.([a-zA-Z0-9_.-]+)\}$`)

// ConfigKey is the key of the config that a permission stands for, "database" of "${config.database}"; empty if it
// stands for itself.
func ConfigKey(permission string) string {
	if m := placeholder.FindStringSubmatch(permission); m != nil {
		return m[1]
	}
	return ""
}

// CheckAddress says what is wrong with an address that may be connected to: HOST:PORT, either may be *.
func CheckAddress(s string) error {
	host, port, err := net.SplitHostPort(s)
	if err != nil || host == "" || port == "" {
		return fmt.Errorf("%q: want HOST:PORT, where either may be *, e.g. siem.example.com:6514 or [2001:db8::1]:*", s)
	}
	if n, err := strconv.ParseUint(port, 10, 16); port != "*" && (err != nil || n == 0) {
		return fmt.Errorf("%q: the port is a number from 1 to 65535, or *", s)
	}
	return nil
}

func checkPath(s string) error {
	if !filepath.IsAbs(s) {
		return fmt.Errorf("%q does not start at the root: want an absolute path", s)
	}
	return nil
}

// checkPermissions says what is wrong with the permissions.
func (m *Manifest) checkPermissions() error {
	for _, k := range [...]struct {
		kind   string
		values []string
		check  func(string) error
	}{{"network", m.Network, CheckAddress}, {"files", m.Files, checkPath}, {"write", m.Write, checkPath}} {
		for i, v := range k.values {
			if ConfigKey(v) != "" {
				continue
			}
			if err := k.check(v); err != nil {
				return fmt.Errorf("permissions.%s[%d]: %w, or ${config.KEY} for what the admin configures", k.kind, i, err)
			}
		}
	}
	return nil
}
