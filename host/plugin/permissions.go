package plugin

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/logcenter/logcenter/host/plugin/sandbox"
	"github.com/logcenter/logcenter/sdk/manifest"
)

// Kinds of permissions, as the manifest and the admin's grants have them.
const (
	permNetwork = "network" // connecting to HOST:PORT
	permFiles   = "files"   // reading a file, or a folder and all below it
	permWrite   = "write"   // changing a folder and all below it
)

// Grant is what an admin gives a plugin of that which its manifest asks for.
type Grant struct {
	Network, Files, Write []string
}

// Permission is something that a manifest asks for.
type Permission struct {
	Kind    string `json:"kind"`    // network, files or write
	Value   string `json:"value"`   // as the manifest has it
	Granted string `json:"granted"` // what of it is granted, e.g. the path that the config names; empty: nothing
	By      string `json:"by"`      // config.KEY or grant; empty: nobody
}

// permissions are what the manifest asks for, and what of it the admin has granted: what a key of the config names
// counts as granted, since the admin wrote it; all else must be in the grant. unasked are grants that are of no use.
func permissions(m *Manifest, s Settings) (all []Permission, unasked []string) {
	for _, k := range [...]struct {
		kind          string
		asked, grants []string
		covers        func(a, b string) bool
	}{{permNetwork, m.Network, s.Grant.Network, coversAddress}, {permFiles, m.Files, s.Grant.Files, coversPath}, {permWrite, m.Write, s.Grant.Write, coversPath}} {
		used := make([]bool, len(k.grants))
		for _, ask := range k.asked {
			if key := manifest.ConfigKey(ask); key != "" {
				for _, v := range configured(s.Config, key) {
					all = append(all, Permission{k.kind, ask, place(m, k.kind, v), "config." + key})
				}
				continue
			}
			some := false
			for i, g := range k.grants {
				given := ""
				switch {
				case k.covers(ask, g):
					given = g // the admin grants a part
				case k.covers(g, ask):
					given = ask
				default:
					continue
				}
				used[i], some = true, true
				all = append(all, Permission{k.kind, ask, place(m, k.kind, given), "grant"})
			}
			if !some {
				all = append(all, Permission{Kind: k.kind, Value: ask})
			}
		}
		for i, g := range k.grants {
			if !used[i] {
				unasked = append(unasked, k.kind+" "+g)
			}
		}
	}
	return all, unasked
}

// configured are the texts at a key of a config, which may be one or a list; KEY.KEY reaches into objects and, one by
// one, into lists of them.
func configured(config any, key string) (out []string) {
	switch c := config.(type) {
	case []any:
		for _, e := range c {
			out = append(out, configured(e, key)...)
		}
	case map[string]any:
		if key == "" {
			return nil
		}
		first, rest, _ := strings.Cut(key, ".")
		out = configured(c[first], rest)
	case string:
		if key == "" && c != "" {
			out = append(out, c)
		}
	}
	return out
}

// coversAddress says whether all that b grants is in a.
func coversAddress(a, b string) bool {
	cut := func(s string) (host, port string) {
		i := strings.LastIndexByte(s, ':')
		if i < 0 {
			return s, ""
		}
		return strings.ToLower(s[:i]), s[i+1:]
	}
	ha, pa := cut(a)
	hb, pb := cut(b)
	return (ha == "*" || ha == hb) && (pa == "*" || pa == pb)
}

// coversPath says whether b is a or lies below it.
func coversPath(a, b string) bool {
	rel, err := filepath.Rel(filepath.Clean(a), filepath.Clean(b))
	return err == nil && rel != ".." && !strings.HasPrefix(rel, "../")
}

// policy is what a process of the plugin may do. Errors say which permission cannot be given.
func policy(m *Manifest, s Settings, guarded string) (p sandbox.Policy, err error) {
	if resolved, err := filepath.EvalSymlinks(guarded); err == nil && guarded != "" { // as paths that are granted are
		guarded = resolved
	}
	p.Read = []string{m.Dir}
	p.Limits = limits(m)
	for _, o := range [...]struct{ to, of *int }{{&p.Limits.CPUs, &s.Limits.CPUs}, {&p.Limits.Processes, &s.Limits.Processes}} {
		if *o.of != 0 {
			*o.to = *o.of
		}
	}
	if s.Limits.Memory != 0 {
		p.Limits.Memory = s.Limits.Memory
	}
	all, _ := permissions(m, s)
	for _, g := range all {
		if g.Granted != "" {
			err = errors.Join(err, g.add(&p, guarded))
		}
	}
	return p, err
}

// place is what a permission of some kind is for, where the text is an address, or a URL, or a path as the process sees
// it, which runs in its folder. Writing is for folders, as it is there that a file is made, renamed and removed.
func place(m *Manifest, kind, text string) string {
	if kind == permNetwork {
		return addressOf(text)
	}
	path := filepath.Clean(text)
	if !filepath.IsAbs(path) {
		path = filepath.Join(m.Dir, path)
	}
	if kind == permWrite && !isFolder(path) {
		path = filepath.Dir(path)
	}
	return path
}

// addressOf is the HOST:PORT of a URL with http or https; what is none stays.
func addressOf(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" {
		return text
	}
	port := u.Port()
	switch {
	case port != "":
	case u.Scheme == "https":
		port = "443"
	case u.Scheme == "http":
		port = "80"
	default:
		return text
	}
	return net.JoinHostPort(u.Hostname(), port)
}

func isFolder(path string) bool {
	st, err := os.Stat(path)
	return err == nil && st.IsDir()
}

// add puts a permission into a policy.
func (g Permission) add(p *sandbox.Policy, guarded string) error {
	refuse := func(err error) error {
		return fmt.Errorf("permissions.%s %s: %w", g.Kind, g.Value, err)
	}
	if g.Kind == permNetwork {
		if err := manifest.CheckAddress(g.Granted); err != nil {
			return refuse(err)
		}
		p.Network = append(p.Network, g.Granted)
		return nil
	}
	path := g.Granted
	folder := g.Kind == permWrite || isFolder(path)
	if folder && guarded != "" {
		if resolved, err := filepath.EvalSymlinks(path); err == nil {
			path = resolved
		}
		if coversPath(path, guarded) || coversPath(guarded, path) {
			return refuse(fmt.Errorf("the folder %s would open the host's data in %s: use one outside of it", path, guarded))
		}
	}
	switch {
	case g.Kind == permWrite:
		p.Write = append(p.Write, path)
	case folder:
		p.Read = append(p.Read, path)
	default:
		p.Files = append(p.Files, path)
	}
	return nil
}

// limits are the manifest's in the sandbox's terms.
func limits(m *Manifest) sandbox.Limits {
	return sandbox.Limits{Memory: int64(m.Limits.Memory), CPUs: m.Limits.CPUs, Processes: m.Limits.Processes}
}
