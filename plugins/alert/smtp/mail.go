package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/message"
)

// compose makes the mail of an alert, and its Message-ID.
func (g *group) compose(a *sdk.Alert, name string, now time.Time) (*gomail.Msg, string, error) {
	m := g.composer.Message(a, "smtp/"+name, now)
	title, text, page := m.Title(message.Plain), m.Text(message.Plain), m.HTML()
	if err := m.Err(); err != nil {
		fmt.Fprintf(os.Stderr, "smtp/%s: %v\n", name, err)
	}
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	msg.FromMailAddress(g.from)
	msg.ToMailAddress(g.to...)
	msg.Subject(title)
	msg.SetDateWithValue(now)
	id := g.messageID(name, string(a.Kind), a.ID)
	msg.SetMessageIDWithValue(id)
	g.thread(msg, a, name)
	// Nobody's holiday notice is to answer (RFC 3834).
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetGenHeader(gomail.HeaderXAutoResponseSuppress, "All")
	if a.Priority == 1 {
		msg.SetImportance(gomail.ImportanceHigh)
	}
	for header, value := range map[gomail.Header]string{
		"X-Logcenter-Alert": a.ID, "X-Logcenter-Rule": a.Rule, "X-Logcenter-Severity": a.Severity, "X-Logcenter-Kind": message.Kind(a),
	} {
		if value = strings.TrimSpace(message.Clean(message.Cut(value, message.MaxID))); value != "" {
			msg.SetGenHeader(header, value)
		}
	}
	msg.SetBodyString(gomail.TypeTextPlain, text)
	msg.AddAlternativeString(gomail.TypeTextHTML, page)
	return msg, id, nil
}

// thread has mail programs show mails about one rule and its keys together: all of them refer to a mail that nobody has
// sent, and those about an alert that was mailed before to that.
func (g *group) thread(msg *gomail.Msg, a *sdk.Alert, name string) {
	subject := []string{name, "thread", a.Rule}
	for _, k := range slices.Sorted(maps.Keys(a.Keys)) {
		subject = append(subject, k, a.Keys[k])
	}
	references := "<" + g.messageID(subject...) + ">"
	if about := message.About(a); about != "" {
		before := "<" + g.messageID(name, "", about) + ">"
		msg.SetGenHeader(gomail.HeaderInReplyTo, before)
		references += " " + before
	}
	msg.SetGenHeader(gomail.HeaderReferences, references)
}

// messageID is made of what is told to whom, so that a repeat is the same mail.
func (g *group) messageID(parts ...string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q", parts))
	return hex.EncodeToString(sum[:16]) + g.from.Address[strings.LastIndexByte(g.from.Address, '@'):]
}
