package rule

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// Change says who changes a rule, and to which of its versions.
type Change struct {
	By   string // for the history
	Note string // why; may be empty
	// Expected is the number of the version that the change is made to, 0 that there is no such rule; nil does not ask.
	// ErrStale if it is another one, ErrExists if there should be none.
	Expected *int64
	// Try does everything but the change: the detectors that run are asked, too.
	Try bool
}

// MaxNote is how many bytes a note may have.
const MaxNote = 1000

// Text is a rule that is to be written, in YAML or JSON.
type Text struct {
	ID, Text string
	// Expected is Change.Expected of this rule.
	Expected *int64
}

// Put writes a rule: a new one, a text in place of that of the API, or one that replaces a plugin's. How it is switched
// stays. An error of the text has file (the id), line and column. created says that the API had no such rule.
func (l *Library) Put(ctx context.Context, id, text string, c Change) (r *Rule, created bool, err error) {
	list, created, err := l.put(ctx, []Text{{id, text, c.Expected}}, c)
	if err != nil {
		return nil, false, err
	}
	return list[0], created, nil
}

// PutAll writes rules as Put does, all or none: detectors change once.
func (l *Library) PutAll(ctx context.Context, texts []Text, c Change) ([]*Rule, error) {
	list, _, err := l.put(ctx, texts, c)
	return list, err
}

func (l *Library) put(ctx context.Context, texts []Text, c Change) (list []*Rule, created bool, err error) {
	docs, err := readTexts(texts)
	if err != nil {
		return nil, false, err
	}
	what := change{by: c.By, note: c.Note, action: Put}
	for i := range texts {
		what.about = append(what.about, about{texts[i].ID, texts[i].Expected})
	}
	list, err = l.change(ctx, what, c.Try, func(s *sources) error {
		var errs []error
		for _, d := range docs {
			created = created || s.own[d.ID] == nil
			errs = append(errs, l.write(s, d))
		}
		return errors.Join(errs...)
	})
	return list, created, err
}

// readTexts reads rules, each of which must be one.
func readTexts(texts []Text) (docs []*Document, err error) {
	var errs []error
	seen := map[string]bool{}
	for _, t := range texts {
		list, err := Read(t.ID, []byte(t.Text))
		switch {
		case err != nil:
			errs = append(errs, err)
			continue
		case len(list) != 1:
			errs = append(errs, list[1].Fault("", fmt.Sprintf("is one of %d rules", len(list)), "put each by itself"))
		case list[0].ID != t.ID:
			errs = append(errs, list[0].Fault("id", fmt.Sprintf("%q is not the rule %q that is to be written", list[0].ID, t.ID), "they must be the same"))
		case seen[t.ID]:
			errs = append(errs, list[0].Fault("id", fmt.Sprintf("%q is written twice", t.ID), ""))
		}
		seen[t.ID] = true
		docs = append(docs, list[0])
	}
	return docs, errors.Join(errs...)
}

// write has the text of a rule be the API's.
func (l *Library) write(s *sources, d *Document) error {
	if have := l.now.Load().byID[d.ID]; have != nil {
		if have.Origin.Source == FromDirectory {
			return fmt.Errorf("%w: the rule %s is %s: change it there, and have the host read it again (SIGHUP), or remove it there first", ErrConflict, d.ID, have.Origin)
		}
		if have.Origin.Source == FromPlugin && d.Rule.Replaces != have.Origin.Plugin {
			return d.Fault("replaces", taken(have, written{Document: d, origin: Origin{Source: FromAPI}}), "")
		}
	}
	delete(s.unread, d.ID)
	s.unfit = without(s.unfit, d.ID)
	s.own[d.ID] = d
	return nil
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
	return l.changeOne(ctx, id, Delete, c, func(s *sources) error { return l.drop(s, id) })
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
	return l.changeOne(ctx, id, to, c, func(s *sources) error {
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
	return l.changeOne(ctx, id, Rollback, c, func(s *sources) error {
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

// changeOne does one change of one rule, and returns the rule that then has its id, nil if none.
func (l *Library) changeOne(ctx context.Context, id string, action Action, c Change, edit func(*sources) error) (*Rule, error) {
	list, err := l.change(ctx, change{about: []about{{id, c.Expected}}, by: c.By, note: c.Note, action: action}, c.Try, edit)
	if err != nil {
		return nil, err
	}
	return list[0], nil
}

// change does one change of some rules, as a whole or not at all, and returns the rules that then have their ids, nil where
// there is none.
func (l *Library) change(ctx context.Context, what change, try bool, edit func(*sources) error) ([]*Rule, error) {
	if len(what.note) > MaxNote {
		return nil, fmt.Errorf("%w: a note has %d bytes at most, not %d", ErrConflict, MaxNote, len(what.note))
	}
	done, err := l.claim(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	if err := l.expect(what.about); err != nil {
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
	list, err := s.outcome(next, &what)
	if err != nil {
		return nil, err
	}
	if try {
		return list, next.explain(l.o.Detectors.Check(ctx, next.given))
	}
	what.about = slices.DeleteFunc(what.about, func(a about) bool { return l.same(s, next.byID[a.id], a.id) })
	if len(what.about) == 0 {
		return list, nil
	}
	if err := l.give(ctx, next); err != nil {
		return nil, next.explain(err)
	}
	// From here on it is done, whoever has stopped waiting.
	if err := l.commit(context.WithoutCancel(ctx), s, next, what); err != nil {
		return nil, err
	}
	l.tell()
	return list, nil
}

// outcome is the rules that a change is about, as they would be.
func (s *sources) outcome(next *set, what *change) (list []*Rule, err error) {
	var errs []error
	for _, a := range what.about {
		r := next.byID[a.id]
		if r != nil && r.Problem != "" && (what.action == Put || what.action == Rollback) {
			errs = append(errs, r.Fault("", r.Problem, ""))
		} else if s.own[a.id] != nil && r.Origin.Source != FromAPI {
			errs = append(errs, fmt.Errorf("%w: the rule %s %s", ErrConflict, a.id, taken(r, written{s.own[a.id], Origin{Source: FromAPI}})))
		}
		list = append(list, r)
	}
	return list, errors.Join(errs...)
}

// same says whether the newest version of a rule is what it would become.
func (l *Library) same(s *sources, r *Rule, id string) bool {
	h := l.heads[id]
	return h != nil && r != nil && !h.Gone && h.Text == r.Text && h.State == s.states[id] && h.Origin.Source == r.Origin.Source && h.Origin.Plugin == r.Origin.Plugin
}

// expect says whether rules have the versions that somebody takes them to have.
func (l *Library) expect(list []about) error {
	var errs []error
	for _, a := range list {
		errs = append(errs, l.expectOne(a.id, a.expected))
	}
	return errors.Join(errs...)
}

func (l *Library) expectOne(id string, number *int64) error {
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
		return fmt.Errorf("%w: %s, in version %d by %s", ErrExists, id, have, h.By)
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
