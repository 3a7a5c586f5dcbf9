package pluginv2

import (
	"encoding/json"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
)

// Datasource is one that an admin has configured.
type Datasource struct {
	URL    string
	JSON   map[string]any    // of jsonData
	Secure map[string]string // of secureJsonData, as Grafana hands it over: decrypted
}

// Logcenter is a datasource of a host.
func Logcenter(url, token string) Datasource {
	return Datasource{URL: url, Secure: map[string]string{"apiToken": token}}
}

// Context is what Grafana tells a plugin with every call: who asks, and of which datasource.
func (d Datasource) Context() backend.PluginContext {
	if d.JSON == nil {
		d.JSON = map[string]any{}
	}
	settings, err := json.Marshal(d.JSON)
	if err != nil {
		panic(err) // a test wrote what JSON cannot say
	}
	return backend.PluginContext{
		OrgID: 1, PluginID: ID, //nolint:staticcheck // Grafana 12 still sends it
		User: &backend.User{Login: "analyst", Name: "Analyst", Email: "analyst@bank.example", Role: "Viewer"},
		DataSourceInstanceSettings: &backend.DataSourceInstanceSettings{
			ID: 1, UID: "logcenter", Type: ID, Name: "Logcenter", URL: d.URL, JSONData: settings, DecryptedSecureJSONData: d.Secure,
			// A datasource that differs is another instance to the plugin, as after "Save & test".
			Updated: time.Unix(fingerprint(d), 0),
		},
	}
}

// fingerprint differs where datasources differ.
func fingerprint(d Datasource) int64 {
	b, _ := json.Marshal(d) // its parts have just been marshalled
	sum := uint32(2166136261)
	for _, c := range b {
		sum = (sum ^ uint32(c)) * 16777619 // FNV-1a
	}
	return int64(sum)
}

// Query is one query of a panel, model being its JSON in the dashboard.
func Query(refID string, model any, from, to time.Time, interval time.Duration, points int64) backend.DataQuery {
	b, err := json.Marshal(model)
	if err != nil {
		panic(err) // a test wrote what JSON cannot say
	}
	return backend.DataQuery{RefID: refID, JSON: b, TimeRange: backend.TimeRange{From: from, To: to}, Interval: interval, MaxDataPoints: points}
}
