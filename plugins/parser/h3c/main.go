// Command h3c parses the logs of H3C SecPath firewalls, and of other devices with Comware.
//
// Format, by the H3C Security Products Comware 7 System Log Messages Reference:
//
//	<PRI>TIME HOSTNAME %%10MODULE/SEVERITY/BRIEF: DESCRIPTION
//
// or, as "display logbuffer" shows it, %TIME HOSTNAME MODULE/SEVERITY/BRIEF: DESCRIPTION. 10 is the version of the format; (l), a log, or (t), a trap, may stand behind BRIEF. DESCRIPTION begins with
// -Key=value pairs that say where in the device it is from and ends in text; or it is Key(NUMBER)=value pairs with
// semicolons between them.
package main

import (
	"errors"
	"time"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/infocenter"
)

// Config is what an admin may set for this plugin.
type Config struct {
	// Timezone is the IANA zone of the device's clock, e.g. Asia/Shanghai: its lines carry none. Empty means
	// the zone of the input.
	Timezone string `yaml:"timezone"`
}

type parser struct{ zone *time.Location }

// New returns a parser that is safe for concurrent use.
func New(c Config) (sdk.Parser, error) {
	zone, err := sdk.LoadZone(c.Timezone)
	return parser{zone}, err
}

var (
	errHead     = errors.New("h3c: want %%10MODULE/SEVERITY/BRIEF: behind the host's name")
	errSeverity = errors.New("h3c: want a severity from 0 to 7 behind the module")
	errEnds     = errors.New("h3c: want addresses of source and destination in a log of sessions, policies or signatures")
)

// mark stands in front of the name of a message, with the version of the format.
const mark = "%%10"

// Parse reads one line. What stands in front of a fault is set.
func (p parser) Parse(line []byte, ev *sdk.Event) error {
	var m infocenter.Message
	var err error
	if len(line) > 1 && line[0] == '%' && line[1] != '%' {
		err = m.ParseBuffer(line)
	} else {
		err = m.Parse(line, mark)
	}
	m.Set(ev, p.zone, module)
	if err != nil {
		return errHead
	}
	err = p.describe(&m, ev)
	if m.Digit == nil {
		return errSeverity // this fault comes first
	}
	return err
}

func main() { sdk.ServeParser(New) }
