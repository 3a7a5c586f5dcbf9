package estest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// User and Password are those of a secured server's only user, who has Role.
const (
	User     = "logcenter"
	Password = "lc-pw-12345"
	// passwordHash is bcrypt's, as Elasticsearch's own tool writes it.
	passwordHash = "$2a$10$VbK72PEY1Q2/A5fbpWE0Deo88DHkjqlYpsNrMMQtgZ9HMDUb3HTRu"
)

// Role is what README.md says that the host's user needs.
const Role = `logcenter:
  cluster: [ 'manage_index_templates' ]
  indices:
    - names: [ 'logcenter-*' ]
      privileges: [ 'read', 'write', 'manage' ]
`

// Secured is an Elasticsearch with TLS that asks for a client certificate, see [Server.CertFile], and whose user may do
// no more than [Role] says. It takes the place of [Shared], so that one runs at a time, and ends with the test.
func Secured(t testing.TB) *Server {
	t.Helper()
	if v := elasticsearch.variable; os.Getenv(v) != "" {
		t.Skipf("%s names a server, which is not secured as this test needs it", v)
	}
	if shared != nil {
		shared.remove()
		shared = nil
	}
	s, err := start(elasticsearch, true)
	if err != nil {
		giveUp(t, err)
	}
	t.Cleanup(s.remove)
	return s
}

// CAFile has the certificate that a secured server's own and its clients' are signed by.
func (s *Server) CAFile() string { return filepath.Join(s.dist, "config", "node.crt") }

// CertFile and KeyFile are of the certificate that a secured server asks its clients for.
func (s *Server) CertFile() string { return filepath.Join(s.dir, "client.crt") }

// KeyFile is of [Server.CertFile].
func (s *Server) KeyFile() string { return filepath.Join(s.dir, "client.key") }

// accounts are the files of a secured server that say who may do what.
func accounts() map[string]string {
	return map[string]string{"roles.yml": Role, "users": User + ":" + passwordHash + "\n", "users_roles": "logcenter:" + User + "\n"}
}

// SetAccounts changes who may do what: roles.yml, users or users_roles; empty is as at first. The server reads it
// within some seconds.
func (s *Server) SetAccounts(t testing.TB, file, text string) {
	t.Helper()
	if text == "" {
		text = accounts()[file]
	}
	if err := os.WriteFile(filepath.Join(s.dist, "config", file), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// secure writes certificates, role and user, and returns the lines of the configuration.
func (s *Server) secure() ([]string, error) {
	conf := filepath.Join(s.dist, "config")
	ca, err := newCertificate("logcenter-test", nil)
	if err == nil {
		err = ca.write(filepath.Join(conf, "node.crt"), filepath.Join(conf, "node.key"))
	}
	if err != nil {
		return nil, err
	}
	client, err := newCertificate("logcenter", ca)
	if err == nil {
		err = client.write(s.CertFile(), s.KeyFile())
	}
	if err != nil {
		return nil, err
	}
	for name, text := range accounts() {
		if err := os.WriteFile(filepath.Join(conf, name), []byte(text), 0o600); err != nil {
			return nil, err
		}
	}
	const files = "enabled: true, key: node.key, certificate: node.crt, certificate_authorities: [node.crt]"
	return []string{
		"xpack.security.enabled: true", "xpack.security.autoconfiguration.enabled: false", "xpack.security.enrollment.enabled: false",
		"resource.reload.interval.high: 1s",
		"xpack.security.http.ssl: {" + files + ", client_authentication: required}", "xpack.security.transport.ssl: {" + files + "}",
	}, nil
}

type certificate struct {
	*x509.Certificate
	der []byte
	key *ecdsa.PrivateKey
}

// newCertificate makes one that an authority signs; nil makes an authority.
func newCertificate(name string, by *certificate) (*certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	c := &certificate{key: key, Certificate: &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: by == nil, BasicConstraintsValid: true, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}}
	if by == nil {
		c.KeyUsage |= x509.KeyUsageCertSign
		by = c
	}
	c.der, err = x509.CreateCertificate(rand.Reader, c.Certificate, by.Certificate, &key.PublicKey, by.key)
	return c, err
}

func (c *certificate) write(certFile, keyFile string) error {
	private, err := x509.MarshalPKCS8PrivateKey(c.key)
	if err != nil {
		return err
	}
	if err := os.WriteFile(certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.der}), 0o644); err != nil {
		return err
	}
	return os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), 0o600)
}

// client is one that trusts the server.
func (s *Server) client() (*http.Client, error) {
	if !s.secured {
		return http.DefaultClient, nil
	}
	cert, err := os.ReadFile(s.CAFile())
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(cert)
	own, err := tls.LoadX509KeyPair(s.CertFile(), s.KeyFile())
	if err != nil {
		return nil, err
	}
	return &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: pool, Certificates: []tls.Certificate{own}, MinVersion: tls.VersionTLS12},
	}}, nil
}
