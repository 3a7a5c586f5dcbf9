package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// BacktestRequest says which rules to run over which stored events.
type BacktestRequest struct {
	// Rules are rules as in files of rules, with the same keys.
	Rules []map[string]any `json:"rules,omitempty"`
	// IDs are of rules that the host has.
	IDs []string `json:"ids,omitempty"`
	Selection

	// OnProgress is told how far it is, about once a second; nil: nobody is. An error ends it.
	OnProgress func(BacktestProgress) error `json:"-"`
	// OnAlert is told of every alert that would have been raised, up to 10,000; nil: nobody is. An error ends it.
	OnAlert func(BacktestAlert) error `json:"-"`
}

// BacktestProgress is how far a backtest is.
type BacktestProgress struct {
	Events    int64     `json:"events"`  // that the rules have seen
	Scanned   int64     `json:"scanned"` // of Total
	Total     int64     `json:"total"`   // an upper bound
	At        time.Time `json:"at,omitzero"`
	Alerts    int64     `json:"alerts"`
	Seconds   float64   `json:"seconds"`
	PerSecond float64   `json:"events_per_second"`
}

// BacktestAlert is an alert that would have been raised.
type BacktestAlert struct {
	ID       string            `json:"id"` // as it would have been
	Rule     string            `json:"rule"`
	Name     string            `json:"name"`
	Severity string            `json:"severity"`
	Kind     string            `json:"kind,omitempty"` // recovery; empty: an alert
	Keys     map[string]string `json:"keys"`
	Fields   map[string]string `json:"fields,omitempty"`
	Events   uint64            `json:"events"`
	First    time.Time         `json:"first"`
	Last     time.Time         `json:"last"`
	EventIDs []string          `json:"event_ids"`
}

// BacktestReport is what came of a backtest.
type BacktestReport struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
	BacktestProgress
	CPUSeconds float64 `json:"detector_cpu_seconds"`
	// Rules are all that were run, those with the most alerts first.
	Rules []BacktestFigures `json:"rules"`
}

// BacktestFigures are what a rule would have done.
type BacktestFigures struct {
	Rule       string        `json:"rule"`
	Name       string        `json:"name"`
	Severity   string        `json:"severity"`
	Alerts     int64         `json:"alerts"`
	PerDay     float64       `json:"alerts_per_day"`
	Keys       int           `json:"keys"`     // different groups, up to 10,000
	Top        []BacktestKey `json:"top_keys"` // with the most alerts
	First      time.Time     `json:"first_alert,omitzero"`
	Last       time.Time     `json:"last_alert,omitzero"`
	Matched    uint64        `json:"matched"` // events; this and what follows is 0 if the detector does not say
	Suppressed uint64        `json:"suppressed"`
	Evicted    uint64        `json:"evicted"`
	Ungrouped  uint64        `json:"ungrouped"`
	Excepted   uint64        `json:"excepted"`
	CostMS     float64       `json:"cost_ms"`
	Error      string        `json:"error,omitempty"`
}

// BacktestKey is a group with how many alerts it had.
type BacktestKey struct {
	Key    string `json:"key"`
	Alerts int64  `json:"alerts"`
}

// Backtest runs rules over stored events; nothing is recorded, and nobody is told. It ends with ctx.
func (c *Client) Backtest(ctx context.Context, r BacktestRequest) (report *BacktestReport, err error) {
	q, err := request{method: http.MethodPost, path: []string{"backtest"}, once: true}.json(r)
	if err != nil {
		return nil, err
	}
	err = c.do(ctx, q, func(res *http.Response) error {
		err := readSSE(res.Body, func(event string, data []byte) error { return r.message(event, data, &report) })
		if errors.Is(err, errEnded) && report != nil {
			return nil
		}
		return err
	})
	return report, err
}

// message takes one message of a backtest.
func (r *BacktestRequest) message(event string, data []byte, report **BacktestReport) error {
	var err error
	switch event {
	case "progress":
		err = handed(data, r.OnProgress)
	case "alert":
		err = handed(data, r.OnAlert)
	case "report":
		*report = &BacktestReport{}
		err = json.Unmarshal(data, *report)
	case "error":
		answer := &Error{}
		if err = json.Unmarshal(data, answer); err == nil {
			err = answer
		}
	}
	if err != nil {
		return &answerError{err}
	}
	return nil
}

// handed gives what a message says to f.
func handed[T any](data []byte, f func(T) error) error {
	var v T
	if err := json.Unmarshal(data, &v); err != nil {
		return fmt.Errorf("the answer is not Logcenter's: %w", err)
	}
	if f == nil {
		return nil
	}
	return f(v)
}
