package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// FollowRequest says which changes of alerts and cases to follow.
type FollowRequest struct {
	Filter AlertFilter // without Limit and Cursor
	After  int64       // id of a change: go on behind it; 0 begins with what is new

	// OnGap is told that changes behind After were removed with alerts that are not kept any more. nil: nobody is.
	OnGap func()
	// OnReconnect is told why the connection was lost, once it is there again. Nothing was missed. nil: nobody is.
	OnReconnect func(lost time.Time, reason error)
	// OnPosition is told up to which change all was handed out, for a later After. nil: nobody is.
	OnPosition func(at int64)
}

// FollowedChange is a change, with what it was made to as that is now.
type FollowedChange struct {
	Change AlertChange `json:"change"`
	Alert  *Alert      `json:"alert,omitempty"`
	Case   *Case       `json:"case,omitempty"`
}

// FollowAlerts hands each change to f, in their order, until ctx is done or f returns an error, which FollowAlerts
// returns. It connects again when the connection is lost, and goes on where it was.
func (c *Client) FollowAlerts(ctx context.Context, r FollowRequest, f func(FollowedChange) error) error {
	at := r.After
	st := sseStream{c: c, onReconnect: r.OnReconnect}
	st.request = func() request {
		q := get("alerts", "changes").with(r.Filter.params())
		if at > 0 {
			q.header = http.Header{"Last-Event-Id": {strconv.FormatInt(at, 10)}}
		}
		return q
	}
	st.message = func(event string, data []byte) error {
		switch event {
		case "change":
			var one FollowedChange
			if err := json.Unmarshal(data, &one); err != nil {
				return &answerError{fmt.Errorf("the answer is not Logcenter's: %w", err)}
			}
			if err := f(one); err != nil {
				return &answerError{err}
			}
			at = one.Change.ID
		case "heartbeat":
			var beat struct {
				At int64 `json:"at"`
			}
			if err := json.Unmarshal(data, &beat); err != nil {
				return &answerError{fmt.Errorf("the answer is not Logcenter's: %w", err)}
			}
			if at = max(at, beat.At); r.OnPosition != nil {
				r.OnPosition(at)
			}
		case "gap":
			if r.OnGap != nil {
				r.OnGap()
			}
		}
		return nil
	}
	return st.follow(ctx)
}
