// Command snmp tells alerts as SNMP notifications: traps and informs of SNMPv2c (RFC 1905) and of SNMPv3 with authentication
// and privacy (RFC 3414, 3826, 7860), as LOGCENTER-MIB describes them.
//
// A trap has no receipt. An inform is answered by its receiver, and sent again until it is.
package main

import (
	"context"
	"encoding/hex"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/message"
	"github.com/logcenter/logcenter/sdk/schema"
	"github.com/logcenter/logcenter/sdk/target"
)

// Config is what an admin may set for this plugin.
type Config struct {
	// Targets are the receivers. The channel of one is snmp/NAME.
	Targets []Target `yaml:"targets"`
}

// Target is a receiver.
type Target struct {
	// Name is what channels call the receiver.
	Name string `yaml:"name" required:"true"`
	// Address is where to send, as host:port, over UDP. The usual port is 162.
	Address string `yaml:"address" required:"true"`
	// Version is 2c or 3.
	Version string `yaml:"version" default:"3" enum:"2c,3"`
	// Inform has the receiver answer, and the alert sent again until it does; false sends traps, of which nobody knows whether
	// they arrived.
	Inform bool `yaml:"inform" default:"true"`
	// CommunityFile is the file with the community of 2c, read for each alert.
	CommunityFile string `yaml:"community_file"`
	// Username is the user of 3.
	Username string `yaml:"username"`
	// Auth is how messages of 3 are authenticated: HMAC with this hash, the longer ones by RFC 7860.
	Auth string `yaml:"auth" default:"SHA256" enum:"SHA,SHA224,SHA256,SHA384,SHA512"`
	// AuthFile is the file with the user's authentication password, of 8 characters at least, read for each alert.
	AuthFile string `yaml:"auth_file"`
	// Privacy is how messages of 3 are encrypted: AES with 128 bits by RFC 3826, or with longer keys that are extended as
	// draft-blumenthal-aes-usm-04 has it (AES192, AES256), or draft-reeder-snmpv3-usm-3desede, as Cisco does (AES192C, AES256C).
	Privacy string `yaml:"privacy" default:"AES" enum:"AES,AES192,AES256,AES192C,AES256C"`
	// PrivacyFile is the file with the user's privacy password, of 8 characters at least, read for each alert.
	PrivacyFile string `yaml:"privacy_file"`
	// EngineID is that of this sender in traps of 3, 5 to 32 bytes in hexadecimal; the receiver must know the user under it. Empty
	// makes one of enterprise and the name of this machine. Informs go by the receiver's.
	EngineID string `yaml:"engine_id"`
	// ContextName is that of messages of 3 (RFC 3411, section 3.3.1).
	ContextName string `yaml:"context_name"`
	// Enterprise is the private enterprise number below which the objects lie, see README.md.
	Enterprise int `yaml:"enterprise" default:"32473" min:"1" max:"2147483647"`
	// Timeout bounds sending and the answer.
	Timeout time.Duration `yaml:"timeout" default:"5s" min:"10ms" max:"1m"`
	// Retry is how long to wait after a failure before the alert is sent again.
	Retry time.Duration `yaml:"retry" default:"5s" min:"100ms" max:"10m"`
	// MaxBytes bounds a message, whose long values are cut. Up to 1400 bytes travel in one packet in most networks; some drop
	// the parts of longer ones.
	MaxBytes int            `yaml:"max_bytes" default:"1400" min:"1200" max:"60000"`
	Message  message.Config `yaml:",inline"`
}

// Validate says what the tags cannot.
func (c *Config) Validate() error { return target.Check(c.Targets, nameOf) }

func nameOf(t *Target) string { return t.Name }

// Validate says what the tags cannot.
func (t *Target) Validate() error {
	if _, _, err := t.hostPort(); err != nil {
		return &schema.Error{Path: "address", Msg: err.Error(), Hint: "host:port, e.g. nms.example.com:162"}
	}
	v3 := t.Version == "3"
	for _, k := range [...]struct {
		key, value string
		wanted     bool
	}{
		{"community_file", t.CommunityFile, !v3}, {"username", t.Username, v3}, {"auth_file", t.AuthFile, v3}, {"privacy_file", t.PrivacyFile, v3},
	} {
		switch {
		case k.wanted && k.value == "":
			return &schema.Error{Path: k.key, Msg: "is missing, as version " + t.Version + " needs it"}
		case !k.wanted && k.value != "":
			return &schema.Error{Path: k.key, Msg: "is of no use for version " + t.Version}
		}
	}
	if len(t.Username) > 32 {
		return &schema.Error{Path: "username", Msg: "is longer than 32 bytes"}
	}
	if t.EngineID != "" {
		if b, err := hex.DecodeString(strings.TrimPrefix(t.EngineID, "0x")); err != nil || len(b) < 5 || len(b) > 32 {
			return &schema.Error{Path: "engine_id", Msg: fmt.Sprintf("%q is no engine id", t.EngineID), Hint: "5 to 32 bytes in hexadecimal, e.g. 80007ed9046c6f67"}
		}
	}
	return nil
}

func (t *Target) hostPort() (host string, port uint16, err error) {
	host, text, err := net.SplitHostPort(t.Address)
	n, wrong := strconv.ParseUint(text, 10, 16)
	if err != nil || wrong != nil || host == "" || n == 0 {
		return "", 0, fmt.Errorf("%q is not an address", t.Address)
	}
	return host, uint16(n), nil
}

type receiver struct {
	c        Target
	composer *message.Composer
	engineID string
}

type notifier struct {
	target.Set[*receiver]
	started time.Time // sysUpTime counts from here
	boots   uint32    // snmpEngineBoots
}

// New returns a notifier; it sends when there is something to send. Secrets and templates are read at once, so that what is
// wrong with them is known.
func New(c Config) (sdk.Notifier, error) {
	n := &notifier{started: time.Now()}
	n.boots = bootsAt(n.started)
	var err error
	n.Set, err = target.New(c.Targets, nameOf, newReceiver)
	return n, err
}

func newReceiver(c Target) (r *receiver, err error) {
	r = &receiver{c: c}
	if r.composer, err = message.New(c.Message); err != nil {
		return nil, err
	}
	if r.engineID, err = engineID(&c); err != nil {
		return nil, err
	}
	_, err = r.secrets()
	return r, err
}

// Notify sends one alert.
func (n *notifier) Notify(ctx context.Context, a sdk.Alert) error {
	name, r, err := n.Choose(&a)
	if err != nil {
		return fmt.Errorf("snmp: %w", err)
	}
	s, err := r.secrets()
	if err != nil { // the file may be there again soon
		return sdk.RetryAfter(r.c.Retry, fmt.Errorf("snmp/%s: %w", name, err))
	}
	m := r.composer.Message(&a, "snmp/"+name, time.Now())
	variables := r.variables(m, time.Since(n.started))
	if err := m.Err(); err != nil {
		fmt.Fprintf(os.Stderr, "snmp/%s: %v\n", name, err)
	}
	ctx, cancel := context.WithTimeout(ctx, r.c.Timeout)
	defer cancel()
	if err := r.send(ctx, n, s, variables); err != nil {
		return sdk.RetryAfter(r.c.Retry, fmt.Errorf("snmp/%s: to %s: %w", name, r.c.Address, s.hide(err)))
	}
	return nil
}

func main() { sdk.ServeNotifier(New) }
