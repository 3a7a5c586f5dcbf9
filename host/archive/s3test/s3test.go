// Package s3test starts a real S3-compatible server for tests: the Versity S3 Gateway over a folder. tools/s3 pins it,
// and the first test that needs it builds it, which takes some minutes once.
package s3test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// The keys that the server knows.
const (
	AccessKey = "logcenter-test"
	SecretKey = "secret-of-the-test-server"
)

// Server is a running server. It stops with the test.
type Server struct {
	URL    string
	Dir    string // its folder: a folder a bucket, a file an object
	CAFile string // the authority of its certificate; empty without TLS

	t   testing.TB
	cmd *exec.Cmd
}

const startTimeout = time.Minute

var build = sync.OnceValues(func() (string, error) {
	_, here, _, _ := runtime.Caller(0)
	root := filepath.Join(filepath.Dir(here), "..", "..", "..")
	binary := filepath.Join(root, "build", "versitygw")
	cmd := exec.Command("go", "build", "-o", binary, "github.com/versity/versitygw/cmd/versitygw")
	cmd.Dir = filepath.Join(root, "tools", "s3")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building the S3 server: %w\n%s", err, out)
	}
	return binary, nil
})

// Start starts a server with an empty bucket. Where it cannot be built, the test is skipped with a loud line, and fails
// if CI=true.
func Start(t testing.TB, bucket string) *Server {
	t.Helper()
	return start(t, bucket, false)
}

// StartTLS is Start, by HTTPS with a certificate that nobody knows but CAFile.
func StartTLS(t testing.TB, bucket string) *Server {
	t.Helper()
	return start(t, bucket, true)
}

func start(t testing.TB, bucket string, secure bool) *Server {
	t.Helper()
	binary, err := build()
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skipf("NOT TESTED: there is no S3 server here: %v", err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	s := &Server{URL: "http://" + address, Dir: t.TempDir(), t: t}
	args := []string{"--port", address, "--access", AccessKey, "--secret", SecretKey, "--quiet"}
	if secure {
		s.URL = "https://" + address
		cert, key := certificate(t)
		s.CAFile = cert
		args = append(args, "--cert", cert, "--key", key)
	}
	s.cmd = exec.Command(binary, append(args, "posix", "--nometa", s.Dir)...) //nolint:gosec // as above
	t.Cleanup(s.Stop)
	s.Run()
	c := s.Client()
	if err := c.MakeBucket(context.Background(), bucket, minio.MakeBucketOptions{}); err != nil {
		t.Fatal(err)
	}
	return s
}

// Run starts a stopped server again, at the same address with the same objects.
func (s *Server) Run() {
	s.t.Helper()
	again := exec.Command(s.cmd.Path, s.cmd.Args[1:]...) //nolint:gosec // the binary that was built above
	s.cmd = again
	if err := again.Start(); err != nil {
		s.t.Fatal(err)
	}
	for begun := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		a, err := s.http().Get(s.URL) //nolint:noctx // loopback
		if err == nil {
			_ = a.Body.Close()
			return
		}
		if time.Since(begun) > startTimeout {
			s.t.Fatalf("the S3 server did not start: %v", err)
		}
	}
}

// Stop kills the server.
func (s *Server) Stop() {
	if s.cmd.Process == nil || s.cmd.ProcessState != nil {
		return
	}
	_ = s.cmd.Process.Kill()
	var exit *exec.ExitError
	if err := s.cmd.Wait(); err != nil && !errors.As(err, &exit) {
		s.t.Error(err)
	}
}

func (s *Server) http() *http.Client {
	t := http.DefaultTransport.(*http.Transport).Clone()
	if s.CAFile != "" {
		pem, err := os.ReadFile(s.CAFile)
		if err != nil {
			s.t.Fatal(err)
		}
		t.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: x509.NewCertPool()}
		t.TLSClientConfig.RootCAs.AppendCertsFromPEM(pem)
	}
	return &http.Client{Transport: t}
}

// Client may do everything on the server.
func (s *Server) Client() *minio.Client {
	u, err := url.Parse(s.URL)
	if err != nil {
		s.t.Fatal(err)
	}
	c, err := minio.New(u.Host, &minio.Options{
		Creds: credentials.NewStaticV4(AccessKey, SecretKey, ""), BucketLookup: minio.BucketLookupPath, Secure: s.CAFile != "", Transport: s.http().Transport,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

// certificate makes one for 127.0.0.1 that is its own authority.
func certificate(t testing.TB) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "S3 server of a test"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for file, block := range map[string]*pem.Block{certFile: {Type: "CERTIFICATE", Bytes: cert}, keyFile: {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return certFile, keyFile
}
