package service

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/logcenter/logcenter/host/rule"
	"github.com/logcenter/logcenter/host/rule/reason"
	"github.com/logcenter/logcenter/host/store"
	said "github.com/logcenter/logcenter/sdk/rule"
)

type reasonsAPI struct{ s *Service }

// Reason says why an alert was raised.
func (a reasonsAPI) Reason(ctx context.Context, scope store.Scope, id string) (*reason.Reason, error) {
	d, err := a.s.ledger.Show(ctx, scope, id)
	if err != nil {
		return nil, err
	}
	alert := reason.Alert{
		ID: d.ID, Kind: d.Kind, Rule: d.Rule, Recovers: d.Recovers, Keys: d.Keys, Fields: d.Fields, EventIDs: d.EventIDs,
		First: d.First, Last: d.Last, Raised: d.Recorded,
	}
	if d.Repeats == 0 { // else they are also those of its repeats
		alert.Events = d.Events
	}
	r, note, err := a.ruleAt(ctx, alert.Rule, alert.Raised)
	if err != nil {
		return nil, err
	}
	out, err := reason.Of(ctx, a.s.store, scope, alert, r)
	if err == nil && note != "" {
		out.Notes = append(out.Notes, note)
	}
	return out, err
}

// ruleAt is a rule as it was at a time, with what must be said of that; nil if there is none.
func (a reasonsAPI) ruleAt(ctx context.Context, id string, at time.Time) (*said.Rule, string, error) {
	now, err := a.s.library.Get(id)
	if errors.Is(err, rule.ErrNotFound) {
		now = nil
	} else if err != nil {
		return nil, "", err
	}
	if now != nil && !now.Latest.At.After(at) {
		return &now.Rule, "", nil
	}
	list, err := a.s.library.History(ctx, id, 0, rule.MaxVersions)
	if err != nil && !errors.Is(err, rule.ErrNotFound) {
		return nil, "", err
	}
	for _, v := range list { // the newest first
		if v.At.After(at) || v.Gone {
			continue
		}
		v, err := a.s.library.Version(ctx, id, v.Number)
		if err != nil {
			return nil, "", err
		}
		docs, err := rule.Read(fmt.Sprintf("version %d of rule %s", v.Number, id), []byte(v.Text))
		if err == nil && len(docs) == 1 {
			return &docs[0].Rule, fmt.Sprintf("by version %d of the rule, which has changed since", v.Number), nil
		}
		break
	}
	if now == nil {
		return nil, "", nil
	}
	return &now.Rule, "the rule is as it is now: its text of that time is not known", nil
}
