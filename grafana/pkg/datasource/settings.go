// Package datasource is what Grafana calls: one datasource of this plugin, with a file for each verb. health.go is "Save &
// test", query.go panels, Explore and alert rules, stream.go live tail, resource.go what editors ask, settings.go what an
// admin has set, errors.go what a person is told when something fails.
//
// It talks to a host by its REST API and decides nothing about what a caller may see: that is the token's scope, which the
// host adds to every request. The stream of a datasource is what queries are about that name none; it is no border, since a
// query may name another stream.
package datasource

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/backend/httpclient"
	"github.com/grafana/grafana-plugin-sdk-go/backend/instancemgmt"
	"github.com/grafana/grafana-plugin-sdk-go/backend/resource/httpadapter"

	"github.com/logcenter/logcenter/grafana/pkg/model"
	"github.com/logcenter/logcenter/grafana/pkg/resource"
	"github.com/logcenter/logcenter/sdk/client"
)

const (
	defaultTimeout = time.Minute // of one query
	maxTimeout     = time.Hour
	defaultRows    = 1000
	// atOnce bounds the requests of one datasource that the host works at, however many panels ask; the rest wait for their
	// turn. A host runs eight searches at once unless its limits.searches says otherwise, and others search, too.
	atOnce = 6
)

// Datasource is one datasource as an admin has set it. Grafana makes another when the settings change. Safe for concurrent
// use.
type Datasource struct {
	resources backend.CallResourceHandler

	uid, name string
	settings  model.Settings
	timeout   time.Duration
	broken    error // what is wrong with the settings; all calls answer with it
	http      *http.Client
	client    *client.Client
	probe     *client.Client // tries once, for answers that a person waits for
	slots     chan struct{}  // one for each request that the host works at, see asking.turn

	host   hostVersion
	inputs inputSamples

	mu      sync.Mutex
	tailing map[string]json.RawMessage // queries of the tails that were subscribed to, by path
}

// New makes the datasource of some settings. Faults in them are no error here, for Grafana would not show it: whoever asks
// the datasource anything is told.
func New(ctx context.Context, s backend.DataSourceInstanceSettings) (instancemgmt.Instance, error) {
	d := &Datasource{uid: s.UID, name: s.Name, slots: make(chan struct{}, atOnce), tailing: map[string]json.RawMessage{}}
	if err := d.open(ctx, s); err != nil {
		d.broken = &settingsError{err}
		d.resources = httpadapter.New(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusBadRequest)
			_ = json.NewEncoder(w).Encode(map[string]string{"message": d.broken.Error()}) // the caller may be gone
		}))
	}
	return d, nil
}

// settingsError is about what an admin has set.
type settingsError struct{ err error }

func (e *settingsError) Error() string { return "The settings of the datasource: " + e.err.Error() }
func (e *settingsError) Unwrap() error { return e.err }

// Dispose closes idle connections, when the settings have changed. Queries that run go on to their end.
func (d *Datasource) Dispose() {
	if d.http != nil {
		d.http.CloseIdleConnections()
	}
}

func (d *Datasource) open(ctx context.Context, s backend.DataSourceInstanceSettings) error {
	if len(s.JSONData) > 0 {
		if err := json.Unmarshal(s.JSONData, &d.settings); err != nil {
			return fmt.Errorf("jsonData: %s", strings.TrimPrefix(err.Error(), "json: "))
		}
	}
	if d.settings.Stream == model.AllStreams {
		d.settings.Stream = "" // which says the same of a datasource
	}
	if err := checkURL(s.URL); err != nil {
		return err
	}
	options, err := httpOptions(ctx, s)
	if err != nil {
		return err
	}
	if d.timeout, err = timeout(d.settings, options.Timeouts.Timeout); err != nil {
		return err
	}
	if d.settings.MaxLines < 0 || d.settings.MaxLines > model.MaxRows {
		return fmt.Errorf("rows: %d is not between 1 and %d", d.settings.MaxLines, model.MaxRows)
	}
	token := strings.TrimSpace(s.DecryptedSecureJSONData["apiToken"])
	if token != "" && options.BasicAuth != nil {
		return errors.New("give an API token, or a user and a password, not both: a request can carry only one")
	}
	options.Timeouts.Timeout = 0 // a tail has no end; each query has a deadline of its own
	if d.http, err = httpclient.New(options); err != nil {
		return fmt.Errorf("TLS: %w", err)
	}
	o := client.Options{URL: s.URL, Token: token, HTTPClient: d.http, UserAgent: "logcenter-grafana"}
	if d.client, err = client.New(o); err != nil {
		return err
	}
	o.Retries = -1
	if d.probe, err = client.New(o); err != nil {
		return err
	}
	d.resources = httpadapter.New(resource.New(d.client, d.settings))
	return nil
}

// checkURL says what is wrong with the host's address, without repeating a password in it.
func checkURL(text string) error {
	const want = "write e.g. https://logcenter.example.com:8080"
	if strings.TrimSpace(text) == "" {
		return errors.New("there is no URL: " + want)
	}
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return errors.New("the URL cannot be read: " + want)
	case u.Scheme != "http" && u.Scheme != "https":
		return errors.New("the URL must begin with http:// or https://: " + want)
	case u.Host == "":
		return errors.New("the URL names no host: " + want)
	case u.User != nil:
		return errors.New("the URL has a user or password in it: put them into the fields for them, which are kept encrypted")
	case u.RawQuery != "" || u.Fragment != "":
		return errors.New("the URL must have nothing behind the path: " + want)
	}
	return nil
}

// httpOptions are those of the usual settings of HTTP. The SDK panics where one of them has another type than it expects.
func httpOptions(ctx context.Context, s backend.DataSourceInstanceSettings) (o httpclient.Options, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = errors.New("jsonData: a setting of the connection (serverName, basicAuthUser, httpHeaderName1, …) is no text")
		}
	}()
	if o, err = s.HTTPClientOptions(ctx); err != nil {
		return o, fmt.Errorf("jsonData: %w", err)
	}
	return o, nil
}

// timeout is how long one query may take: timeoutSec, else Grafana's own setting timeout, else a minute.
func timeout(s model.Settings, usual time.Duration) (time.Duration, error) {
	if s.TimeoutSec < 0 || time.Duration(s.TimeoutSec)*time.Second > maxTimeout {
		return 0, fmt.Errorf("timeout: %d s are not possible: 1 to %d", s.TimeoutSec, int(maxTimeout.Seconds()))
	}
	switch {
	case s.TimeoutSec > 0:
		return time.Duration(s.TimeoutSec) * time.Second, nil
	case usual > 0 && usual != httpclient.DefaultTimeoutOptions.Timeout:
		return min(usual, maxTimeout), nil
	default:
		return defaultTimeout, nil
	}
}

// rows is how many lines or rows an answer may have.
func (d *Datasource) rows(asked int) int {
	switch {
	case asked > 0:
		return asked
	case d.settings.MaxLines > 0:
		return d.settings.MaxLines
	default:
		return defaultRows
	}
}

// narrowed is where a selection becomes that of what the signed-in user may see. The host knows tokens today, and no users
// of Grafana: who may query the datasource sees what its token does.
func narrowed(_ *backend.User, sel client.Selection) client.Selection { return sel }
