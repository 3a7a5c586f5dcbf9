package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/logcenter/logcenter/host/api"
)

const packagesPath = "/api/v1/plugins/packages"

// form is a body of multipart/form-data with one field.
func form(field, content string) (body, contentType string) {
	return "--b\r\nContent-Disposition: form-data; name=\"" + field + "\"; filename=\"a.lcp\"\r\n\r\n" + content + "\r\n--b--\r\n", "multipart/form-data; boundary=b"
}

func TestPackagesAreInstalled(t *testing.T) {
	f := newFixture(t)
	large := strings.Repeat("x", 2<<20) // more than other requests may have
	a := f.ok(f.do("POST", packagesPath, large))
	assert.Equal(t, "acmefw", a["id"])
	assert.Equal(t, []any{}, a["permissions"])
	assert.Equal(t, []any{"drop events"}, a["more"])
	body, kind := form("file", "bytes")
	f.ok(f.do("POST", packagesPath+"?dry_run=true", body, "Content-Type", kind))
	assert.Equal(t, []string{"admin " + large + " dry=false", "admin bytes dry=true"}, f.parts.sent)

	refused := f.do("POST", packagesPath, "bad bytes")
	assert.Equal(t, http.StatusBadRequest, refused.status)
	assert.Equal(t, "package_refused", refused.code(t))
	assert.Equal(t, "get it again", refused.hint(t))
	assert.Contains(t, string(refused.body), "data/x: its SHA-256 is another")
	body, kind = form("fiel", "bytes")
	assert.Equal(t, 400, f.do("POST", packagesPath, body, "Content-Type", kind).status)
	assert.Equal(t, 400, f.do("POST", packagesPath, "", "Content-Type", "multipart/form-data").status)
	assert.Equal(t, 400, f.do("POST", packagesPath+"?dryrun=true", "x").status)
	assert.Equal(t, 403, f.do("POST", packagesPath, "x", "Authorization", "Bearer "+readerToken).status)
	assert.Len(t, f.parts.sent, 2)
}

func TestPackagesAreListedAndRemoved(t *testing.T) {
	f := newFixture(t)
	assert.Equal(t, []any{}, f.ok(f.get(packagesPath))["packages"])
	digest := strings.Repeat("ab", 32)
	f.parts.packages = []api.PackageInfo{{
		ID: "acmefw", Kind: "parser", Version: "1.0.0", Digest: digest, Size: 7, Platforms: []string{"linux-amd64"}, Permissions: []string{"read message"},
		Signer: &api.SignerInfo{Name: "acme", KeyID: "0123456789ABCDEF", Trusted: true}, InstalledAt: testDay, InstalledBy: "admin", Active: true,
		Certificate: &api.CertificateInfo{TestedAt: testDay, Logcenter: "1", Checks: 3, Failed: []string{"leak"}},
	}}
	assert.Len(t, f.ok(f.get(packagesPath))["packages"], 1)
	one := f.ok(f.get(packagesPath + "/" + digest[:12]))
	assert.Equal(t, map[string]any{"name": "acme", "key_id": "0123456789ABCDEF", "trusted": true}, one["signer"])
	assert.Equal(t, 404, f.get(packagesPath+"/123456789012").status)
	assert.Equal(t, 204, f.do("DELETE", packagesPath+"/"+digest, "").status)
	assert.Equal(t, 404, f.do("DELETE", packagesPath+"/123456789012", "").status)
	f.parts.err = fmt.Errorf("%w: acmefw is active", api.ErrConflict)
	assert.Equal(t, 409, f.do("DELETE", packagesPath+"/"+digest, "").status)

	f = newFixture(t, func(o *api.Options) { o.Packages = nil })
	assert.Equal(t, 409, f.get(packagesPath).status)
	assert.Equal(t, 409, f.do("POST", packagesPath, "x").status)
}
