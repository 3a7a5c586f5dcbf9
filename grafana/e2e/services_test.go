package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/sdk/client"
)

// "Save & test" of a good datasource says version and store.
func TestSaveAndTest(t *testing.T) {
	w := theWorld(t)
	health, err := w.plugin.Health(t.Context(), w.datasource().Context())
	require.NoError(t, err)
	assert.Equal(t, backend.HealthStatusOk, health.Status, health.Message)
	assert.Contains(t, health.Message, "Logcenter 0.")
	assert.Contains(t, health.Message, "embedded")
	assert.NotContains(t, health.Message+string(health.JSONDetails), w.host.Token)
}

// What the editors ask for comes over CallResource, as a browser's requests do.
func TestEditorsAreAnswered(t *testing.T) {
	w := theWorld(t)
	rangeOf := fmt.Sprintf("from=%d&to=%d", w.from.UnixMilli(), w.to.UnixMilli())
	for _, tt := range []struct {
		method, path, body string
		has                []string
	}{
		{http.MethodGet, "fields?" + rangeOf, "", []string{`"source.ip"`, `"http.response.status_code"`}},
		{http.MethodGet, "field-values?field=observer.type&" + rangeOf, "", []string{`"firewall"`, `"middleware"`}},
		{http.MethodGet, "streams", "", []string{`"streams"`}},
		{http.MethodGet, "rules", "", []string{`"attack-not-blocked"`}},
		{http.MethodPost, "query/validate", `{"query":"a AND ("}`, []string{`"valid":false`, `"message"`}},
		{http.MethodPost, "query/parse", `{"query":"host.name:fw-core-01 AND log.level:Error"}`, []string{`"clauses"`, `"host.name"`}},
		{http.MethodPost, "query/complete", `{"query":"observer.ty","caret":11}`, []string{`"observer.type"`}},
		{http.MethodPost, "variable", fmt.Sprintf(`{"kind":"values","field":"log.level","from":%d,"to":%d}`, w.from.UnixMilli(), w.to.UnixMilli()), []string{`"Fatal"`}},
	} {
		t.Run(tt.path, func(t *testing.T) {
			var body []byte
			if tt.body != "" {
				body = []byte(tt.body)
			}
			res, err := w.plugin.Resource(t.Context(), w.datasource().Context(), tt.method, tt.path, body)
			require.NoError(t, err)
			require.Equal(t, http.StatusOK, res.Status, "%s", res.Body)
			assert.True(t, json.Valid(res.Body))
			for _, s := range tt.has {
				assert.Contains(t, strings.ReplaceAll(string(res.Body), `": `, `":`), s)
			}
		})
	}
}

// A line is in a frame of the live tail soon after the host has taken it, and once.
func TestLiveTailOverPluginV2(t *testing.T) {
	w := theWorld(t)
	lines := 15
	if long() {
		lines = 200
	}
	query := []byte(`{"v":1,"kind":"logs","query":"logcenter.input:http AND \"tail over pluginv2\""}`)
	c := w.datasource().Context()
	sub, err := w.plugin.Subscribe(t.Context(), c, "tail/e2e", query)
	require.NoError(t, err)
	require.Equal(t, backend.SubscribeStreamStatusOK, sub.Status)

	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	var waited []time.Duration
	seen := map[string]int{}
	sent := make([]time.Time, lines)
	enough := errors.New("all lines are there")
	send := func(i int) error {
		sent[i] = time.Now()
		_, err := w.host.Client.Ingest(ctx, "http", fmt.Appendf(nil, "<13>Oct 11 22:14:15 box app: tail over pluginv2 number %03d\n", i), client.IngestOptions{})
		return err
	}
	go func() {
		for !w.tailed(ctx) && ctx.Err() == nil {
			time.Sleep(5 * time.Millisecond)
		}
		_, _ = w.host.Client.Ingest(ctx, "http", []byte("<13>Oct 11 22:14:15 box app: tail over pluginv2 number 000\n"), client.IngestOptions{})
	}()
	err = w.plugin.Follow(ctx, c, "tail/e2e", query, func(packet []byte) error {
		var f data.Frame
		if err := json.Unmarshal(packet, &f); err != nil {
			return err
		}
		body, _ := f.FieldByName("body")
		if body == nil {
			return nil
		}
		for i := range body.Len() {
			text := textAt(body, i)
			n := 0
			_, err := fmt.Sscanf(text[strings.LastIndex(text, " ")+1:], "%d", &n)
			if err != nil {
				return err
			}
			seen[text]++
			if n > 0 { // the first waits for the tail to begin
				waited = append(waited, time.Since(sent[n]))
			}
			if len(seen) == lines {
				return enough
			}
			if err := send(n + 1); err != nil { // one line after the other, each when the one before has come
				return err
			}
		}
		return nil
	})
	require.ErrorIs(t, err, enough)
	for text, n := range seen {
		assert.Equal(t, 1, n, text)
	}
	slices.Sort(waited)
	p95 := waited[len(waited)*95/100]
	t.Logf("from sending to the frame: p50 %v, p95 %v", waited[len(waited)/2], p95)
	if long() { // other tests share the machine with the short form
		assert.LessOrEqual(t, p95, time.Second)
	}
}

// tailed says whether somebody follows the host's events.
func (w *world) tailed(ctx context.Context) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, w.host.URL+"/metrics", http.NoBody)
	if err != nil {
		return false
	}
	req.Header.Set("Authorization", "Bearer "+w.host.Token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	b, err := io.ReadAll(res.Body)
	return errors.Join(err, res.Body.Close()) == nil && strings.Contains(string(b), "\nlogcenter_api_tails 1\n")
}
