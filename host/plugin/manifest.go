package plugin

import (
	"strings"
	"unicode/utf8"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/manifest"
	"github.com/logcenter/logcenter/sdk/wire"
)

// Manifest is the grant of a plugin.
type Manifest = manifest.Manifest

// Counters of an answer: what of it was beyond the grant.
const (
	undeclared   = "undeclared_fields" // the SDK counts, too
	dropsRefused = "drops_refused"
)

// restrict takes out of an answer what the manifest does not grant, counts it in the answer, and mends texts.
func restrict(m *Manifest, r *wire.Result) {
	delete(r.Counters, dropsRefused) // ours alone
	beyond := func(counter string, n int) {
		if r.Counters == nil {
			r.Counters = map[string]int64{}
		}
		r.Counters[counter] = max(0, r.Counters[counter]) + int64(n)
	}
	strip := func(cs []*wire.Column) []*wire.Column {
		kept := cs[:0]
		for _, c := range cs {
			f := ecs.Field(c.Field)
			if c.Field <= ecs.MaxFields && m.Grants(f) && sdk.WireType(f.Type()) == c.Type && (len(c.Lists) > 0) == f.Info().List {
				kept = append(kept, c)
				continue
			}
			beyond(undeclared, int(c.Count))
		}
		return kept
	}
	r.Columns = strip(r.Columns)
	if r.Fanout != nil {
		r.Fanout.Columns = strip(r.Fanout.Columns)
	}
	if !m.MayDrop && len(r.Drop) > 0 {
		beyond(dropsRefused, wire.CountBits(r.Drop, int(r.Rows)))
		r.Drop = nil
	}
	for _, e := range r.Errors {
		e.Code, e.Message, e.Field = mend(e.Code), mend(e.Message), mend(e.Field)
	}
}

// maxNote bounds what a plugin can say of one event.
const maxNote = 512

// mend makes a short text of what a plugin says: it becomes part of an event, which must stay UTF-8.
func mend(s string) string {
	if len(s) > maxNote {
		s = s[:maxNote]
		for i := 0; i < utf8.UTFMax && !utf8.ValidString(s[len(s)-min(len(s), utf8.UTFMax):]); i++ {
			s = s[:len(s)-1]
		}
	}
	return strings.Clone(strings.ToValidUTF8(s, "\uFFFD"))
}

// mendAlert makes the texts of an alert UTF-8, which protobuf insists on when a notifier is told of it, and its own:
// they alias the reply, and an alert outlives it.
func mendAlert(a *wire.Alert) {
	own := func(s string) string { return strings.Clone(strings.ToValidUTF8(s, "\uFFFD")) }
	for _, s := range [...]*string{
		&a.Id, &a.Rule, &a.RuleVersion, &a.Name, &a.Description, &a.Topic, &a.Type, &a.Method, &a.Frequency, &a.Remarks, &a.Severity,
	} {
		*s = own(*s)
	}
	for _, list := range [...][]string{a.EventIds, a.Tags} {
		for i, s := range list {
			list[i] = own(s)
		}
	}
	for _, m := range [...]*map[string]string{&a.Keys, &a.Fields} {
		clean := make(map[string]string, len(*m))
		for k, v := range *m {
			clean[own(k)] = own(v)
		}
		*m = clean
	}
}
