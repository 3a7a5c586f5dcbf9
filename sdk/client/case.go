package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Case groups alerts that belong together.
type Case struct {
	ID      int64     `json:"id"`
	Title   string    `json:"title"`
	Owner   string    `json:"owner,omitempty"`
	State   string    `json:"state"` // open or closed
	Created time.Time `json:"created"`
	By      string    `json:"by"`
	Closed  time.Time `json:"closed,omitzero"`
	Alerts  int64     `json:"alerts"`
}

// CaseDetail is a case with what is in it.
type CaseDetail struct {
	Case
	Members  []Alert       `json:"members"` // by the time of their first event
	Timeline []AlertChange `json:"timeline"`
}

// NewCase is a case to be made.
type NewCase struct {
	Title string   `json:"title"`
	Owner string   `json:"owner,omitempty"`
	Note  string   `json:"note,omitempty"`
	IDs   []string `json:"ids,omitempty"` // of alerts
}

// CaseAction is something to be done to a case.
type CaseAction struct {
	Action string   `json:"action"` // add, remove, assign, close, reopen or note
	IDs    []string `json:"ids,omitempty"`
	Owner  string   `json:"owner,omitempty"`
	Note   string   `json:"note,omitempty"`
}

// CreateCase makes a case.
func (c *Client) CreateCase(ctx context.Context, n NewCase) (*CaseDetail, error) {
	r, err := request{method: http.MethodPost, path: []string{"cases"}, once: true}.json(n)
	if err != nil {
		return nil, err
	}
	return call[CaseDetail](ctx, c, r)
}

// Case returns a case with its alerts.
func (c *Client) Case(ctx context.Context, id int64) (*CaseDetail, error) {
	return call[CaseDetail](ctx, c, get("cases", strconv.FormatInt(id, 10)))
}

// Cases returns cases, the newest first, up to 1000 behind the one with the number before; 0 begins.
func (c *Client) Cases(ctx context.Context, state, owner string, before int64) ([]Case, error) {
	p := url.Values{}
	setText(p, "state", state)
	setText(p, "owner", owner)
	setInt(p, "before", int(before))
	answer, err := call[struct {
		Cases []Case `json:"cases"`
	}](ctx, c, get("cases").with(p))
	if err != nil {
		return nil, err
	}
	return answer.Cases, nil
}

// ActOnCase changes a case and returns how it is then. Notes are not sent again when the connection breaks.
func (c *Client) ActOnCase(ctx context.Context, id int64, a CaseAction) (*CaseDetail, error) {
	r, err := request{method: http.MethodPost, path: []string{"cases", strconv.FormatInt(id, 10), "actions"}, once: a.Action == "note"}.json(a)
	if err != nil {
		return nil, err
	}
	return call[CaseDetail](ctx, c, r)
}
