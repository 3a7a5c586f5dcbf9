package client

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"time"
)

// Package is a package of a plugin, as a host has it or would have it.
type Package struct {
	ID          string       `json:"id"`
	Kind        string       `json:"kind"`
	Version     string       `json:"version"`
	Description string       `json:"description,omitempty"`
	Digest      string       `json:"digest"`              // SHA-256 of the package's file
	Size        int64        `json:"size"`                // of the file in bytes
	Platforms   []string     `json:"platforms,omitempty"` // OS-ARCH; empty: all
	Signer      *Signer      `json:"signer,omitempty"`    // nil: it is not signed
	Certificate *Certificate `json:"certificate,omitempty"`
	Permissions []string     `json:"permissions"`        // what its manifest lets it do
	Compared    string       `json:"compared,omitempty"` // version of the plugin with this id that the host has
	More        []string     `json:"more,omitempty"`     // permissions that the one compared does not have
	Fewer       []string     `json:"fewer,omitempty"`    // permissions that only the one compared has
	Active      bool         `json:"active"`             // it is what runs under its id when that is enabled
	Previous    bool         `json:"previous"`           // it was before the active one
	Refused     string       `json:"refused,omitempty"`  // why it may not be activated any more
	InstalledAt time.Time    `json:"installed_at,omitzero"`
	InstalledBy string       `json:"installed_by,omitempty"`
}

// Signer is who signed a package.
type Signer struct {
	Name      string `json:"name,omitempty"` // as the host's configuration calls the key; empty: it does not know it
	KeyID     string `json:"key_id"`
	PublicKey string `json:"public_key,omitempty"`
	Trusted   bool   `json:"trusted"` // its plugins may share memory with the host
}

// Certificate sums up what `logcenter plugin test` found of a package's files.
type Certificate struct {
	TestedAt  time.Time `json:"tested_at"`
	Logcenter string    `json:"logcenter"` // version that tested
	Checks    int       `json:"checks"`
	Failed    []string  `json:"failed,omitempty"` // names of the checks that were not passed
	Lines     int       `json:"lines"`
	Fields    int       `json:"fields"`
	MsPerMB   float64   `json:"ms_per_mb"`
	NsPerLine float64   `json:"ns_per_line,omitempty"`
	Parsed    float64   `json:"parsed,omitempty"` // part of ordinary lines that were parsed without an error, 0 to 1; 0: it is no parser
}

// InstallPlugin gives the host a package, which it checks and installs; nothing is activated. With dry it is only
// checked. open opens the package from its beginning, with its size in bytes, and is called again for each try.
func (c *Client) InstallPlugin(ctx context.Context, open func() (r io.ReadCloser, size int64, err error), dry bool) (*Package, error) {
	p := url.Values{}
	setFlag(p, "dry_run", dry)
	return call[Package](ctx, c, request{
		method: http.MethodPost, path: []string{"plugins", "packages"}, params: p, stream: open,
		// A host that refuses says so before the package is sent.
		header: http.Header{"Content-Type": {"application/octet-stream"}, "Expect": {"100-continue"}},
	})
}

// Packages lists the packages that are installed, by id, the newest first.
func (c *Client) Packages(ctx context.Context) ([]Package, error) {
	a, err := call[struct {
		Packages []Package `json:"packages"`
	}](ctx, c, get("plugins", "packages"))
	if err != nil {
		return nil, err
	}
	return a.Packages, nil
}

// Package returns an installed package by its digest, of which the first 12 digits do.
func (c *Client) Package(ctx context.Context, digest string) (*Package, error) {
	return call[Package](ctx, c, get("plugins", "packages", digest))
}

// RemovePackage removes an installed package. One that is active is refused until its plugin is disabled.
func (c *Client) RemovePackage(ctx context.Context, digest string) error {
	return c.nothing(ctx, request{method: http.MethodDelete, path: []string{"plugins", "packages", digest}})
}
