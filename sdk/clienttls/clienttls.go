// Package clienttls has plugins that call others over TLS say by whose certificates they trust whom, and who they are.
package clienttls

import (
	"crypto/tls"
	"crypto/x509"
	"os"

	"github.com/logcenter/logcenter/sdk/schema"
)

// Config is what an admin may set of a TLS client. It is made to be inline in another config. There is no way to trust
// everybody: who has a certificate of its own making gives it as CAFile.
type Config struct {
	// CAFile is a file of certificates, PEM, by which the receiver's is checked. Empty means those of this machine.
	CAFile string `yaml:"ca_file"`
	// CertFile is the file of the certificate by which the receiver knows this client, PEM, those that vouch for it behind it.
	// Empty shows none.
	CertFile string `yaml:"cert_file"`
	// KeyFile is the file of that certificate's private key, PEM.
	KeyFile string `yaml:"key_file"`
	// ServerName is the name that the receiver's certificate must be for. Empty means the host that is called.
	ServerName string `yaml:"server_name"`
}

// Used says whether anything is set.
func (c Config) Used() bool { return c != Config{} }

// Load reads the files and returns what to call host with: TLS 1.2 or later; an empty host is for callers that set the
// name themselves where it is empty, as net/http does. Errors are *schema.Error, for the admin. The client's certificate
// is read anew for each connection, so that it can be renewed without a restart; what Load is called for each
// connection for is that CAFile can be, too.
func (c Config) Load(host string) (*tls.Config, error) {
	t := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: c.ServerName}
	if t.ServerName == "" {
		t.ServerName = host
	}
	if c.CAFile != "" {
		pem, err := os.ReadFile(c.CAFile)
		if err != nil {
			return nil, &schema.Error{Path: "ca_file", Msg: err.Error()}
		}
		t.RootCAs = x509.NewCertPool()
		if !t.RootCAs.AppendCertsFromPEM(pem) {
			return nil, &schema.Error{Path: "ca_file", Msg: c.CAFile + " has no certificate", Hint: "a file in PEM, with -----BEGIN CERTIFICATE-----"}
		}
	}
	if (c.CertFile == "") != (c.KeyFile == "") {
		return nil, &schema.Error{Path: "cert_file", Msg: "a certificate needs its key and a key its certificate", Hint: "cert_file and key_file"}
	}
	if c.CertFile != "" {
		if _, err := tls.LoadX509KeyPair(c.CertFile, c.KeyFile); err != nil {
			return nil, &schema.Error{Path: "cert_file", Msg: err.Error()}
		}
		t.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			pair, err := tls.LoadX509KeyPair(c.CertFile, c.KeyFile)
			return &pair, err
		}
	}
	return t, nil
}
