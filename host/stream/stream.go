// Package stream keeps the streams: named selections of events, each a saved query.
//
// Streams come from the configuration, which only the configuration changes, and from the API, which keeps
// them in one JSON file. The pipeline routes by [Set.Selectors].
package stream

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/logcenter/logcenter/sdk/query"
)

// Stream is a named selection of events; the log standard calls it a log topic.
type Stream struct {
	Name        string    `json:"name"`
	Description string    `json:"description,omitempty"`
	Query       string    `json:"query"`
	FromConfig  bool      `json:"-"`       // defined in the configuration, so the API cannot change it
	Updated     time.Time `json:"updated"` // zero for streams of the configuration
}

// Limits on streams.
const (
	MaxStreams     = 256
	MaxDescription = 1024 // bytes
)

// Errors that callers tell apart with errors.Is. [Set.Put] also returns *query.Error, wrapped.
var (
	ErrNotFound = errors.New("there is no such stream")
	// ErrConfig means that a stream belongs to the configuration.
	ErrConfig = errors.New("the stream is defined in the configuration")
	// ErrInvalid wraps what is wrong with a stream's name or description.
	ErrInvalid = errors.New("bad stream")
	ErrTooMany = fmt.Errorf("there are %d streams already, more are not kept", MaxStreams)
)

// Selector is a stream ready to be matched.
type Selector struct {
	Name string
	Node query.Node
}

var nameForm = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,63}$`)

// compile says what is wrong with s, or parses its query.
func compile(s Stream) (Selector, error) {
	if !nameForm.MatchString(s.Name) {
		return Selector{}, fmt.Errorf("%w: name %.80q: use 1 to 64 lower-case letters, digits, '.', '_' or '-', beginning with a letter or digit", ErrInvalid, s.Name)
	}
	if len(s.Description) > MaxDescription || !utf8.ValidString(s.Description) {
		return Selector{}, fmt.Errorf("%w: stream %s: the description has %d bytes; up to %d bytes of UTF-8 are kept", ErrInvalid, s.Name, len(s.Description), MaxDescription)
	}
	if strings.TrimSpace(s.Query) == "" {
		return Selector{}, fmt.Errorf("%w: stream %s has no query: write * to select every event", ErrInvalid, s.Name)
	}
	n, err := query.Parse(s.Query)
	if err == nil {
		err = query.CheckFields(n, nil)
	}
	if err != nil {
		return Selector{}, fmt.Errorf("stream %s: query: %w", s.Name, err)
	}
	return Selector{Name: s.Name, Node: n}, nil
}

func byName(a, b Stream) int { return strings.Compare(a.Name, b.Name) }

func find(ss []Stream, name string) (int, bool) {
	return slices.BinarySearchFunc(ss, name, func(s Stream, n string) int { return strings.Compare(s.Name, n) })
}
