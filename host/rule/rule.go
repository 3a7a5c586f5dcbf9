// Package rule is the library of rules: which there are, from where, in which state, and how they came to be so.
//
// Rules are documents in YAML (see [Document]) that come from three places: files rules/*.yaml in the folders of the
// plugins that are to run, files *.yaml in a folder of the admin's, and the API, whose rules lie in the metadata store. An id
// is one rule: a second document under it is left out, with both places in the reason, unless it is the admin's and says
// which plugin's rule it replaces. Any rule can be switched on, silent or off, whoever wrote it; that is kept apart from
// its text, which files go on to say.
//
// Every change is a version in the rule's history: who, when, why, text and state, also when a file was changed while no
// host ran. A change by the API is made by whoever knows the version it is made to, if they say so.
//
// Detectors get the rules that are on as one list. A list that one of them refuses is refused as a whole, and nothing has
// changed, but for what comes with a start or with a plugin: then the rules it refuses are left out, and the others run.
package rule

import (
	"errors"
	"time"
)

// Errors of changes. They may be wrapped.
var (
	ErrNotFound = errors.New("there is no such rule")
	// ErrNoVersion means that the rule has no such version, or not any more.
	ErrNoVersion = errors.New("there is no such version")
	// ErrExists means that there is a rule, of a change that wanted none.
	ErrExists = errors.New("there is a rule of this id already")
	// ErrStale means that the rule has another version than the one that the change was made to.
	ErrStale = errors.New("the rule has changed since")
	// ErrConflict means that a change makes no sense in the present state.
	ErrConflict = errors.New("conflict")
)

// State says what becomes of what a rule finds.
type State string

// The states.
const (
	On     State = "on"     // alerts are raised and told
	Silent State = "silent" // alerts are recorded, and nobody is told
	Off    State = "off"    // it is not looked for
)

// Source is where a rule comes from.
type Source string

// The sources, in the order in which the next one goes before the one before.
const (
	FromPlugin    Source = "plugin"
	FromDirectory Source = "directory"
	FromAPI       Source = "api"
)

// Origin is where a rule comes from, exactly.
type Origin struct {
	Source  Source
	Plugin  string // its id; empty if it is no plugin's
	Release string // the plugin's version
	File    string // empty if it is the API's
	Line    int
}

// Rule is a rule as it is now. It does not change.
type Rule struct {
	*Document
	Origin  Origin
	Instead *Origin // the rule of a plugin that it stands in for; nil: none
	State   State
	Problem string  // why it is not looked for although it is not off; empty: it is, by every detector that takes rules
	Latest  Version // without its text, which is the document's
}

// Version is a rule as it was behind one change.
type Version struct {
	Rule   string
	Number int64 // from 1, by ones
	At     time.Time
	By     string // who changed it: a caller of the API, a plugin with its version, or a file
	Action Action
	Note   string // why; may be empty
	Origin Origin // Line is 0
	State  State  // as somebody switched it; empty: as the text says
	Text   string
	Gone   bool // there was no such rule any more
}

// Action is what was done to a rule.
type Action string

// The actions.
const (
	Put      Action = "put"      // written by the API
	Delete   Action = "delete"   // deleted by the API
	Enable   Action = "enable"   // switched on
	Silence  Action = "silence"  // switched silent
	Disable  Action = "disable"  // switched off
	Rollback Action = "rollback" // brought back to a version of before
	Appear   Action = "appear"   // a file has it
	Edit     Action = "edit"     // a file has it otherwise
	Vanish   Action = "vanish"   // no file has it any more
)

// switches are the states that actions lead to.
var switches = map[Action]State{Enable: On, Silence: Silent, Disable: Off}

// Problem is something that is wrong with what files and the API say, so that it does not count.
type Problem struct {
	Rule  string // its id; empty if it is not known
	Place string // file and line, or the API
	Msg   string
	// Shipped says that it is about what a plugin ships: rules for devices that this host does not parse are refused, as
	// nobody has the fields that they ask for.
	Shipped bool
}

// String is a problem in one line.
func (p Problem) String() string {
	s := p.Msg
	if p.Place != "" {
		s = p.Place + ": " + s
	}
	if p.Rule != "" {
		s = "rule " + p.Rule + ": " + s
	}
	return s
}
