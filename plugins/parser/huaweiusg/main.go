// Command huaweiusg parses the logs of Huawei USG and Eudemon firewalls, and of other devices with VRP.
//
// Format, by the HiSecEngine USG6000E Log Reference and the appendix "Meanings of Log Fields" of its Administrator
// Guide; older USG and Eudemon models write the same:
//
//	<PRI>TIME HOSTNAME %%01MODULE/SEVERITY/BRIEF(l)[SEQUENCE]:DESCRIPTION
//
// 01 is the version of the format, (l) a log, (s) a security log, (t) a trap, (D) a diagnostic log. DESCRIPTION is
// text, or pairs: Key=value with commas between them, behind the text in brackets or alone. "mtn" session logs are
// text.
package main

import (
	"errors"
	"time"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/infocenter"
)

// Config is what an admin may set for this plugin.
type Config struct {
	// Timezone is the IANA zone of the device's clock, e.g. Asia/Shanghai: its lines carry none unless the device is
	// told to write it. Empty means the zone of the input. Devices that write UTC need UTC here.
	Timezone string `yaml:"timezone"`
}

type parser struct{ zone *time.Location }

// New returns a parser that is safe for concurrent use.
func New(c Config) (sdk.Parser, error) {
	zone, err := sdk.LoadZone(c.Timezone)
	return parser{zone}, err
}

var (
	errHead     = errors.New("huaweiusg: want %%01MODULE/SEVERITY/BRIEF: behind the host's name")
	errSeverity = errors.New("huaweiusg: want a severity from 0 to 7 behind the module")
	errEnds     = errors.New("huaweiusg: want addresses of source and destination in a log of sessions, policies or signatures")
	errCut      = errors.New("huaweiusg: a quote or a bracket is never closed, the line is cut")
)

// mark stands in front of the name of a message, with the version of the format.
const mark = "%%01"

// Parse reads one line. What stands in front of a fault is set.
func (p parser) Parse(line []byte, ev *sdk.Event) error {
	var m infocenter.Message
	err := m.Parse(line, mark)
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
