// Command cloudtrail parses the events of AWS CloudTrail.
//
// Format, by the CloudTrail user guide, "CloudTrail record contents" (event version 1.11) and "userIdentity element":
// one record a line, {"eventVersion":"1.11","userIdentity":{…},"eventTime":…}; a whole log file as it lies in the
// bucket, {"Records":[…]}, of which every record becomes an event; and a record as EventBridge passes it on, under
// "detail". A syslog header may stand in front.
package main

import (
	"bytes"
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
	errForm   = errors.New("cloudtrail: want a JSON object with eventVersion, or with Records")
	errTime   = errors.New("cloudtrail: want eventTime")
	errAction = errors.New("cloudtrail: want eventName")
)

var (
	recordsMark = []byte(`{"Records"`)
	records     = jsonscan.Scanner{Depth: 6} // detail.userIdentity.sessionContext.sessionIssuer.userName
)

// Parse reads a line with one record.
func (parser) Parse(line []byte, ev *sdk.Event) error { return record(ev.Object(line, nil), ev) }

// ParseMany reads a line with one record or with a file of them.
func (p parser) ParseMany(line []byte, next func() *sdk.Event) error {
	if !bytes.HasPrefix(line, recordsMark) {
		return p.Parse(line, next())
	}
	return sdk.EachObject(line, "Records", next, record, errForm)
}

func main() { sdk.ServeParser(New) }
