package service

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/logcenter/logcenter/host/alert/record"
	"github.com/logcenter/logcenter/host/api"
	"github.com/logcenter/logcenter/host/config"
	"github.com/logcenter/logcenter/host/outbox"
	"github.com/logcenter/logcenter/sdk/manifest"
	"github.com/logcenter/logcenter/sdk/wire"
)

// openOutbox readies the delivery of alerts.
func (s *Service) openOutbox(context.Context) error {
	settings, err := s.cfg.Delivery()
	if err != nil {
		return fmt.Errorf("alerts: %w", err)
	}
	s.outbox = outbox.New(outbox.Options{
		Store: s.metadata, Plugins: s.plugins, Settings: settings, Open: record.Unacknowledged, Escalated: record.Escalated,
		OnError: func(err error) { s.warn("outbox", err) }, Log: s.log,
	})
	s.named = s.cfg.NamedChannels()
	return nil
}

// setDelivery brings the routes, escalations and channels of a configuration into effect.
func (s *Service) setDelivery(c *config.Config) error {
	settings, err := c.Delivery()
	if err != nil {
		return fmt.Errorf("alerts: %w", err)
	}
	s.outbox.Set(settings)
	s.mu.Lock()
	s.named = c.NamedChannels()
	s.mu.Unlock()
	return nil
}

// missingChannels are the channels that the configuration names and no notifier has, as far as that is known.
func (s *Service) missingChannels() error {
	s.mu.Lock()
	named := s.named
	s.mu.Unlock()
	var errs []error
	for _, ch := range named {
		for _, stop := range s.outbox.Route(&wire.Alert{Channels: []string{ch.Channel}}) {
			if stop.Unknown != "" && stop.Channel == ch.Channel {
				errs = append(errs, fmt.Errorf("%s: %s", ch.Path, stop.Unknown))
			}
		}
	}
	return errors.Join(errs...)
}

// How long a delivery may wait until health says so, and how long it says that some were given up.
const (
	deliveryLate = 5 * time.Minute
	deliveryDead = time.Hour
)

// channelsHealth tells of channels whose alerts wait or were given up.
func (s *Service) channelsHealth(ctx context.Context) (list []api.Component) {
	channels, err := s.outbox.Channels(ctx)
	if err != nil {
		return []api.Component{{Name: "outbox", Kind: "outbox", Status: api.StatusDegraded, Reason: err.Error(), Advice: "see the health of the metadata store's disk"}}
	}
	if err := s.missingChannels(); err != nil {
		list = append(list, api.Component{
			Name: "channels", Kind: "channels", Status: api.StatusDegraded, Reason: strings.ReplaceAll(err.Error(), "\n", "; "),
			Advice: "mend the configuration, or the plugin; SIGHUP reads both again",
		})
	}
	for i := range channels {
		c := &channels[i]
		h := api.Component{Name: "channel " + c.Name, Kind: "channel", Object: c.Name, Status: api.StatusDegraded}
		switch {
		case c.Waiting > 0 && time.Since(c.Oldest) > deliveryLate && c.State != "quiet":
			h.Reason = fmt.Sprintf("%d alerts wait, the oldest since %s: it is %s", c.Waiting, c.Oldest.Format(time.RFC3339), c.State)
			if c.Reason != "" {
				h.Reason += ": " + c.Reason
			}
			h.Advice = "mend it, then `logcenter channel test " + c.Name + "`; what waits is told by itself"
		case c.Dead > 0 && time.Since(c.LastDead) < deliveryDead:
			h.Reason = fmt.Sprintf("%d deliveries of alerts were given up, the last one at %s", c.Dead, c.LastDead.Format(time.RFC3339))
			h.Advice = "`logcenter outbox list --state dead --channel " + c.Name + "` says why; mend it, then `logcenter outbox redrive --channel " + c.Name + "`"
		default:
			continue
		}
		list = append(list, h)
	}
	return list
}

// outboxMetrics tells how alerts are delivered.
func (s *Service) outboxMetrics(out chan<- prometheus.Metric, counter, gauge sender) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	channels, err := s.outbox.Channels(ctx)
	if err != nil {
		s.warn("outbox", err)
		return
	}
	latency := prometheus.NewDesc("logcenter_alert_delivery_seconds", "From when the detector decided on an alert until it was delivered; from its record on, if no detector did.", []string{"channel"}, nil)
	for i := range channels {
		c := &channels[i]
		gauge("alert_deliveries_waiting", "Deliveries of alerts that wait.", float64(c.Waiting), "channel", c.Name)
		gauge("alert_deliveries_dead", "Deliveries of alerts that were given up and can be redriven.", float64(c.Dead), "channel", c.Name)
		oldest := 0.0
		if !c.Oldest.IsZero() {
			oldest = time.Since(c.Oldest).Seconds()
		}
		gauge("alert_deliveries_oldest_seconds", "How long the oldest delivery has been waiting.", oldest, "channel", c.Name)
		gauge("alert_channel_ready", "1 while a channel takes alerts.", flag(c.State == "ready"), "channel", c.Name)
		f := &c.Figures
		gauge("alert_channel_cut_off", "1 while a channel that did not answer several times in a row is tried only now and then.", flag(c.State == "cut_off"), "channel", c.Name)
		counter("alert_channel_cut_off_total", "How often a channel was cut off because it did not answer.", float64(f.CutOff), "channel", c.Name)
		counter("alert_deliveries_unanswered_total", "Tries that failed because there was no answer in time.", float64(f.Unanswered), "channel", c.Name)
		counter("alert_deliveries_total", "Deliveries of alerts that were made.", float64(f.Sent), "channel", c.Name)
		counter("alert_deliveries_retried_total", "Tries that failed and are made again.", float64(f.Retried), "channel", c.Name)
		counter("alert_deliveries_refused_total", "Deliveries given up because the notifier said that another try is in vain.", float64(f.Failed), "channel", c.Name)
		buckets := make(map[float64]uint64, len(outbox.LatencyBounds))
		for i, bound := range outbox.LatencyBounds {
			buckets[bound] = uint64(f.Latency.Counts[i])
		}
		if m, err := prometheus.NewConstHistogram(latency, uint64(f.Latency.Count), f.Latency.Sum, buckets, c.Name); err == nil { // names are UTF-8
			out <- m
		}
	}
	t := s.outbox.Totals()
	counter("alerts_untold_total", "Alerts that went to no channel, by the routes or because there is no notifier.", float64(t.Untold))
	counter("alerts_escalated_total", "Messages that nobody has acknowledged an alert.", float64(t.Escalated))
	counter("alert_deliveries_unknown_total", "Deliveries to channels that there are not.", float64(t.Unknown))
	counter("alert_deliveries_expired_total", "Deliveries given up because they waited too long or were too many.", float64(t.Expired))
	counter("alert_deliveries_forgotten_total", "Given-up deliveries that made room for newer ones.", float64(t.Forgotten))
	counter("alert_deliveries_dropped_total", "Deliveries that people dropped.", float64(t.Dropped))
	counter("alert_deliveries_redriven_total", "Deliveries that people had tried again.", float64(t.Redriven))
}

// Notifiers are the ids of the notifiers that a host of this configuration has, installed ones included. Folders that
// cannot be read are left out; none: this machine has no plugins.
func Notifiers(cfg *config.Config) (ids []string) {
	o, err := PluginOptions(cfg, "", nil)
	if err != nil {
		return nil // nobody knows where this program is
	}
	patterns := []string{filepath.Join(InstalledDir(cfg), "*", "*")}
	for _, d := range o.Dirs {
		patterns = append(patterns, d, filepath.Join(d, "*"))
	}
	for _, p := range patterns {
		files, _ := filepath.Glob(filepath.Join(p, manifest.Name)) // the pattern is one
		for _, f := range files {
			if m, err := manifest.Read(filepath.Dir(f)); err == nil && m.Kind == wire.Kind_NOTIFIER && !slices.Contains(ids, m.ID) {
				ids = append(ids, m.ID)
			}
		}
	}
	slices.Sort(ids)
	return ids
}
