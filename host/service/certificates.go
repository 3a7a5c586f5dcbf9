package service

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/logcenter/logcenter/host/api"
	"github.com/logcenter/logcenter/sdk/ecs"
)

// certificate is a file of certificates that the configuration or a plugin's config names.
type certificate struct {
	path    string
	subject string    // of the one that expires first
	until   time.Time // that it is good
	err     error
}

// certificateFiles are the files that the configuration names: certificates of listeners and clients, with the
// authorities that they trust.
func (s *Service) certificateFiles() []string {
	var files []string
	add := func(paths ...string) {
		for _, p := range paths {
			if p = s.cfg.Path(p); p != "" && !slices.Contains(files, p) {
				files = append(files, p)
			}
		}
	}
	if t := s.cfg.HTTP.TLS; t != nil {
		add(t.CertFile, t.ClientCAFile)
	}
	for _, in := range s.cfg.Inputs {
		if in.Syslog != nil && in.Syslog.TLS != nil {
			add(in.Syslog.TLS.CertFile, in.Syslog.TLS.ClientCAFile)
		}
	}
	if e := s.cfg.Store.Elasticsearch; e != nil {
		add(e.CertFile, e.CAFile)
	}
	if b := s.cfg.Archive.S3; b != nil {
		add(b.CAFile)
	}
	for _, p := range s.plugins.All() {
		if settings, err := s.plugins.Settings(p.Manifest().ID); err == nil {
			add(named(settings.Config)...)
		}
	}
	return files
}

// named are the files of certificates in the config of a plugin: keys that end as those of package clienttls do.
func named(v any) (files []string) {
	switch v := v.(type) {
	case map[string]any:
		for name, inner := range v {
			path, text := inner.(string)
			if text && (strings.HasSuffix(name, "cert_file") || strings.HasSuffix(name, "ca_file")) {
				files = append(files, path)
			}
			files = append(files, named(inner)...)
		}
	case []any:
		for _, inner := range v {
			files = append(files, named(inner)...)
		}
	}
	return files
}

// readCertificates reads files in PEM; of each the certificate counts that expires first.
func readCertificates(files []string) (list []certificate) {
	for _, path := range files {
		c := certificate{path: path}
		b, err := os.ReadFile(path)
		for c.err = err; len(b) > 0; {
			var block *pem.Block
			if block, b = pem.Decode(b); block == nil {
				break
			}
			if block.Type != "CERTIFICATE" {
				continue
			}
			one, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				c.err = err
				break
			}
			if c.until.IsZero() || one.NotAfter.Before(c.until) {
				c.until, c.subject = one.NotAfter, one.Subject.String()
			}
		}
		list = append(list, c)
	}
	return list
}

// health is false for one that is good for long. What cannot be read is said by whoever uses it, when it does.
func (c *certificate) health(now time.Time, warn, urgent time.Duration) (h api.Component, bad bool) {
	left := c.until.Sub(now)
	if c.err != nil || c.until.IsZero() || left > warn {
		return h, false
	}
	h = api.Component{
		Name: "certificate " + c.path, Kind: "certificate", Object: c.path, Status: api.StatusDegraded, State: "expiring", Level: ecs.Warn,
		Reason: fmt.Sprintf("that of %s expires at %s, in %d days", c.subject, c.until.UTC().Format(time.DateTime+" UTC"), int(left.Hours()/24)),
		Advice: "put a new one into the file; listeners need a restart, plugins read it by themselves",
	}
	switch {
	case left <= 0:
		h.State, h.Level = "expired", ecs.Fatal
		h.Reason = fmt.Sprintf("that of %s has expired at %s", c.subject, c.until.UTC().Format(time.DateTime+" UTC"))
	case left <= urgent:
		h.State, h.Level = "urgent", ecs.Error
	}
	return h, true
}
