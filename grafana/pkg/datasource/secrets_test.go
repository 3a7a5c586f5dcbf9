package datasource_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// canaries are secrets of a datasource; none of them may come out of it.
var canaries = map[string]string{
	"apiToken": "canary-token-0123456789-0123456789-0123", "basicAuthPassword": "canary-password", "httpHeaderValue1": "canary-header",
	"tlsClientKey": "canary-key", "tlsClientCert": "canary-cert", "tlsCACert": "canary-ca",
}

// output is all that a datasource says, whatever it is asked.
func output(t *testing.T, s source) string {
	t.Helper()
	var out bytes.Buffer
	res := check(t, s)
	fmt.Fprintf(&out, "%s %s\n", res.Message, res.JSONDetails)
	for _, q := range []string{
		`{}`, `{"kind":"table"}`, `{"kind":"metrics"}`, `{"kind":"alerts"}`, `{"kind":"explain","eventId":"x"}`, `{"kind":"dead_letters"}`,
		`{"kind":"plugins"}`, `{"kind":"inputs"}`, `{"kind":"volume"}`, `{"query":"("}`, `nonsense`,
	} {
		one := s.query(t.Context(), q, wholeRange)
		b, err := json.Marshal(one)
		require.NoError(t, err)
		fmt.Fprintf(&out, "%v %s\n", one.Error, b)
	}
	for _, path := range []string{"fields", "streams", "rules", "assets", "field-values?field=source.ip", "nonsense"} {
		err := s.CallResource(t.Context(), &backend.CallResourceRequest{PluginContext: s.context, Path: path, URL: path, Method: http.MethodGet},
			backend.CallResourceResponseSenderFunc(func(r *backend.CallResourceResponse) error {
				fmt.Fprintf(&out, "%d %v %s\n", r.Status, r.Headers, r.Body)
				return nil
			}))
		fmt.Fprintln(&out, err)
	}
	_, err := s.SubscribeStream(t.Context(), &backend.SubscribeStreamRequest{PluginContext: s.context, Path: "tail/x", Data: []byte(`{"stream":"x"}`)})
	fmt.Fprintln(&out, err)
	return out.String()
}

// No secret of a datasource is in an answer, an error or the plugin's log, whatever fails.
func TestNoSecretComesOut(t *testing.T) {
	// The log of a plugin is its standard error.
	read, write, err := os.Pipe()
	require.NoError(t, err)
	stderr := os.Stderr
	os.Stderr = write
	t.Cleanup(func() { os.Stderr = stderr })
	logged := make(chan string, 1)
	go func() {
		b, _ := io.ReadAll(read)
		logged <- string(b)
	}()

	echo := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusInternalServerError)
		_, _ = io.WriteString(w, `{"error":{"code":"internal","message":"broken"}}`)
	}))
	t.Cleanup(echo.Close)
	broken := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	t.Cleanup(broken.Close)
	h := host(t)
	var out strings.Builder
	with := func(url, jsonData string, secrets map[string]string) {
		out.WriteString(output(t, openWith(t, backend.DataSourceInstanceSettings{
			URL: url, JSONData: []byte(jsonData), DecryptedSecureJSONData: secrets, BasicAuthEnabled: strings.Contains(jsonData, "basicAuth"), BasicAuthUser: "user",
		})))
	}
	token := map[string]string{"apiToken": canaries["apiToken"], "httpHeaderValue1": canaries["httpHeaderValue1"]}
	password := map[string]string{"basicAuthPassword": canaries["basicAuthPassword"]}
	headers := `{"httpHeaderName1":"X-Canary","timeoutSec":5}`
	with(h.URL, headers, token) // a wrong token
	with(h.URL, `{"basicAuth":true,"basicAuthUser":"user"}`, password)
	with(echo.URL, headers, token)
	with("http://user:canary-url@127.0.0.1:1", headers, token)
	with("://canary-url", headers, token)
	with(h.URL, `{"tlsAuth":true,"tlsAuthWithCACert":true}`, canaries)
	with(h.URL, `{"httpHeaderName1":5}`, canaries)
	with(h.URL, `{"basicAuth":true,"basicAuthUser":"user"}`, canaries)
	with(h.URL, headers, map[string]string{"apiToken": h.Token}) // a good one
	closed := openWith(t, backend.DataSourceInstanceSettings{URL: closedPort(t), JSONData: []byte(headers), DecryptedSecureJSONData: token})
	out.WriteString(fmt.Sprint(check(t, closed)))
	abort := openWith(t, backend.DataSourceInstanceSettings{URL: broken.URL, JSONData: []byte(headers), DecryptedSecureJSONData: token})
	out.WriteString(fmt.Sprint(check(t, abort)))

	os.Stderr = stderr
	require.NoError(t, write.Close())
	out.WriteString(<-logged)
	assert.NotContains(t, out.String(), "canary-")
	assert.NotContains(t, out.String(), h.Token)
	assert.Contains(t, out.String(), "does not know the API token")
}

// What a query, its filters or its stream say is sent to the host as it is meant, with the datasource's token and no other.
func TestNothingWidensTheToken(t *testing.T) {
	h := host(t)
	u := front(t, h.URL, func(r *http.Response) error {
		if got := r.Request.Header.Values("Authorization"); len(got) != 1 || got[0] != "Bearer "+h.Token {
			t.Errorf("%s went with %d tokens, not the datasource's", r.Request.URL.Path, len(got))
		}
		return nil
	})
	s := open(t, u, h.Token, `{"stream":"firewalls"}`)
	total, err := h.Count(t.Context(), "observer.type:firewall")
	require.NoError(t, err)
	for _, q := range []string{
		`{"query":"*) OR (*"}`, `{"query":"NOT a OR a"}`, `{"filters":[{"key":"host.name) OR (*","operator":"=","value":"x"}]}`,
		`{"filters":[{"key":"host.name","operator":"!=|","value":"","values":["\" OR * OR \"","x) OR (*"]}]}`,
		`{"filters":[{"key":"host.name","operator":"!~","value":"x/ OR /.*"}]}`, `{"token":"other","apiToken":"other","headers":{"Authorization":"Bearer other"}}`,
	} {
		res := s.query(t.Context(), q, wholeRange)
		if res.Error == nil {
			assert.LessOrEqual(t, custom(t, res.Frames[0]).Total, total, q)
		}
	}
	// Headers of the person who asks are not those of the datasource.
	req := &backend.QueryDataRequest{PluginContext: s.context, Headers: map[string]string{"Authorization": "Bearer other", "http_Authorization": "Bearer other"}, Queries: []backend.DataQuery{
		{RefID: "A", JSON: []byte(`{}`), TimeRange: wholeRange, Interval: time.Minute},
	}}
	res, err := s.QueryData(t.Context(), req)
	require.NoError(t, err)
	require.NoError(t, res.Responses["A"].Error)
}
