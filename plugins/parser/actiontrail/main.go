// Command actiontrail parses the events of Alibaba Cloud ActionTrail.
//
// Format, by the ActionTrail user guide, "Management event structure" and "Data event structure" (event version 1): one
// event a line, {"eventId":…,"eventVersion":1,…}, its keys in any order; a file as it lies in a bucket of OSS, an array
// of events, of which every one becomes an event; and an event as Simple Log Service hands it on, under "event". A
// syslog header may stand in front.
package main

import (
	"errors"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/jsonscan"
)

// Config is what an admin may set for this plugin: nothing, as the lines say all.
type Config struct{}

type parser struct{}

// New returns a parser that is safe for concurrent use.
func New(Config) (sdk.Parser, error) { return parser{}, nil }

var (
	errForm   = errors.New("actiontrail: want a JSON object with eventId, or an array of them")
	errTime   = errors.New("actiontrail: want eventTime")
	errAction = errors.New("actiontrail: want eventName")
)

var events = jsonscan.Scanner{Depth: 5} // event.userIdentity.sessionContext.attributes.mfaAuthenticated

// Parse reads a line with one event.
func (parser) Parse(line []byte, ev *sdk.Event) error { return event(ev.Object(line, nil), ev) }

// ParseMany reads a line with one event or with an array of them.
func (p parser) ParseMany(line []byte, next func() *sdk.Event) error {
	if len(line) == 0 || line[0] != '[' {
		return p.Parse(line, next())
	}
	return sdk.EachObject(line, "", next, event, errForm)
}

func main() { sdk.ServeParser(New) }
