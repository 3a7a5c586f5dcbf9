package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/gosnmp/gosnmp"

	"github.com/logcenter/logcenter/sdk/schema"
	"github.com/logcenter/logcenter/sdk/secret"
)

var auths = map[string]gosnmp.SnmpV3AuthProtocol{
	"SHA": gosnmp.SHA, "SHA224": gosnmp.SHA224, "SHA256": gosnmp.SHA256, "SHA384": gosnmp.SHA384, "SHA512": gosnmp.SHA512,
}

var privacies = map[string]gosnmp.SnmpV3PrivProtocol{
	"AES": gosnmp.AES, "AES192": gosnmp.AES192, "AES256": gosnmp.AES256, "AES192C": gosnmp.AES192C, "AES256C": gosnmp.AES256C,
}

// secrets are what a receiver knows this sender by.
type secrets struct{ community, auth, privacy string }

func (s secrets) hide(err error) error { return secret.Hide(err, s.community, s.auth, s.privacy) }

// minPassword is the shortest password (RFC 3414, section 11.2).
const minPassword = 8

func (r *receiver) secrets() (s secrets, err error) {
	if r.c.Version == "2c" {
		if s.community, err = secret.Read(r.c.CommunityFile); err != nil {
			return s, &schema.Error{Path: "community_file", Msg: err.Error()}
		}
		return s, nil
	}
	for _, p := range [...]struct {
		key, path string
		to        *string
	}{{"auth_file", r.c.AuthFile, &s.auth}, {"privacy_file", r.c.PrivacyFile, &s.privacy}} {
		if *p.to, err = secret.Read(p.path); err == nil && len(*p.to) < minPassword {
			err = fmt.Errorf("%s: the password is shorter than %d characters", p.path, minPassword)
		}
		if err != nil {
			return s, &schema.Error{Path: p.key, Msg: err.Error()}
		}
	}
	return s, nil
}

// bootsAt is how often this engine has been started: it must grow with each start (RFC 3414, section 2.2.2), and nothing is
// kept to count in, so it is the seconds since 2020. A clock that is set back makes receivers refuse traps until it has
// caught up.
func bootsAt(t time.Time) uint32 {
	const epoch = 1577836800 // 2020-01-01
	return uint32(min(max(t.Unix()-epoch, 1), 1<<31-2))
}

// engineID is the one of the config, or else one of form 4, text (RFC 3411, SnmpEngineID), below the enterprise.
func engineID(c *Target) (string, error) {
	if c.EngineID != "" {
		b, err := hex.DecodeString(strings.TrimPrefix(c.EngineID, "0x"))
		if err != nil {
			return "", &schema.Error{Path: "engine_id", Msg: err.Error()}
		}
		return string(b), nil
	}
	host, err := os.Hostname()
	if err != nil {
		return "", &schema.Error{Path: "engine_id", Msg: "this machine has no name to make one of: " + err.Error(), Hint: "set one"}
	}
	n := uint32(c.Enterprise)
	id := string([]byte{byte(n>>24) | 0x80, byte(n >> 16), byte(n >> 8), byte(n), 4}) + host
	return id[:min(len(id), 32)], nil
}

// send sends a notification over a socket of its own, and waits for the answer to an inform.
func (r *receiver) send(ctx context.Context, n *notifier, s secrets, variables []gosnmp.SnmpPDU) error {
	host, port, err := r.c.hostPort()
	if err != nil {
		return err
	}
	// Half of the time, and then once more: a datagram may be lost.
	x := &gosnmp.GoSNMP{
		Target: host, Port: port, Transport: "udp", Context: ctx, Timeout: r.c.Timeout / 2, Retries: 1, MaxOids: gosnmp.MaxOids,
		Version: gosnmp.Version2c, Community: s.community,
	}
	if r.c.Version == "3" {
		usm := &gosnmp.UsmSecurityParameters{
			UserName: r.c.Username, AuthenticationProtocol: auths[r.c.Auth], AuthenticationPassphrase: s.auth,
			PrivacyProtocol: privacies[r.c.Privacy], PrivacyPassphrase: s.privacy,
		}
		if !r.c.Inform { // of a trap the sender is the authority (RFC 3414, section 1.5.1)
			usm.AuthoritativeEngineID, usm.AuthoritativeEngineBoots = r.engineID, n.boots
			usm.AuthoritativeEngineTime = uint32(min(time.Since(n.started)/time.Second, 1<<31-1))
			x.ContextEngineID = r.engineID
		}
		x.Version, x.SecurityModel, x.MsgFlags, x.SecurityParameters, x.ContextName = gosnmp.Version3, gosnmp.UserSecurityModel, gosnmp.AuthPriv, usm, r.c.ContextName
	}
	if err := x.Connect(); err != nil {
		return err
	}
	defer func() { _ = x.Conn.Close() }()
	defer context.AfterFunc(ctx, func() { _ = x.Conn.Close() })() // a cancelled call ends at once
	answer, err := x.SendTrap(gosnmp.SnmpTrap{Variables: variables, IsInform: r.c.Inform})
	switch {
	case err != nil && ctx.Err() != nil, errors.Is(err, context.DeadlineExceeded), errors.Is(err, gosnmp.ErrMaxRetriesExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Errorf("not answered within %v: the receiver is down, or does not know who is sending", r.c.Timeout)
	case err != nil:
		return fmt.Errorf("not taken: %w", err)
	case r.c.Inform && answer.Error != gosnmp.NoError:
		return fmt.Errorf("not taken: the receiver answers %v", answer.Error)
	case r.c.Inform && answer.PDUType != gosnmp.GetResponse:
		return fmt.Errorf("not taken: the receiver answers a report instead")
	}
	return nil
}
