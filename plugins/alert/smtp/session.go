package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"

	"github.com/logcenter/logcenter/sdk/secret"
)

// deliver sends a mail to those who do not have it. Recipients whom the server will never take are told in the log, if
// there are others; later says that another try may help.
func (g *group) deliver(ctx context.Context, m *gomail.Msg, id string) (later bool, err error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", g.c.Address)
	if err != nil {
		return true, err
	}
	defer func() { _ = conn.Close() }()
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })()
	if deadline, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(deadline); err != nil {
			return true, err
		}
	}
	s, err := g.open(ctx, conn)
	if err != nil {
		return !lasting(err), err
	}
	if err := s.Mail("<" + g.from.Address + ">"); err != nil {
		return !lasting(err), err
	}
	reached := g.reached(id)
	refused, deferred, taken := g.offer(s, reached)
	if taken == 0 {
		return len(deferred) > 0, fmt.Errorf("no recipient was taken: %w", errors.Join(append(deferred, refused...)...))
	}
	w, err := s.Data()
	if err != nil {
		return !lasting(err), err
	}
	if _, err := m.WriteTo(w); err != nil {
		return true, err
	}
	if err := w.Close(); err != nil {
		return !lasting(err), err
	}
	_ = s.Quit() // the mail is delivered
	if len(refused) > 0 {
		fmt.Fprintf(os.Stderr, "smtp/%s: mail %s was not delivered to some: %v\n", g.c.Name, id, errors.Join(refused...))
	}
	if len(deferred) > 0 {
		g.remember(id, reached)
		return true, fmt.Errorf("not to all yet: %w", errors.Join(deferred...))
	}
	return false, nil
}

// offer names the recipients that are not reached to the server, and marks those whom it takes.
func (g *group) offer(s *smtp.Client, reached []bool) (refused, deferred []error, taken int) {
	for i, to := range g.to {
		if reached[i] {
			continue
		}
		switch err := s.Rcpt("<" + to.Address + ">"); {
		case err == nil:
			reached[i] = true
			taken++
		case lasting(err):
			refused = append(refused, fmt.Errorf("%s: %w", to.Address, err))
		default:
			deferred = append(deferred, fmt.Errorf("%s: %w", to.Address, err))
		}
	}
	return refused, deferred, taken
}

// open greets the server, over TLS if it is to be, and logs in.
func (g *group) open(ctx context.Context, conn net.Conn) (*smtp.Client, error) {
	host, _, err := net.SplitHostPort(g.c.Address)
	if err != nil {
		return nil, err
	}
	config, err := g.c.TLS.Load(host)
	if err != nil {
		return nil, err
	}
	if g.c.Security == "tls" {
		over := tls.Client(conn, config)
		if err := over.HandshakeContext(ctx); err != nil {
			return nil, err
		}
		conn = over
	}
	s, err := smtp.NewClient(conn, host)
	if err != nil {
		return nil, err
	}
	s.SkipSMTPUTF8(true) // addresses are ASCII
	if err := s.Hello(g.c.Hello); err != nil {
		return nil, err
	}
	if g.c.Security == "starttls" {
		if ok, _ := s.Extension("STARTTLS"); !ok {
			return nil, errors.New("the server has no STARTTLS: use security: tls for one that speaks TLS from the first byte")
		}
		if err := s.StartTLS(config); err != nil {
			return nil, err
		}
	}
	if g.c.Username == "" {
		return s, nil
	}
	return s, g.login(s, host)
}

// login takes the best way that the server offers. All of them are behind TLS.
func (g *group) login(s *smtp.Client, host string) error {
	password, err := secret.Read(g.c.PasswordFile)
	if err != nil {
		return fmt.Errorf("password_file: %w", err)
	}
	_, offered := s.Extension("AUTH")
	ways := " " + strings.ToUpper(offered) + " "
	var how smtp.Auth
	switch {
	case strings.Contains(ways, " SCRAM-SHA-256 "):
		how = smtp.ScramSHA256Auth(g.c.Username, password)
	case strings.Contains(ways, " PLAIN "):
		how = smtp.PlainAuth("", g.c.Username, password, host, false)
	case strings.Contains(ways, " LOGIN "):
		how = smtp.LoginAuth(g.c.Username, password, host, false)
	default:
		return fmt.Errorf("the server offers no way to log in that is known here: %q, and not SCRAM-SHA-256, PLAIN or LOGIN", offered)
	}
	if err := s.Auth(how); err != nil {
		hidden := secret.Hide(err, password)
		if lasting(err) {
			return fmt.Errorf("login of %s: %w", g.c.Username, errors.Join(hidden, errLogin))
		}
		return fmt.Errorf("login of %s: %w", g.c.Username, hidden)
	}
	return nil
}

// errLogin says what to do where a server refuses the user. Another try may help, once somebody has done it.
var errLogin = errors.New("see to username and password_file")
