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

// Secured is a server with TLS whose user may do no more than [Role] says. It takes the place of [Shared], so that one
// runs at a time, and ends with the test.
func Secured(t testing.TB) *Server {
	t.Helper()
	if v := elasticsearch.variable; os.Getenv(v) != "" {
		t.Skipf("%s names a server, which is not secured as this test needs it", v)
	}
	if shared != nil {
		shared.Close()
		shared = nil
	}
	s, err := start(elasticsearch, true)
	if err != nil {
		giveUp(t, err)
	}
	t.Cleanup(s.Close)
	return s
}

// CAFile has the certificate that a secured server's own is signed by: itself.
func (s *Server) CAFile() string { return filepath.Join(s.conf(), "node.crt") }

// secure writes certificate, role and user, and returns the lines of the configuration.
func (s *Server) secure() ([]string, error) {
	conf := s.conf()
	if err := writeCertificate(filepath.Join(conf, "node.crt"), filepath.Join(conf, "node.key")); err != nil {
		return nil, err
	}
	for name, text := range map[string]string{"roles.yml": Role, "users": User + ":" + passwordHash + "\n", "users_roles": "logcenter:" + User + "\n"} {
		if err := os.WriteFile(filepath.Join(conf, name), []byte(text), 0o600); err != nil {
			return nil, err
		}
	}
	files := "{enabled: true, key: node.key, certificate: node.crt, certificate_authorities: [node.crt]}"
	return []string{
		"xpack.security.enabled: true", "xpack.security.autoconfiguration.enabled: false", "xpack.security.enrollment.enabled: false",
		"xpack.security.http.ssl: " + files, "xpack.security.transport.ssl: " + files,
	}, nil
}

func writeCertificate(certFile, keyFile string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "logcenter-test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		return err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	if err := os.WriteFile(certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o644); err != nil {
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
	return &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}}, nil
}
