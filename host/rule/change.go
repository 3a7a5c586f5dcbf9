package rule

import (
	"context"
	"errors"
	"fmt"
)

// Change says who changes a rule, and to which of its versions.
type Change struct {
	By   string // for the history
	Note string // why; may be empty
	// Expected is the number of the version that the change is made to, 0 that there is no such rule; nil does not ask.
	// ErrStale if it is another one.
	Expected *int64
	// Try does everything but the change: the detectors that run are asked, too.
	Try bool
}

// MaxNote is how many bytes a note may have.
const MaxNote = 1000

// Put writes a rule, whose text is YAML or JSON: a new one, a text in place of that of the API, or one that replaces a
// plugin's. How it is switched stays. An error of the text has file (the id), line and column. created says that the API
// had no such rule.
func (l *Library) Put(ctx context.Context, id, text string, c Change) (r *Rule, created bool, err error) {
	docs, err := Read(id, []byte(text))
	if err != nil {
		return nil, false, err
	}
	if len(docs) != 1 {
		return nil, false, docs[1].Fault("", fmt.Sprintf("is one of %d rules", len(docs)), "put them one by one")
	}
	d := docs[0]
	if d.ID != id {
		return nil, false, d.Fault("id", fmt.Sprintf("%q is not the rule %q that is to be written", d.ID, id), "they must be the same")
	}
	r, err = l.change(ctx, change{id: id, by: c.By, note: c.Note, action: Put}, c, func(s *sources) error {
		if have := l.now.Load().byID[id]; have != nil {
			if have.Origin.Source == FromDirectory {
				return fmt.Errorf("%w: the rule %s is %s: change it there, and have the host read it again (SIGHUP), or remove it there first", ErrConflict, id, have.Origin)
			}
			if have.Origin.Source == FromPlugin && d.Rule.Replaces != have.Origin.Plugin {
				return d.Fault("replaces", taken(have, written{Document: d, origin: Origin{Source: FromAPI}}), "")
			}
		}
		created = s.own[id] == nil
		delete(s.unread, id)
		s.unfit = without(s.unfit, id)
		s.own[id] = d
		return nil
	})
	return r, created, err
}

func without(list []Problem, id string) (rest []Problem) {
	for _, p := range list {
		if p.Rule != id {
			rest = append(rest, p)
		}
	}
	return rest
}

// Delete deletes a rule of the API; one of a plugin that it replaced counts again, and is returned. How it was switched
// stays with the id.
func (l *Library) Delete(ctx context.Context, id string, c Change) (*Rule, error) {
	return l.change(ctx, change{id: id, by: c.By, note: c.Note, action: Delete}, c, func(s *sources) error { return l.drop(s, id) })
}

func (l *Library) drop(s *sources, id string) error {
	_, unread := s.unread[id]
	if s.own[id] == nil && !unread {
		have, err := l.Get(id)
		if err != nil {
			return err
		}
		return fmt.Errorf("%w: the rule %s is %s, and goes with it: disable it instead", ErrConflict, id, have.Origin)
	}
	delete(s.own, id)
	delete(s.unread, id)
	s.unfit = without(s.unfit, id)
	return nil
}

// Switch switches a rule of any origin on ([Enable]), silent ([Silence]) or off ([Disable]).
func (l *Library) Switch(ctx context.Context, id string, to Action, c Change) (*Rule, error) {
	return l.change(ctx, change{id: id, by: c.By, note: c.Note, action: to}, c, func(s *sources) error {
		if _, err := l.Get(id); err != nil {
			return err
		}
		s.states[id] = switches[to]
		return nil
	})
}

// Rollback brings a rule back to the text and the state of a version of before. A text that a file had can only come back
// with that file. If there was no such rule then, it is deleted, and nil is returned.
func (l *Library) Rollback(ctx context.Context, id string, number int64, c Change) (*Rule, error) {
	v, err := l.Version(ctx, id, number)
	if err != nil {
		return nil, err
	}
	return l.change(ctx, change{id: id, by: c.By, note: c.Note, action: Rollback}, c, func(s *sources) error {
		if delete(s.states, id); v.State != "" {
			s.states[id] = v.State
		}
		if v.Gone {
			return l.drop(s, id)
		}
		if v.Origin.Source == FromAPI {
			return l.restore(s, v)
		}
		return l.uncover(s, v)
	})
}

// restore has the API's text of a version count again.
func (l *Library) restore(s *sources, v *Version) error {
	if have := l.now.Load().byID[v.Rule]; have != nil && have.Origin.Source == FromDirectory {
		return fmt.Errorf("%w: the rule %s is %s now: remove it there first", ErrConflict, v.Rule, have.Origin)
	}
	docs, err := Read(fmt.Sprintf("%s@%d", v.Rule, v.Number), []byte(v.Text))
	if err != nil {
		return err
	}
	delete(s.unread, v.Rule)
	s.unfit = without(s.unfit, v.Rule)
	s.own[v.Rule] = docs[0]
	return nil
}

// uncover has a file's text count again, which must be the one of a version.
func (l *Library) uncover(s *sources, v *Version) error {
	delete(s.own, v.Rule)
	next, err := l.resolve(s)
	if err != nil {
		return err
	}
	if r := next.byID[v.Rule]; r == nil || r.Text != v.Text {
		return fmt.Errorf("%w: version %d of the rule %s is that of %s, which is not there any more as it was: put its text (`logcenter rule show %s --version %d`) as a rule of your own",
			ErrConflict, v.Number, v.Rule, v.Origin.by(), v.Rule, v.Number)
	}
	return nil
}

// change does one change of one rule, as a whole or not at all, and returns the rule that then has its id, nil if none.
func (l *Library) change(ctx context.Context, what change, c Change, edit func(*sources) error) (*Rule, error) {
	if len(what.note) > MaxNote {
		return nil, fmt.Errorf("%w: a note has %d bytes at most, not %d", ErrConflict, MaxNote, len(what.note))
	}
	done, err := l.claim(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	if err := l.expect(what.id, c.Expected); err != nil {
		return nil, err
	}
	s := l.sources.clone()
	if err := edit(s); err != nil {
		return nil, err
	}
	next, err := l.resolve(s)
	if err != nil {
		return nil, err
	}
	r := next.byID[what.id]
	if r != nil && r.Problem != "" && (what.action == Put || what.action == Rollback) {
		return nil, r.Fault("", r.Problem, "")
	}
	if s.own[what.id] != nil && r.Origin.Source != FromAPI {
		return nil, fmt.Errorf("%w: the rule %s %s", ErrConflict, what.id, taken(r, written{s.own[what.id], Origin{Source: FromAPI}}))
	}
	if c.Try {
		return r, next.explain(l.o.Detectors.Check(ctx, next.given))
	}
	if l.same(s, r, what.id) {
		return r, nil
	}
	if err := l.give(ctx, next); err != nil {
		return nil, next.explain(err)
	}
	// From here on it is done, whoever has stopped waiting.
	if err := l.commit(context.WithoutCancel(ctx), s, next, what); err != nil {
		return nil, err
	}
	l.tell()
	return r, nil
}

// same says whether the newest version of a rule is what it would become.
func (l *Library) same(s *sources, r *Rule, id string) bool {
	h := l.heads[id]
	return h != nil && r != nil && !h.Gone && h.Text == r.Text && h.State == s.states[id] && h.Origin.Source == r.Origin.Source && h.Origin.Plugin == r.Origin.Plugin
}

// expect says whether a rule has the version that somebody takes it to have.
func (l *Library) expect(id string, number *int64) error {
	if number == nil {
		return nil
	}
	h := l.heads[id]
	have := int64(0)
	if h != nil && !h.Gone {
		have = h.Number
	}
	switch {
	case have == *number:
		return nil
	case have == 0:
		return fmt.Errorf("%w: there is no rule %s", ErrStale, id)
	case *number == 0:
		return fmt.Errorf("%w: there is a rule %s, in version %d by %s", ErrStale, id, have, h.By)
	}
	return fmt.Errorf("%w: version %d of the rule %s was expected, it has version %d by %s", ErrStale, *number, id, have, h.By)
}

// explain gives a detector's refusal the places in the rules.
func (s *set) explain(err error) error {
	var refused *RefusedError
	if errors.As(err, &refused) {
		return s.located(refused)
	}
	return err
}
