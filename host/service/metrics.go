package service

import (
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/logcenter/logcenter/host/journal"
	"github.com/logcenter/logcenter/host/plugin"
	"github.com/logcenter/logcenter/host/rollout"
	"github.com/logcenter/logcenter/sdk/manifest"
)

// collector reads the counters of all parts when /metrics is asked: nothing is counted twice.
type collector struct{ s *Service }

func (s *Service) register() {
	s.metrics.MustRegister(collector{s}, s.ledger, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
}

// Describe sends nothing: the set of metrics depends on plugins and inputs.
func (collector) Describe(chan<- *prometheus.Desc) {}

// Collect implements [prometheus.Collector].
func (c collector) Collect(out chan<- prometheus.Metric) {
	send := func(t prometheus.ValueType, name, help string, v float64, labels ...string) {
		var keys, values []string
		for i := 0; i+1 < len(labels); i += 2 {
			keys, values = append(keys, labels[i]), append(values, labels[i+1])
		}
		m, err := prometheus.NewConstMetric(prometheus.NewDesc("logcenter_"+name, help, keys, nil), t, v, values...)
		if err == nil { // label values are UTF-8 by construction
			out <- m
		}
	}
	counter := func(name, help string, v float64, labels ...string) {
		send(prometheus.CounterValue, name, help, v, labels...)
	}
	gauge := func(name, help string, v float64, labels ...string) {
		send(prometheus.GaugeValue, name, help, v, labels...)
	}
	c.pipeline(counter, gauge)
	c.s.outboxMetrics(out, counter, gauge)
	for _, p := range c.s.plugins.All() {
		pluginMetrics(p, counter, gauge)
	}
	gauge("plugin_packages", "Packages of plugins that are installed.", float64(len(c.s.packages.List())))
	counter("plugin_packages_refused_total", "Packages that were sent and not let in.", float64(c.s.packagesRefused.Load()))
	c.rollouts(counter, gauge)
	raw, events := c.s.raw.Stats(), c.s.events.Stats()
	rawLags, eventLags := c.s.watch.lags(time.Now(), raw, events)
	journalMetrics("raw", raw, rawLags, gauge)
	journalMetrics("event", events, eventLags, gauge)
	metadataMetrics(c.s.metadata.Stats(), counter, gauge)
	ruleMetrics(c.s.library, counter, gauge)
	listMetrics(c.s.lists, counter, gauge)
	ruleHealthMetrics(c.s.health, counter, gauge)
	st := c.s.store.Stats()
	gauge("store_events", "Events in the store.", float64(st.Events))
	gauge("store_bytes", "Bytes of the store on disk.", float64(st.Bytes))
	gauge("store_raw_bytes", "Bytes of the stored events' messages.", float64(st.RawBytes))
	gauge("store_tail_events", "Searchable events that are not in segments yet.", float64(st.TailEvents))
	gauge("store_segments", "Segments of the store.", float64(st.Segments))
	gauge("store_partial_bytes", "Bytes of the answers of segments that are kept for questions that come again.", float64(st.PartialBytes))
	counter("store_partials_used_total", "Segments that did not have to be read because their answer was kept.", float64(st.PartialsUsed))
	counter("store_partials_made_total", "Answers of segments that were computed to be kept.", float64(st.PartialsMade))
	counter("store_rejected_total", "Events the store could not keep.", float64(st.Rejected))
	c.lifecycle(counter, gauge)
	in := c.s.intake.Stats()
	counter("intake_duplicates_total", "Requests with an idempotency key that were stored before.", float64(in.Duplicates))
	gauge("intake_keys", "Idempotency keys that are remembered.", float64(in.Keys))
	counter("intake_keys_forgotten_total", "Idempotency keys forgotten before their time because there are too many.", float64(in.KeysForgotten))
	counter("intake_key_errors_total", "Idempotency keys that could not be written.", float64(in.KeyLogErrors))
	if c.s.files != nil {
		filesMetrics(c.s.files.Stats(), counter, gauge)
	}
	if c.s.drift != nil {
		driftMetrics(c.s.drift, counter, gauge)
	}
	for _, in := range c.s.allInputs() {
		i := in.Stats()
		counter("input_records_total", "Records made durable.", float64(i.Records), "input", i.Name)
		counter("input_bytes_total", "Bytes of these records.", float64(i.Bytes), "input", i.Name)
		counter("input_decoded_total", "Records that were not UTF-8.", float64(i.Decoded), "input", i.Name)
		counter("input_truncated_total", "Records that were cut.", float64(i.Truncated), "input", i.Name)
		counter("input_errors_total", "Errors of the input itself.", float64(i.Errors), "input", i.Name)
		counter("input_accepted_total", "Connections, requests or files taken.", float64(i.Accepted), "input", i.Name)
		gauge("input_connections", "Connections or files open now.", float64(i.Connections), "input", i.Name)
		for reason, n := range i.Dropped {
			counter("input_dropped_total", "Records lost, by reason.", float64(n), "input", i.Name, "reason", reason)
		}
	}
}

type sender func(name, help string, v float64, labels ...string)

func (c collector) pipeline(counter, gauge sender) {
	p := &c.s.processor.Counters
	counter("events_total", "Finished events.", float64(p.Events.Load()))
	counter("batches_total", "Finished batches.", float64(p.Batches.Load()))
	counter("event_bytes_total", "Bytes of their masked messages.", float64(p.Bytes.Load()))
	counter("events_unparsed_total", "Events kept without a parser's fields.", float64(p.Unparsed.Load()))
	counter("events_unrecognised_total", "Of these: no parser claimed them.", float64(p.Unrecognised.Load()))
	counter("events_unenriched_total", "Events an enricher failed on.", float64(p.Unenriched.Load()))
	counter("events_masked_total", "Events with something masked.", float64(p.Masked.Load()))
	counter("events_withheld_total", "Events whose text is withheld because masking failed.", float64(p.Withheld.Load()))
	counter("values_cut_total", "Values of keyword fields cut at 8 KiB.", float64(p.Cut.Load()))
	counter("fan_out_lost_total", "Further events of lines, left out because a batch cannot hold so many.", float64(p.FanOutLost.Load()))
	counter("events_dropped_total", "Events dropped by parsers that may.", float64(p.Dropped.Load()))
	counter("dead_letters_total", "Events made dead letters.", float64(p.DeadLetters.Load()))
	gauge("batches_waiting_for_masker", "Batches held because a masker is out of service.", float64(p.WaitingForMasker.Load()))
	gauge("batches_waiting_for_enricher", "Batches held because an enricher with on_failure: hold is out of service.", float64(p.WaitingForEnricher.Load()))
	c.s.alertMetrics(counter, gauge)
	counter("alerts_skipped_batches_total", "Batches that a detector did not survive; it goes on without them.", float64(c.s.alerts.Skipped.Load()))
	kept, _, dropped := c.s.dead.Counts()
	gauge("dead_letters_kept", "Dead letters that can be listed.", float64(kept))
	counter("dead_letters_expired_total", "Dead letters that made room for newer ones.", float64(dropped))
	counter("dead_letters_redriven_total", "Dead letters whose record was handled again.", float64(c.s.dead.Redriven()))
	gauge("hold_bytes", "Encrypted bytes of events that could not be handled.", float64(c.s.hold.Bytes()))
	counter("hold_refused_total", "Records that could not be held, so that their events cannot be redriven.", float64(c.s.hold.Refused()))
	c.s.mu.Lock()
	counts := c.s.router.Counts()
	c.s.mu.Unlock()
	for _, r := range c.s.currentRules().Rules() {
		counter("classification_hits_total", "Events that a classification rule matched.", float64(r.Matched), "rule", r.Name)
		counter("classification_decided_total", "Of these: events with a field that it set, no rule before it having done so.", float64(r.Decided), "rule", r.Name)
	}
	for name, n := range counts {
		gauge("stream_events", "Events of a stream since it was last changed.", float64(n), "stream", name)
	}
}

func pluginMetrics(p *plugin.Plugin, counter, gauge sender) {
	m := p.Manifest()
	l := []string{"plugin", m.ID, "kind", manifest.KindName(m.Kind)}
	state, _ := p.State()
	gauge("plugin_up", "1 while the plugin runs.", flag(state == plugin.Running), l...)
	counter("plugin_calls_total", "Batches answered.", float64(p.Calls.Load()), l...)
	counter("plugin_rows_total", "Events in these batches.", float64(p.Rows.Load()), l...)
	counter("plugin_bytes_total", "Message bytes in these batches.", float64(p.Bytes.Load()), l...)
	counter("plugin_row_errors_total", "Events the plugin reported an error for.", float64(p.RowErrors.Load()), l...)
	counter("plugin_retries_total", "Events sent to an enricher again because it asked for it.", float64(p.Retries.Load()), l...)
	counter("plugin_bad_values_total", "Values that did not fit their field.", float64(p.BadValues.Load()), l...)
	counter("plugin_dropped_total", "Events the plugin dropped, as its manifest permits.", float64(p.Dropped.Load()), l...)
	counter("plugin_undeclared_total", "Values thrown away because the manifest does not list their field.", float64(p.Undeclared.Load()), l...)
	counter("plugin_drops_refused_total", "Events kept because the manifest does not permit to drop them.", float64(p.DropsRefused.Load()), l...)
	counter("plugin_poisoned_total", "Events the plugin does not survive.", float64(p.Poisoned.Load()), l...)
	counter("plugin_failures_total", "Calls that failed.", float64(p.Failures.Load()), l...)
	counter("plugin_refused_total", "What its processes tried and the sandbox refused.", float64(refused(p)), l...)
	counter("plugin_crashes_total", "Processes that ended and should not have.", float64(p.Crashes.Load()), l...)
	counter("plugin_restarts_total", "Processes started after the first.", float64(p.Restarts.Load()), l...)
	counter("plugin_cpu_seconds_total", "Processor time.", p.CPU().Seconds(), l...)
	gauge("plugin_memory_bytes", "What its process and those that it started have in memory, what they share with the host included.", float64(p.Memory()), l...)
	if b := p.Bytes.Load(); b > 0 {
		gauge("plugin_cpu_ms_per_mb", "Processor milliseconds per MB of messages.", 1000*p.CPU().Seconds()/(float64(b)/1e6), l...)
	}
}

func (c collector) rollouts(counter, gauge sender) {
	n, longest := c.s.rollouts.Swaps()
	counter("plugin_swaps_total", "Plugins replaced by another version, or by themselves with other settings, while events flowed.", float64(n))
	gauge("plugin_swap_pause_seconds", "Longest time that a detector stood still to be replaced; other plugins do not.", longest.Seconds())
	for _, r := range c.s.rollouts.All() {
		l := []string{"plugin", r.Plugin}
		gauge("plugin_rollout", "1 for the upgrade of a plugin that is under way or was the last one.", 1, append(l, "mode", string(r.Mode), "state", string(r.State), "from", r.From, "to", r.To)...)
		if r.Mode == rollout.Direct {
			continue
		}
		gauge("plugin_rollout_share", "Part of batches that a canary gets.", r.Share, l...)
		counter("plugin_rollout_compared_total", "Events that a shadow was compared in.", float64(r.Compared), l...)
		counter("plugin_rollout_skipped_batches_total", "Batches that a shadow had no time for, or no whole answer to.", float64(r.Skipped), l...)
		for version, side := range map[string]rollout.Side{"old": r.Old, "new": r.New} {
			v := append(slices.Clone(l), "version", version)
			counter("plugin_rollout_events_total", "Events that a version handled during an upgrade.", float64(side.Events), v...)
			counter("plugin_rollout_errors_total", "Events that it failed on.", float64(side.Errors), v...)
			gauge("plugin_rollout_cpu_ms_per_mb", "Processor milliseconds that it needed for a MB.", side.MsPerMB, v...)
		}
		for _, f := range r.Fields {
			if n := f.OnlyOld + f.OnlyNew + f.Changed; n > 0 {
				counter("plugin_rollout_differences_total", "Values in which a shadow differs from the version in service.", float64(n), append(slices.Clone(l), "field", f.Name)...)
			}
		}
	}
}

func flag(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func journalMetrics(name string, st journal.Stats, lags map[string]time.Duration, gauge sender) {
	gauge("journal_bytes", "Bytes of a journal on disk.", float64(st.Bytes), "journal", name)
	gauge("journal_max_bytes", "Bound of a journal.", float64(st.MaxBytes), "journal", name)
	gauge("journal_full", "1 while the journal takes nothing because it has reached its bound.", flag(st.Full), "journal", name)
	gauge("journal_failed", "1 while the journal cannot be written.", flag(st.Err != ""), "journal", name)
	for _, g := range st.Groups {
		gauge("journal_lag_entries", "Entries a consumer group is behind.", float64(g.Lag), "journal", name, "group", g.Name)
		gauge("journal_detached", "1 when a consumer group fell too far behind and has lost entries.", flag(g.Detached), "journal", name, "group", g.Name)
		gauge("journal_lag_bytes", "Bytes a consumer group is behind.", float64(g.LagBytes), "journal", name, "group", g.Name)
		if lag, known := lags[g.Name]; known {
			gauge("journal_lag_seconds", "How long ago what a consumer group reads next was appended, at most, up to an hour; while the host watches itself.", lag.Seconds(), "journal", name, "group", g.Name)
		}
	}
}

func refused(p *plugin.Plugin) (n int64) {
	for _, r := range p.Refused() {
		n += r.Count
	}
	return n
}
