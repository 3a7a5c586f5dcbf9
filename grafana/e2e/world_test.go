package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/grafana/internal/hosttest"
	"github.com/logcenter/logcenter/grafana/internal/pluginv2"
	"github.com/logcenter/logcenter/sdk/client"
)

func long() bool { return os.Getenv("LOGCENTER_LONG") != "" }

// world is what the tests of this package share: one host that was fed the quickstart's lines, and one backend.
type world struct {
	host   *hosttest.Host
	plugin *pluginv2.Plugin
	log    *lockedBuffer // of the backend
	lines  []string      // what was sent
	// from and to are the hour of the lines. The host has events about itself, too, which are all later.
	from, to time.Time
	events   []moment // all of the hour, as they are stored, by time
	more     int      // events beside those of lines
	missed   []client.MissedAttack
	judged   time.Time // when the detector had seen all lines and analysts had judged some alerts
}

var (
	shared     *world
	sharedErr  error
	sharedOnce sync.Once
)

func TestMain(m *testing.M) {
	code := m.Run()
	if shared != nil {
		shared.close()
	}
	os.Exit(code)
}

func (w *world) close() {
	if w.plugin != nil {
		w.plugin.Close()
	}
	if w.host != nil {
		w.host.Close()
	}
}

// theWorld starts it at first.
func theWorld(t testing.TB) *world {
	t.Helper()
	sharedOnce.Do(func() {
		shared = &world{log: &lockedBuffer{}}
		sharedErr = shared.begin(context.Background())
	})
	require.NoError(t, sharedErr)
	return shared
}

// assets is the list of the bank's assets, so that events have a business system.
const assets = `id,name,type,ip,hostname,system,criticality,zone
A-1,Core firewall 1,firewall,10.1.0.1,fw-core-01,Core banking,high,core
A-2,Core firewall 2,firewall,10.1.0.2,fw-core-02,Core banking,high,core
A-3,VPN gateway,firewall,10.2.0.4,fw-vpn-01,Remote work,high,edge
A-4,Web server 17,server,10.3.0.17,app17,Online banking,high,dmz
`

func (w *world) begin(ctx context.Context) error {
	root, err := hosttest.Root()
	if err != nil {
		return err
	}
	program, err := pluginv2.Build(ctx, root)
	if err != nil {
		return err
	}
	w.to = time.Now().UTC().Truncate(time.Second)
	w.from = w.to.Add(-time.Hour)
	w.host, err = hosttest.Start(hosttest.Options{
		Files:  map[string]string{"assets.csv": assets},
		Config: "plugins: {settings: {asset: {config: {sources: [{path: $DIR/assets.csv}]}}}}\n",
	})
	if err != nil {
		return err
	}
	lines, err := hosttest.Quickstart(ctx, w.to)
	if err != nil {
		return err
	}
	w.lines = strings.Split(strings.TrimSuffix(string(lines), "\n"), "\n")
	if err := w.host.Feed(ctx, lines); err != nil {
		return err
	}
	if err := w.read(ctx); err != nil {
		return err
	}
	if err := w.judge(ctx); err != nil {
		return err
	}
	w.plugin, err = pluginv2.Start(program, w.log)
	return err
}

// read takes all events of the hour out of the host, by its export: a scan of the store, in which nothing is aggregated.
func (w *world) read(ctx context.Context) error {
	var file bytes.Buffer
	_, err := w.host.Client.Export(ctx, client.ExportRequest{Selection: client.Selection{From: client.At(w.from), To: client.At(w.to)}}, &file, nil)
	if err != nil {
		return err
	}
	d := json.NewDecoder(&file)
	d.UseNumber()
	for d.More() {
		var ev client.Event
		if err := d.Decode(&ev); err != nil {
			return err
		}
		at, ok := ev.Time("@timestamp")
		if !ok {
			return fmt.Errorf("an event has no time: %v", ev)
		}
		w.events = append(w.events, moment{at, ev})
	}
	slices.SortStableFunc(w.events, func(a, b moment) int { return a.at.Compare(b.at) })
	return nil
}

// judge waits for the alerts about the lines, and does an analyst's work on some of them.
func (w *world) judge(ctx context.Context) error {
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		settled, err := w.settled(ctx)
		if err != nil {
			return err
		}
		if settled {
			break
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("the detector is not through with the lines within a minute\n%s", w.host.Log())
		}
	}
	all := w.alerts()
	if len(all) < 10 {
		return fmt.Errorf("the lines made %d alerts, where the quickstart shows a handful", len(all))
	}
	for i, verdict := range []string{"true_positive", "false_positive", "benign", "true_positive", "false_positive"} {
		if _, err := w.host.Client.ActOnAlerts(ctx, client.AlertAction{Action: "close", IDs: []string{all[i*len(all)/5].ID}, Verdict: verdict}); err != nil {
			return err
		}
	}
	m, err := w.host.Client.AddMissed(ctx, client.NewMissedAttack{
		Time: client.At(w.to.Add(-10 * time.Minute)), Device: "waf-01.bank.example", Dataset: "f5.asm", Rule: "waf-burst", DeviceRule: "200002147", Description: "slow SQL injection",
	})
	if err != nil {
		return err
	}
	w.missed, w.judged = []client.MissedAttack{*m}, time.Now().UTC()
	return nil
}

// settled says whether the detector has seen all lines, and all evidence of its alerts is taken.
func (w *world) settled(ctx context.Context) (bool, error) {
	journals, err := w.host.Client.Consumers(ctx)
	if err != nil {
		return false, err
	}
	for _, j := range journals {
		for _, g := range j.Groups {
			if g.Name == "alert" && g.Lag > 0 {
				return false, nil
			}
		}
	}
	return !slices.ContainsFunc(w.alerts(), func(a client.Alert) bool { return a.Evidence == "wanted" }), nil
}

// alerts are all that the API lists, as they are now.
func (w *world) alerts() (all []client.Alert) {
	f := client.AlertFilter{Limit: 1000}
	for {
		page, err := w.host.Client.Alerts(context.Background(), f)
		if err != nil {
			panic(err) // the host is gone
		}
		all = append(all, page.Alerts...)
		if f.Cursor = page.Cursor; f.Cursor == "" {
			return all
		}
	}
}

// datasource is the one that an admin makes by the README.
func (w *world) datasource() pluginv2.Datasource { return pluginv2.Logcenter(w.host.URL, w.host.Token) }

// ask runs one query of a model's JSON over the hour.
func (w *world) ask(t testing.TB, model any) backend.DataResponse {
	t.Helper()
	return w.askOf(t, w.datasource(), model)
}

func (w *world) askOf(t testing.TB, d pluginv2.Datasource, model any) backend.DataResponse {
	t.Helper()
	res, err := w.plugin.Query(t.Context(), d.Context(), pluginv2.Query("A", model, w.from, w.to, time.Minute, 1000))
	require.NoError(t, err)
	require.Contains(t, res, "A")
	return res["A"]
}

// lockedBuffer may be read while it is written.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
