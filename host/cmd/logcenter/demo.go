package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/logcenter/logcenter/host/config"
	"github.com/logcenter/logcenter/host/input"
	"github.com/logcenter/logcenter/host/loadgen"
	"github.com/logcenter/logcenter/host/service"
	"github.com/logcenter/logcenter/sdk/client"
)

// The demo's traffic.
const (
	demoHistory = time.Hour
	demoLines   = 20000 // in the history
	demoRate    = 10    // lines a second after it
)

// demoPast is the demo's history up to end.
func demoPast(seed uint64, end time.Time) *loadgen.Demo {
	return loadgen.NewDemo(seed, end.Add(-demoHistory), demoLines/demoHistory.Seconds())
}

// feedDemo sends made-up traffic to the syslog input, as devices would, and judges the alerts about its history.
func feedDemo(ctx context.Context, cfg *config.Config, s *service.Service, log *logrus.Logger) {
	address := demoInput(cfg, s.Inputs())
	if address == "" {
		log.Error("--demo needs a syslog input with tcp that works")
		return
	}
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", address)
	if err != nil {
		log.WithError(err).Error("the demo cannot reach the syslog input")
		return
	}
	defer func() { _ = conn.Close() }()
	start := time.Now().UTC()
	history := demoPast(uint64(start.Unix()), start)
	var buf []byte
	for range demoLines {
		buf = append(history.Next(buf), '\n')
		if len(buf) > 64<<10 {
			if _, err := conn.Write(buf); err != nil {
				return // the host stops
			}
			buf = buf[:0]
		}
	}
	go func() {
		err := judgeDemo(ctx, cfg, s, demoCase{begun: start, lines: demoLines, attacks: history.Attacks()})
		if err != nil && ctx.Err() == nil {
			log.WithError(err).Warn("the demo has not judged its alerts")
		}
	}()
	live := loadgen.NewDemo(uint64(start.Unix())+1, start, demoRate)
	t := time.NewTicker(time.Second / demoRate)
	defer t.Stop()
	for {
		if _, err := conn.Write(buf); err != nil {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			buf = append(live.Next(buf[:0]), '\n')
		}
	}
}

// demoInput is the address of the syslog input that takes the demo; empty if there is none.
func demoInput(cfg *config.Config, inputs []input.Input) (address string) {
	for i, in := range cfg.Inputs {
		// At the address of an input that has failed somebody else may listen.
		if in.Syslog != nil && in.Syslog.TCP != "" && inputs[i].Stats().State != "failed" {
			address = in.Syslog.TCP
		}
	}
	return address
}

// demoCase is what there is to judge.
type demoCase struct {
	begun   time.Time // end of the history
	lines   int64     // of the history
	attacks []loadgen.WovenAttack
}

// What an analyst has not got to yet: alerts about the last part of the history stay open.
const demoOpen = 10 * time.Minute

// judgeDemo does an analyst's work by the API. The demo knows which attacks it has woven in, so its verdicts are true:
// alerts about one of these addresses are, others about an address are false, and an attack without an alert was missed.
func judgeDemo(ctx context.Context, cfg *config.Config, s *service.Service, d demoCase) error {
	if cfg.HTTP.TLS != nil {
		return errors.New("it reaches the API by plain HTTP only")
	}
	c, err := client.New(client.Options{
		URL: "http://" + s.Addr().String(), TokenFile: filepath.Join(cfg.Path(cfg.DataDir), service.TokenFile), UserAgent: "logcenter-demo/" + version,
	})
	if err != nil {
		return err
	}
	if err := d.wait(ctx, c); err != nil {
		return err
	}
	page, err := c.Alerts(ctx, client.AlertFilter{From: client.At(d.begun), States: []string{"open"}, Limit: 1000})
	if err != nil {
		return err
	}
	told := map[string]bool{} // addresses that there are alerts about
	for _, a := range page.Alerts {
		address := a.Keys["source.ip"]
		told[address] = true
		if address == "" || a.Last.After(d.begun.Add(-demoOpen)) {
			continue
		}
		verdict, note := "false_positive", "The demo has woven in no attack from "+address+"."
		if w := d.attack(address); w != nil {
			verdict, note = "true_positive", fmt.Sprintf("The demo has woven in an attack from %s: %s, %d lines.", address, w.Name, w.Lines)
		}
		if _, err := c.ActOnAlerts(ctx, client.AlertAction{Action: "close", IDs: []string{a.ID}, Verdict: verdict, Note: note}); err != nil {
			return err
		}
	}
	for _, w := range d.attacks {
		if told[w.From.String()] || w.Host == "" {
			continue
		}
		_, err := c.AddMissed(ctx, client.NewMissedAttack{
			Time: client.At(w.First), Device: w.Host, Description: fmt.Sprintf("%s from %s, %d lines, which the demo has woven in", w.Name, w.From, w.Lines),
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (d demoCase) attack(address string) *loadgen.WovenAttack {
	for i := range d.attacks {
		if d.attacks[i].From.String() == address {
			return &d.attacks[i]
		}
	}
	return nil
}

// wait waits until the history is stored and detectors have seen it.
func (d demoCase) wait(ctx context.Context, c *client.Client) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	// Some lines are damaged and have no time of the history.
	enough := d.lines - d.lines/100
	sel := client.Selection{From: client.At(d.begun.Add(-demoHistory)), To: client.At(d.begun)}
	var until uint64 // the entry of the event journal that detectors must have seen; 0 while it is not known
	for {
		a, err := c.Aggregate(ctx, client.AggregateRequest{Selection: sel, Aggs: []client.Agg{{Kind: "count"}}})
		if err != nil {
			return err
		}
		last, seen, err := alertFeed(ctx, c)
		if err != nil {
			return err
		}
		if until == 0 && a.Total >= enough {
			until = last
		}
		if until > 0 && seen >= until {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("its history is not through the host after 5 minutes, %d of %d events are stored: %w", a.Total, d.lines, ctx.Err())
		case <-time.After(time.Second):
		}
	}
}

// alertFeed is the last entry of the event journal, and the last one whose alerts are recorded.
func alertFeed(ctx context.Context, c *client.Client) (last, seen uint64, err error) {
	journals, err := c.Consumers(ctx)
	if err != nil {
		return 0, 0, err
	}
	for _, j := range journals {
		for _, g := range j.Groups {
			if g.Name == "alert" {
				return j.Last, g.Committed, nil
			}
		}
	}
	return 0, 0, errors.New("the event journal has no group alert")
}
