package config

import (
	"errors"
	"os"

	"github.com/logcenter/logcenter/sdk/schema"
)

// CheckFiles says which of the files that the configuration names cannot be read by the caller: certificates,
// keys, tokens, folders of plugins and rules. Files of inputs are not among them, they may come up later. The error is
// as that of [Load].
func (c *Config) CheckFiles() error {
	var errs []error
	check := func(path, name string) {
		if name == "" {
			return
		}
		f, err := os.Open(c.Path(name))
		if err == nil {
			err = f.Close()
		}
		if err != nil {
			errs = append(errs, &schema.Error{Path: path, Msg: err.Error()})
		}
	}
	c.eachFile(check)
	for i, dir := range c.Plugins.Dirs {
		check(schema.Index("plugins.dirs", i), dir)
	}
	check("alerts.rules", c.Alerts.Rules)
	err := errors.Join(errs...)
	if c.document == nil {
		return err
	}
	return c.document.Locate(err)
}

// SecretFiles are the paths of the keys, certificates and passwords that the configuration names.
func (c *Config) SecretFiles() (list []string) {
	c.eachFile(func(_, name string) {
		if name != "" {
			list = append(list, c.Path(name))
		}
	})
	return list
}

// File is where the configuration was read from, as it was given; empty: nowhere.
func (c *Config) File() string {
	if c.document == nil {
		return ""
	}
	return c.document.File()
}

// eachFile calls f with the key and value of every certificate, key, token and password file.
func (c *Config) eachFile(check func(path, name string)) {
	tls := func(path string, t *TLS) {
		if t == nil {
			return
		}
		check(schema.Key(path, "cert_file"), t.CertFile)
		check(schema.Key(path, "key_file"), t.KeyFile)
		check(schema.Key(path, "client_ca_file"), t.ClientCAFile)
	}
	tls("http.tls", c.HTTP.TLS)
	for i, in := range c.Inputs {
		at := schema.Index("inputs", i)
		if in.Syslog != nil {
			tls(at+".syslog.tls", in.Syslog.TLS)
		}
		if in.HTTP != nil {
			check(at+".http.token_file", in.HTTP.TokenFile)
		}
	}
	if e := c.Store.Elasticsearch; e != nil {
		check("store.elasticsearch.password_file", e.PasswordFile)
		check("store.elasticsearch.api_key_file", e.APIKeyFile)
		check("store.elasticsearch.ca_file", e.CAFile)
		check("store.elasticsearch.cert_file", e.CertFile)
		check("store.elasticsearch.key_file", e.KeyFile)
	}
	if s := c.Archive.S3; s != nil {
		check("archive.s3.access_key_file", s.AccessKeyFile)
		check("archive.s3.secret_key_file", s.SecretKeyFile)
		check("archive.s3.ca_file", s.CAFile)
	}
	check("journal.raw.key_file", c.Journal.Raw.KeyFile)
	check("journal.event.key_file", c.Journal.Event.KeyFile)
}
