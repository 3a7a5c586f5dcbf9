package e2e

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/grafana/internal/pluginv2"
)

// object is the JSON of a query or a part of it, written as an attacker might: nothing of the plugin checks it first.
type object = map[string]any

// front is a reverse proxy before the host; its URL is closed with the test.
func (w *world) front(t *testing.T, around func(http.Handler) http.Handler, start func(*httptest.Server)) string {
	t.Helper()
	to, err := url.Parse(w.host.URL)
	require.NoError(t, err)
	s := httptest.NewUnstartedServer(around(httputil.NewSingleHostReverseProxy(to)))
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // of handshakes that are to fail
	start(s)
	t.Cleanup(s.Close)
	return s.URL
}

func plain(h http.Handler) http.Handler { return h }

// certificate is one for a name, signed by itself, until a time.
func certificate(t *testing.T, name string, until time.Time) (tls.Certificate, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: until.Add(-24 * time.Hour), NotAfter: until, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if ip := net.ParseIP(name); ip != nil {
		c.IPAddresses = []net.IP{ip}
	} else {
		c.DNSNames = []string{name}
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	require.NoError(t, err)
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, string(text)
}

// What is wrong with the way to the host is told in words that say what to do, in a query and in "Save & test" alike. It is
// never the plugin's fault, and the token is in none of it.
func TestTroubleOnTheWayIsExplained(t *testing.T) {
	w := theWorld(t)
	withTLS := func(c tls.Certificate) func(*httptest.Server) {
		return func(s *httptest.Server) {
			s.TLS = &tls.Config{Certificates: []tls.Certificate{c}, MinVersion: tls.VersionTLS12}
			s.StartTLS()
		}
	}
	good, goodPEM := certificate(t, "127.0.0.1", time.Now().Add(time.Hour))
	other, otherPEM := certificate(t, "logs.bank.example", time.Now().Add(time.Hour))
	old, oldPEM := certificate(t, "127.0.0.1", time.Now().Add(-time.Hour))
	secure := w.front(t, plain, withTLS(good))
	trusting := func(url, ca string) pluginv2.Datasource {
		return pluginv2.Datasource{URL: url, JSON: object{"tlsAuthWithCACert": true}, Secure: map[string]string{"apiToken": w.host.Token, "tlsCACert": ca}}
	}
	silent, err := net.Listen("tcp", "127.0.0.1:0") // takes connections and says nothing
	require.NoError(t, err)
	t.Cleanup(func() { _ = silent.Close() })
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>Intranet</html>")) }))
	t.Cleanup(elsewhere.Close)
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, closed.Close())

	for _, tt := range []struct {
		name string
		d    pluginv2.Datasource
		says []string
	}{
		{"no URL", pluginv2.Logcenter("", w.host.Token), []string{"URL"}},
		{"no URL of a host", pluginv2.Logcenter("logs", w.host.Token), []string{"URL", "http://"}},
		{"nobody listens", pluginv2.Logcenter("http://"+closed.Addr().String(), w.host.Token), []string{"Nothing listens"}},
		{"another program", pluginv2.Logcenter(elsewhere.URL, w.host.Token), []string{"no Logcenter at this URL"}},
		{"no token", pluginv2.Datasource{URL: w.host.URL}, []string{"token"}},
		{"a wrong token", pluginv2.Logcenter(w.host.URL, "0123456789-0123456789-0123456789-wrong"), []string{"does not know the API token"}},
		{"a token with a line break", pluginv2.Logcenter(w.host.URL, "two\nlines"), []string{"token"}},
		{"TLS where there is none", pluginv2.Logcenter(strings.Replace(w.host.URL, "http:", "https:", 1), w.host.Token), []string{"does not speak TLS"}},
		{"no TLS where there is", pluginv2.Logcenter(strings.Replace(secure, "https:", "http:", 1), w.host.Token), []string{"speaks TLS", "https://"}},
		{"an unknown authority", pluginv2.Logcenter(secure, w.host.Token), []string{"authority", "Own certificate authority"}},
		{"a certificate for another name", trusting(w.front(t, plain, withTLS(other)), otherPEM), []string{"another name"}},
		{"an expired certificate", trusting(w.front(t, plain, withTLS(old)), oldPEM), []string{"expired"}},
		{"no certificate as authority", trusting(secure, "not a certificate"), []string{"ertificate"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			health, err := w.plugin.Health(ctx, tt.d.Context())
			require.NoError(t, err)
			assert.Equal(t, backend.HealthStatusError, health.Status)
			for _, s := range tt.says {
				assert.Contains(t, health.Message, s)
			}
			res, err := w.plugin.Query(ctx, tt.d.Context(), pluginv2.Query("A", object{"kind": "logs"}, w.from, w.to, time.Minute, 100))
			require.NoError(t, err)
			require.Error(t, res["A"].Error)
			for _, s := range tt.says {
				assert.Contains(t, res["A"].Error.Error(), s)
			}
			assert.Equal(t, backend.ErrorSourceDownstream, res["A"].ErrorSource, "it is not the plugin's fault")
			assert.NotContains(t, health.Message+string(health.JSONDetails)+res["A"].Error.Error(), w.host.Token)
		})
	}

	ok, err := w.plugin.Health(t.Context(), trusting(secure, goodPEM).Context())
	require.NoError(t, err)
	assert.Equal(t, backend.HealthStatusOk, ok.Status, ok.Message)
	assert.NotContains(t, w.log.String(), w.host.Token, "the token is in the plugin's log")
}

// A host that is slow is given up on when the datasource says so, and a query that Grafana cancels is cancelled at the host.
func TestSlowHostIsGivenUpOn(t *testing.T) {
	w := theWorld(t)
	came, left := make(chan struct{}, 16), make(chan struct{}, 16)
	slow := w.front(t, func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if !strings.HasSuffix(r.URL.Path, "/aggregate") {
				h.ServeHTTP(rw, r)
				return
			}
			_, _ = io.Copy(io.Discard, r.Body) // a server sees that its client is gone when it has read all
			came <- struct{}{}
			<-r.Context().Done()
			left <- struct{}{}
		})
	}, func(s *httptest.Server) { s.Start() })
	d := pluginv2.Logcenter(slow, w.host.Token)
	d.JSON = object{"timeoutSec": 1}
	count := object{"kind": "metrics", "chart": object{"kind": "event_count"}}

	began := time.Now()
	r := w.askOf(t, d, count)
	require.Error(t, r.Error)
	assert.Contains(t, r.Error.Error(), "did not answer in time")
	assert.Equal(t, backend.StatusTimeout, r.Status)
	assert.Less(t, time.Since(began), 15*time.Second)
	gone := func() {
		select {
		case <-left:
		case <-time.After(10 * time.Second):
			t.Error("the request to the host goes on")
		}
	}
	gone()
	<-came

	d.JSON = object{"timeoutSec": 60}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := w.plugin.Query(ctx, d.Context(), pluginv2.Query("A", count, w.from, w.to, time.Minute, 100))
		done <- err
	}()
	select {
	case <-came:
	case <-time.After(10 * time.Second):
		t.Error("the request does not come to the host")
	}
	cancel()
	require.Error(t, <-done)
	gone()
}

// What is wrong with a query is the query's writer's to mend: a message with the place, and no frame.
func TestBadQueriesAreExplained(t *testing.T) {
	w := theWorld(t)
	chart := func(c object) object { return object{"kind": "metrics", "chart": c} }
	deep := strings.Repeat("(", 5000) + "a" + strings.Repeat(")", 5000)
	for _, tt := range []struct {
		name  string
		query any
		says  []string
	}{
		{"no JSON object", "text", []string{"query"}},
		{"a kind that is not there", object{"kind": "traces"}, []string{"no kind of query", "traces"}},
		{"half a query", object{"query": "event.dataset:(nginx.access"}, []string{"^"}},
		{"a range without an end", object{"query": "http.response.status_code:[200 TO"}, []string{"^"}},
		{"text where an address belongs", object{"query": "source.ip:bank"}, []string{"source.ip", "^"}},
		{"a regular expression that is none", object{"query": "url.path:/a(/"}, []string{"^"}},
		{"parentheses without end", object{"query": deep}, []string{"deep"}},
		{"a chart that is not there", chart(object{"kind": "pie"}), []string{"no chart"}},
		{"a chart without its field", chart(object{"kind": "terms"}), []string{"field"}},
		{"a calculation of texts", chart(object{"kind": "field_stats", "field": "url.path", "calcs": []string{"avg"}}), []string{"url.path"}},
		{"an interval that is none", chart(object{"kind": "event_count", "interval": "fortnight"}), []string{"interval"}},
		{"an interval that is too short", object{"kind": "metrics", "chart": object{"kind": "time_histogram", "interval": "1ms"}}, []string{"interval"}},
		{"groups without end", chart(object{"kind": "terms", "field": "source.ip", "size": 10001}), []string{"chart.size: 10001 groups are not possible: 1 to 10000", "ask for the most frequent ones"}},
		{"more groups over time than an answer has", chart(object{"kind": "event_count", "interval": "1m", "by": []object{{"field": "source.ip", "size": 10000}}}), []string{
			"chart.interval", "more than 65,536 values, of all groups and intervals of time", "choose a longer interval, fewer groups",
		}},
		{"intervals of nanoseconds", chart(object{"kind": "histogram", "field": "event.duration", "width": 1}), []string{"chart.width", "event.duration", "more than 65,536 intervals", "larger width"}},
		{"a drill-down of six levels", chart(object{"kind": "drill_down", "by": []object{{"field": "a"}, {"field": "b"}, {"field": "c"}, {"field": "d"}, {"field": "e"}, {"field": "f"}}}), []string{"level"}},
		{"a filter with an operator that is none", object{"filters": []object{{"key": "host.name", "operator": "~~", "value": "a"}}}, []string{"operator"}},
		{"a filter that is a query", object{"filters": []object{{"key": "host.name:a OR b", "operator": "=", "value": "a"}}}, []string{"not the name of a field"}},
		{"a stream that is not there", object{"stream": "nobody-has-it"}, []string{"nobody-has-it"}},
		{"an event that is not there", object{"kind": "explain", "eventId": "AAAAAAAAAAAAAAAAAAAAAA-0-1-1"}, []string{"no event"}},
		{"rates by nothing that is", object{"kind": "rates", "alerts": object{"by": "weather"}}, []string{"rates", "weather"}},
		{"a number where a list belongs", object{"kind": "metrics", "chart": object{"kind": "drill_down", "by": 7}}, []string{"by"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := w.ask(t, tt.query)
			require.Error(t, r.Error)
			for _, s := range tt.says {
				assert.Contains(t, r.Error.Error(), s)
			}
			assert.NotContains(t, r.Error.Error(), "/api/v1/", "an analyst sends no requests")
			assert.Empty(t, r.Frames)
			assert.NotEqual(t, backend.StatusInternal, r.Status)
			assert.Equal(t, backend.ErrorSourceDownstream, r.ErrorSource)
			assert.Less(t, len(r.Error.Error()), 12_000)
		})
	}
	assert.False(t, w.plugin.Exited())
}

// Where there is nothing to show, there is a frame with typed columns and no rows, or with zeros: never no frame at all, and
// never a column whose type depends on what was found.
func TestNothingToShowIsAnEmptyFrame(t *testing.T) {
	w := theWorld(t)
	nothing := "message:thiswordisnowhereinthelines"
	chart := func(query string, c object) object { return object{"kind": "metrics", "query": query, "chart": c} }
	for _, tt := range []struct {
		name    string
		query   func(text string) object
		columns int
	}{
		{"logs", func(q string) object { return object{"kind": "logs", "query": q} }, 6},
		{"table", func(q string) object {
			return object{"kind": "table", "query": q, "fields": []string{"@timestamp", "source.ip", "message"}}
		}, 3},
		{"volume", func(q string) object { return object{"kind": "volume", "query": q} }, 1},
		{"event count", func(q string) object { return chart(q, object{"kind": "event_count"}) }, 2},
		{"event count by a field", func(q string) object {
			return chart(q, object{"kind": "event_count", "by": []object{{"field": "log.level"}}})
		}, 2},
		{"time segments", func(q string) object {
			return chart(q, object{"kind": "time_segments", "field": "event.duration", "calcs": []string{"avg"}})
		}, 2},
		{"numeric ranges", func(q string) object {
			return chart(q, object{"kind": "numeric_ranges", "field": "destination.port", "ranges": []object{{"to": 1024}, {"from": 1024}}})
		}, 2},
		{"time histogram", func(q string) object { return chart(q, object{"kind": "time_histogram", "interval": "1m"}) }, 2},
		{"numeric histogram", func(q string) object {
			return chart(q, object{"kind": "histogram", "field": "http.response.body.bytes", "width": 1000})
		}, 3},
		{"terms", func(q string) object { return chart(q, object{"kind": "terms", "field": "host.name"}) }, 2},
		{"field statistics", func(q string) object {
			return chart(q, object{"kind": "field_stats", "field": "event.duration", "calcs": []string{"min", "max", "avg", "sum"}})
		}, 4},
		{"percentiles", func(q string) object {
			return chart(q, object{"kind": "percentiles", "field": "event.duration"})
		}, 2},
		{"drill-down", func(q string) object {
			return chart(q, object{"kind": "drill_down", "by": []object{{"field": "observer.type"}, {"field": "host.name"}}})
		}, 3},
		{"geography", func(q string) object { return chart(q, object{"kind": "geo", "field": "source.geo.location"}) }, 3},
	} {
		t.Run(tt.name, func(t *testing.T) {
			empty, full := w.ask(t, tt.query(nothing)), w.ask(t, tt.query(""))
			require.NoError(t, empty.Error)
			require.NoError(t, full.Error)
			require.NotEmpty(t, empty.Frames)
			types := columnTypes(full.Frames)
			for _, f := range empty.Frames {
				assert.GreaterOrEqual(t, len(f.Fields), tt.columns, "the columns of %s", f.Name)
				for _, field := range f.Fields {
					if want, ok := types[field.Name]; ok {
						assert.Equal(t, want, field.Type(), "column %s", field.Name)
					}
				}
				_, err := json.Marshal(f)
				assert.NoError(t, err, "a value is none that JSON has")
			}
		})
	}
}

func columnTypes(frames data.Frames) map[string]data.FieldType {
	out := map[string]data.FieldType{}
	for _, f := range frames {
		for _, field := range f.Fields {
			out[field.Name] = field.Type()
		}
	}
	return out
}

// As many groups as there may be are answered whole, of more real values than that, and the rest is told of.
func TestTenThousandGroups(t *testing.T) {
	w := theWorld(t)
	number := func(q object) float64 {
		r := w.ask(t, object{"kind": "metrics", "query": "_exists_:source.ip", "chart": q})
		require.NoError(t, r.Error)
		v, err := r.Frames[0].Fields[0].FloatAt(0)
		require.NoError(t, err)
		return v
	}
	distinct := number(object{"kind": "field_stats", "field": "source.ip", "calcs": []string{"distinct"}})
	require.Greater(t, distinct, 10_001.0, "the sample lines have too few addresses for this test")
	events := number(object{"kind": "field_stats", "field": "source.ip", "calcs": []string{"count"}})
	r := w.ask(t, object{"kind": "metrics", "chart": object{"kind": "terms", "field": "source.ip", "size": 10_000}})
	require.NoError(t, r.Error)
	require.Equal(t, 10_000, r.Frames[0].Rows())
	shown := 0.0
	for i := range r.Frames[0].Rows() {
		shown += numberAt(r.Frames[0].Fields[1], i)
	}
	require.NotEmpty(t, r.Frames[0].Meta.Notices)
	assert.Equal(t, fmt.Sprintf("Not shown: %.0f more events, of less frequent values of source.ip. Ask for more to see them.", events-shown), r.Frames[0].Meta.Notices[0].Text)
}

// A field whose type has changed comes as numbers of some events and as texts of others: its column is text, as each of them
// stands there. What is no number at all is no answer.
func TestMixedTypes(t *testing.T) {
	w := theWorld(t)
	port := regexp.MustCompile(`"destination\.port":[0-9]+`)
	n, number := 0, false // the queries come one after the other
	mixed := w.front(t, func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			rec := httptest.NewRecorder()
			r.Header.Del("Accept-Encoding")
			h.ServeHTTP(rec, r)
			body := rec.Body.Bytes()
			if strings.HasSuffix(r.URL.Path, "/search") {
				body = port.ReplaceAllFunc(body, func([]byte) []byte {
					n++
					return []byte(`"destination.port":` + []string{"443", `"https"`, "1.5", "true", `["a",1]`, "null"}[n%6])
				})
			}
			if number {
				body = bytes.Replace(body, []byte(`"value":`), []byte(`"value":NaN,"was":`), 1)
			}
			rw.Header().Set("Content-Type", rec.Header().Get("Content-Type"))
			rw.WriteHeader(rec.Code)
			_, _ = rw.Write(body)
		})
	}, func(s *httptest.Server) { s.Start() })
	d := pluginv2.Logcenter(mixed, w.host.Token)
	r := w.askOf(t, d, object{"kind": "table", "query": "_exists_:destination.port", "limit": 60, "fields": []string{"destination.port"}})
	require.NoError(t, r.Error)
	column := r.Frames[0].Fields[0]
	require.Equal(t, data.FieldTypeNullableString, column.Type())
	seen := map[string]int{}
	for i := range column.Len() {
		v, ok := column.ConcreteAt(i)
		if !ok {
			v = "nothing"
		}
		seen[fmt.Sprint(v)]++
	}
	assert.Equal(t, map[string]int{"443": 10, "https": 10, "1.5": 10, "true": 10, `["a",1]`: 10, "nothing": 10}, seen)

	number = true
	r = w.askOf(t, d, object{"kind": "metrics", "chart": object{"kind": "field_stats", "field": "destination.port", "calcs": []string{"avg"}}})
	require.ErrorContains(t, r.Error, "the answer is not Logcenter's")
	assert.Equal(t, backend.ErrorSourceDownstream, r.ErrorSource)
	assert.False(t, w.plugin.Exited())
}

// Fields that nobody has heard of, numbers that are none and values of several types are shown as what is there.
func TestOddFieldsAreShown(t *testing.T) {
	w := theWorld(t)
	r := w.ask(t, object{"kind": "logs", "query": "no.such.field:1"})
	require.NoError(t, r.Error)
	require.Len(t, r.Frames, 1)
	assert.Zero(t, r.Frames[0].Rows())
	require.NotNil(t, r.Frames[0].Meta)
	require.NotEmpty(t, r.Frames[0].Meta.Notices, "a field that no event has is likely a mistake")
	assert.Contains(t, r.Frames[0].Meta.Notices[0].Text, "no.such.field")

	// event.type is a list, source.ip an address, destination.port a number: each is in one column of one type.
	r = w.ask(t, object{"kind": "table", "limit": 50, "fields": []string{"event.type", "source.ip", "destination.port", "nsfocus.blocked", "no.such.field"}})
	require.NoError(t, r.Error)
	require.Len(t, r.Frames, 1)
	assert.Equal(t, 50, r.Frames[0].Rows())
	for _, f := range r.Frames[0].Fields {
		assert.Equal(t, 50, f.Len(), f.Name)
	}

	// Nothing divided by nothing is no number, and JSON has no word for it: null.
	r = w.ask(t, object{"kind": "metrics", "query": "_exists_:no.such.field", "chart": object{"kind": "field_stats", "field": "event.duration", "calcs": []string{"avg", "min", "max"}}})
	require.NoError(t, r.Error)
	for _, f := range r.Frames[0].Fields {
		if f.Type().Nullable() {
			v, ok := f.ConcreteAt(0)
			assert.False(t, ok, "%s is %v", f.Name, v)
		}
	}
}
