package client

import (
	"context"
	"net/http"
	"time"
)

// UpgradeRequest says which version of a plugin to bring in, and how. Zero values mean the host's defaults: the package
// of the plugin that was installed last, at once.
type UpgradeRequest struct {
	Digest string         `json:"digest,omitempty"` // of an installed package, of which the first 12 digits do
	Folder string         `json:"folder,omitempty"` // of the plugin, an absolute path on the host's machine, below a folder of plugins.dirs
	Mode   string         `json:"mode,omitempty"`   // direct, shadow or canary
	Share  float64        `json:"share,omitempty"`  // of batches that a canary gets, up to 0.5
	For    string         `json:"for,omitempty"`    // how long it is watched, such as 10m
	Events int64          `json:"events,omitempty"` // a shadow ends when so many were compared
	Check  bool           `json:"check,omitempty"`  // only start it once and ask whether it takes its config
	Limits *RolloutLimits `json:"limits,omitempty"`
	// Samples is how many lines are shown for each way in which a field differs.
	Samples int `json:"samples,omitempty"`
}

// RolloutLimits are what a canary may be worse by before it is taken back. Zero values mean the host's defaults.
type RolloutLimits struct {
	Errors    float64 `json:"errors,omitempty"`     // part of all events: 0.01 is one in a hundred
	Fill      float64 `json:"fill,omitempty"`       // part of all events that lack a field which they had
	Cost      float64 `json:"cost,omitempty"`       // CPU time for a MB, as a part of what it was
	Latency   float64 `json:"latency,omitempty"`    // time of a call for a MB, as a part of what it was
	MinEvents int64   `json:"min_events,omitempty"` // of either version, before it is judged
}

// Rollout tells of the upgrade of a plugin that is under way, or of the last one.
type Rollout struct {
	Plugin   string         `json:"plugin"`
	Mode     string         `json:"mode"`             // direct, shadow or canary
	State    string         `json:"state"`            // running, finished, promoted, aborted, rolled_back, failed or checked
	Reason   string         `json:"reason,omitempty"` // why it ended so
	From     string         `json:"from"`             // version in service when it began
	To       string         `json:"to"`
	Folder   string         `json:"folder"`
	More     []string       `json:"more,omitempty"`  // permissions that only the new version has
	Fewer    []string       `json:"fewer,omitempty"` // permissions that only the old version has
	Started  time.Time      `json:"started"`
	Ended    time.Time      `json:"ended,omitzero"`
	Until    time.Time      `json:"until,omitzero"` // when it ends by itself
	Share    float64        `json:"share,omitempty"`
	PauseMs  float64        `json:"pause_ms"` // how long a detector stood still; other kinds do not
	Compared int64          `json:"compared"` // events of a shadow
	Skipped  int64          `json:"skipped"`  // batches of a shadow that were not compared
	FanOut   *RolloutPair   `json:"fan_out,omitempty"`
	Old      RolloutSide    `json:"old"`
	New      RolloutSide    `json:"new"`
	Fields   []RolloutField `json:"fields"` // those that differ most first
}

// RolloutPair is a number of either version.
type RolloutPair struct {
	Old int64 `json:"old"`
	New int64 `json:"new"`
}

// RolloutSide is what one version did and cost since the rollout began.
type RolloutSide struct {
	Batches   int64   `json:"batches"`
	Events    int64   `json:"events"`
	Errors    int64   `json:"errors"`
	BadValues int64   `json:"bad_values"`
	Dropped   int64   `json:"dropped"`
	Restarts  int64   `json:"restarts"`
	MsPerMB   float64 `json:"ms_per_mb"`
	Latency   float64 `json:"latency_ms_per_mb"`
}

// RolloutField compares one field: of a shadow in the same events, and by the part of events that have it.
type RolloutField struct {
	Name    string          `json:"name"`
	OnlyOld int64           `json:"only_old"`
	OnlyNew int64           `json:"only_new"`
	Changed int64           `json:"changed"`
	Equal   int64           `json:"equal"`
	OldFill float64         `json:"old_fill"`
	NewFill float64         `json:"new_fill"`
	Samples []RolloutSample `json:"samples,omitempty"`
}

// RolloutSample is a line on which two versions differ, masked.
type RolloutSample struct {
	Way  string `json:"way"` // only_old, only_new or changed
	Line string `json:"line"`
	Old  string `json:"old,omitempty"`
	New  string `json:"new,omitempty"`
}

// Reconfigured is what came of having a host read a plugin's settings again.
type Reconfigured struct {
	Changed bool   `json:"changed"` // they are, or with Checked would be, others than before
	Checked bool   `json:"checked"` // nothing was done: the plugin was only asked
	Plugin  Plugin `json:"plugin"`
}

// UpgradePlugin brings in another version of a plugin.
func (c *Client) UpgradePlugin(ctx context.Context, id string, r UpgradeRequest) (*Rollout, error) {
	q, err := request{method: http.MethodPost, path: []string{"plugins", id, "upgrade"}, once: true}.json(r)
	if err != nil {
		return nil, err
	}
	return call[Rollout](ctx, c, q)
}

// RollbackPlugin puts the version back that was there before the last upgrade.
func (c *Client) RollbackPlugin(ctx context.Context, id string) (*Rollout, error) {
	return call[Rollout](ctx, c, request{method: http.MethodPost, path: []string{"plugins", id, "rollback"}, once: true})
}

// Rollout returns the upgrade of a plugin that is under way, or else the last one since the host started.
func (c *Client) Rollout(ctx context.Context, id string) (*Rollout, error) {
	return call[Rollout](ctx, c, get("plugins", id, "rollout"))
}

// PromotePlugin puts the version of a shadow or a canary into service.
func (c *Client) PromotePlugin(ctx context.Context, id string) (*Rollout, error) {
	return call[Rollout](ctx, c, request{method: http.MethodPost, path: []string{"plugins", id, "rollout", "promote"}})
}

// AbortRollout ends a shadow or a canary; the version in service stays.
func (c *Client) AbortRollout(ctx context.Context, id string) (*Rollout, error) {
	return call[Rollout](ctx, c, request{method: http.MethodPost, path: []string{"plugins", id, "rollout", "abort"}})
}

// ReconfigurePlugin has the host read the plugin's settings from its configuration's file and bring them into effect;
// check only asks the plugin whether it takes them.
func (c *Client) ReconfigurePlugin(ctx context.Context, id string, check bool) (*Reconfigured, error) {
	q, err := request{method: http.MethodPost, path: []string{"plugins", id, "reconfigure"}}.json(map[string]bool{"check": check})
	if err != nil {
		return nil, err
	}
	return call[Reconfigured](ctx, c, q)
}
