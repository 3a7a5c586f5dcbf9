package config

import (
	"fmt"

	"github.com/logcenter/logcenter/host/plugin/install"
	"github.com/logcenter/logcenter/host/plugin/pack"
	"github.com/logcenter/logcenter/sdk/schema"
)

// Trust says which packages of plugins can be installed, and run.
type Trust struct {
	// Keys are the vendors' keys that the admin trusts to sign packages.
	Keys []VendorKey `yaml:"keys"`
	// Unsigned packages are refused or allowed. Allowed, whoever has an admin's token can run a program here.
	Unsigned string `yaml:"unsigned" default:"refuse" enum:"refuse,allow"`
	// UnknownKeys are those that are not among the keys: packages signed by them are refused or allowed.
	UnknownKeys string `yaml:"unknown_keys" default:"refuse" enum:"refuse,allow"`
	// Certificate is required for packages that must have passed all of `logcenter plugin test`, or optional.
	Certificate string `yaml:"certificate" default:"optional" enum:"optional,required"`
}

// VendorKey is a key that packages are signed by.
type VendorKey struct {
	// Name is what the vendor is called here.
	Name string `yaml:"name" required:"true"`
	// PublicKey is the line of the vendor's .pub file that begins with RW (minisign, ed25519).
	PublicKey string `yaml:"public_key" required:"true"`
	// Trusted lets plugins signed by this key share memory with the host if their manifests ask for it, which is faster.
	Trusted bool `yaml:"trusted" default:"false"`
}

// Validate checks the keys.
func (t *Trust) Validate() error {
	names, ids := map[string]bool{}, map[string]string{}
	for i, k := range t.Keys {
		at := schema.Index("keys", i)
		public, err := pack.ParsePublicKey(k.PublicKey)
		switch {
		case err != nil:
			return &schema.Error{Path: schema.Key(at, "public_key"), Msg: err.Error()}
		case names[k.Name]:
			return &schema.Error{Path: schema.Key(at, "name"), Msg: fmt.Sprintf("there is a key %q already", k.Name), Hint: "names are unique"}
		case ids[public.String()] != "":
			return &schema.Error{Path: schema.Key(at, "public_key"), Msg: "is the key of " + ids[public.String()] + ", too", Hint: "list each key once"}
		}
		names[k.Name], ids[public.String()] = true, k.Name
	}
	return nil
}

// PluginTrust is the policy for installed packages.
func (c *Config) PluginTrust() (install.Trust, error) {
	t := c.Plugins.Trust
	out := install.Trust{Unsigned: t.Unsigned == "allow", UnknownKeys: t.UnknownKeys == "allow", Certificate: t.Certificate == "required"}
	for i, k := range t.Keys {
		public, err := pack.ParsePublicKey(k.PublicKey)
		if err != nil {
			return out, &schema.Error{Path: schema.Key(schema.Index("plugins.trust.keys", i), "public_key"), Msg: err.Error()}
		}
		out.Keys = append(out.Keys, install.Key{Name: k.Name, Public: public, Trusted: k.Trusted})
	}
	return out, nil
}
