package datasource_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func check(t *testing.T, s source) *backend.CheckHealthResult {
	t.Helper()
	res, err := s.CheckHealth(t.Context(), &backend.CheckHealthRequest{PluginContext: s.context})
	require.NoError(t, err)
	assert.True(t, json.Valid(res.JSONDetails))
	return res
}

// closedPort is a URL at which nothing listens.
func closedPort(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	return "http://" + l.Addr().String()
}

// A good host says its version, its store and how far behind the store is.
func TestHealthOfAGoodHost(t *testing.T) {
	res := check(t, opened(t))
	assert.Equal(t, backend.HealthStatusOk, res.Status)
	assert.Regexp(t, `^Logcenter 0\.1\.0-dev answers: (no|\d+) events in the last 15 minutes.*\. Store: embedded, `, res.Message)
	var details map[string]any
	require.NoError(t, json.Unmarshal(res.JSONDetails, &details))
	assert.Equal(t, "0.1.0-dev", details["version"])
	assert.Equal(t, "embedded", details["store"])
	assert.Contains(t, details, "lagEntries")

	h := host(t)
	res = check(t, open(t, h.URL+"/", h.Token, `{"stream":"firewalls"}`))
	assert.Contains(t, res.Message, " in the stream firewalls")
	res = check(t, open(t, h.URL, h.Token, `{"stream":"*"}`))
	assert.Equal(t, backend.HealthStatusOk, res.Status, "all events, which no stream is named for")
}

// front passes requests on to a host, and may change what comes back.
func front(t *testing.T, to string, change func(*http.Response) error) string {
	t.Helper()
	u, err := url.Parse(to)
	require.NoError(t, err)
	p := httputil.NewSingleHostReverseProxy(u)
	p.ModifyResponse = change
	s := httptest.NewServer(p)
	t.Cleanup(s.Close)
	return s.URL
}

// Whatever is wrong between Grafana and the host is said in words that help.
func TestHealthSaysWhatIsWrong(t *testing.T) {
	h := host(t)
	web := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(web.Close)
	tlsWeb := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(tlsWeb.Close)
	mute, err := net.Listen("tcp", "127.0.0.1:0") // takes connections, says nothing
	require.NoError(t, err)
	t.Cleanup(func() { _ = mute.Close() })
	for _, c := range []struct{ name, url, token, json, want string }{
		{"no URL", "", "", "", "there is no URL"},
		{"no scheme", "localhost:8080", "", "", "must begin with http:// or https://"},
		{"password in URL", "http://u:canarypw@x", "", "", "has a user or password in it"},
		{"closed port", closedPort(t), "x", "", "Nothing listens at the URL"},
		{"no such name", "http://nobody.invalid", "x", "", "There is no computer named nobody.invalid"},
		{"another server", web.URL, "x", "", "There is no Logcenter at this URL"},
		{"path too much", h.URL + "/api/v1", h.Token, "", "There is no Logcenter at this URL"},
		{"TLS at a plain host", strings.Replace(h.URL, "http:", "https:", 1), h.Token, "", "does not speak TLS: the URL must begin with http://"},
		{"plain at a TLS host", strings.Replace(tlsWeb.URL, "https:", "http:", 1), "x", "", "must begin with https://"},
		{"unknown authority", tlsWeb.URL, "x", "", "authority that Grafana's server does not know"},
		{"wrong token", h.URL, strings.Repeat("wrong", 8), "", "does not know the API token"},
		{"no token", h.URL, "", "", "does not know the API token"},
		{"no stream", h.URL, h.Token, `{"stream":"nonsense"}`, `There is no stream "nonsense"`},
		{"bad settings", h.URL, h.Token, `{"maxLines":-1}`, "rows: -1"},
		{"bad type", h.URL, h.Token, `{"stream":5}`, "The settings of the datasource: jsonData"},
		{"bad header name", h.URL, h.Token, `{"httpHeaderName1":5}`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := open(t, c.url, c.token, c.json)
			res := check(t, s)
			if c.want == "" { // without a value the header does not count
				assert.Equal(t, backend.HealthStatusOk, res.Status)
				return
			}
			assert.Equal(t, backend.HealthStatusError, res.Status)
			assert.Contains(t, res.Message, c.want)
			assert.NotContains(t, res.Message, "canarypw")
			switch c.name {
			case "no stream": // queries call it by what the host says
			case "no such name", "TLS at a plain host": // they would try again for seconds
			default:
				q := s.query(t.Context(), `{"kind":"logs"}`, wholeRange)
				require.Error(t, q.Error)
				assert.Contains(t, q.Error.Error(), c.want, "queries say the same")
				assert.Equal(t, backend.ErrorSourceDownstream, q.ErrorSource)
			}
		})
	}
}

// A host that is too old is refused with the version that is needed.
func TestOldHostIsRefused(t *testing.T) {
	h := host(t)
	for version, ok := range map[string]bool{"0.0.9": false, "nonsense": false, "": false, "0.1.0": true, "0.1.0-rc.1": true, "1.0.0": true, "v0.2.0+build": true} {
		u := front(t, h.URL, func(r *http.Response) error {
			if r.Request.URL.Path == "/api/v1/openapi.json" {
				b, _ := json.Marshal(map[string]any{"info": map[string]string{"version": version}})
				r.Body, r.ContentLength = readCloser(b), int64(len(b))
				r.Header.Del("Content-Length")
			}
			return nil
		})
		s := open(t, u, h.Token, "")
		res := check(t, s)
		q := s.query(t.Context(), `{"limit":1}`, wholeRange)
		if ok {
			assert.Equal(t, backend.HealthStatusOk, res.Status, version)
			require.NoError(t, q.Error)
			continue
		}
		assert.Equal(t, backend.HealthStatusError, res.Status, version)
		assert.Contains(t, res.Message, "this plugin needs 0.1.0 or newer", version)
		require.ErrorContains(t, q.Error, "this plugin needs 0.1.0 or newer")
	}
}

// certificate makes one that signs itself, for names; it is an authority, too.
func certificate(t *testing.T, names ...string) (cert, key string) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: names[0]}, DNSNames: names,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, &k.PublicKey, k)
	require.NoError(t, err)
	keyDER, err := x509.MarshalPKCS8PrivateKey(k)
	require.NoError(t, err)
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}))
}

// A host with TLS is reached with its authority's certificate, and only under its name.
func TestTLS(t *testing.T) {
	cert, key := certificate(t, "logcenter.example")
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(dir+"/cert.pem", []byte(cert), 0o600))
	require.NoError(t, os.WriteFile(dir+"/key.pem", []byte(key), 0o600))
	h := host(t)
	u, err := url.Parse(h.URL)
	require.NoError(t, err)
	proxy := http.Server{Handler: httputil.NewSingleHostReverseProxy(u), ReadHeaderTimeout: time.Second} //nolint:exhaustruct // the rest is as usual
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	go func() { _ = proxy.ServeTLS(l, dir+"/cert.pem", dir+"/key.pem") }()
	t.Cleanup(func() { _ = proxy.Close() })
	with := func(json string, secrets map[string]string) *backend.CheckHealthResult {
		secrets["apiToken"] = h.Token
		return check(t, openWith(t, backend.DataSourceInstanceSettings{URL: "https://" + l.Addr().String(), JSONData: []byte(json), DecryptedSecureJSONData: secrets}))
	}
	good := with(`{"tlsAuthWithCACert":true,"serverName":"logcenter.example"}`, map[string]string{"tlsCACert": cert})
	assert.Equal(t, backend.HealthStatusOk, good.Status, good.Message)
	wrongName := with(`{"tlsAuthWithCACert":true}`, map[string]string{"tlsCACert": cert})
	assert.Contains(t, wrongName.Message, "certificate is for another name")
	skipped := with(`{"tlsSkipVerify":true}`, map[string]string{})
	assert.Equal(t, backend.HealthStatusOk, skipped.Status)
	broken := with(`{"tlsAuth":true,"tlsAuthWithCACert":true}`, map[string]string{"tlsCACert": cert, "tlsClientCert": cert, "tlsClientKey": "canarykey"})
	assert.Contains(t, broken.Message, "TLS")
	assert.NotContains(t, broken.Message, "canarykey")
}
