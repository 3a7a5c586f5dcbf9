package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/message"
	"github.com/logcenter/logcenter/sdk/secret"
)

// escapes say how values are made harmless in bodies.
var escapes = map[string]message.Escape{
	"application/json": message.JSON, "text/plain": message.Plain, "text/html": message.HTML, "application/x-www-form-urlencoded": message.Query,
}

// body is what the admin's template makes, or else what the content type is made for.
func (r *receiver) body(m *message.Message) ([]byte, error) {
	text, err := m.Own("body", escapes[r.c.ContentType])
	switch {
	case err != nil: // there is none, or it failed, which the message knows
	case len(text) > int(r.c.MaxBody):
		m.Fault("body", fmt.Errorf("it makes more than max_body, %d bytes", r.c.MaxBody))
	case r.c.ContentType == "application/json" && !json.Valid([]byte(text)):
		m.Fault("body", errors.New("what it makes is not JSON"))
	default:
		return []byte(text), nil
	}
	switch r.c.ContentType {
	case "text/plain":
		return []byte(message.Cut(m.Text(message.Plain), int(r.c.MaxBody))), nil
	case "text/html":
		if page := m.HTML(); len(page) <= int(r.c.MaxBody) {
			return []byte(page), nil
		}
		return []byte("<p>" + m.Line(message.HTML) + "</p>"), nil
	}
	line := m.Line(message.Plain)
	d := m.Document()
	d.Text = line
	if r.c.ContentType == "application/json" {
		return d.JSON(int(r.c.MaxBody))
	}
	b, err := d.JSON(int(r.c.MaxBody) / 3) // as each byte may take three
	return []byte("alert=" + url.QueryEscape(string(b))), err
}

// The headers of the Standard Webhooks specification. net/http writes them as Webhook-Id and so on, which is the same.
const (
	headerID        = "Webhook-Id"
	headerTimestamp = "Webhook-Timestamp"
	headerSignature = "Webhook-Signature"
)

// messageID tells what is sent apart: a repeat has the same, and what else is told of an alert another.
func messageID(a *sdk.Alert) string {
	id := url.QueryEscape(message.Cut(a.ID, message.MaxID))
	if a.Kind != sdk.AlertRaised {
		id += "-" + url.QueryEscape(message.Cut(string(a.Kind), 32))
	}
	return id
}

// sign sets id and time, and with a key the signature: HMAC-SHA256 over ID.TIMESTAMP.BODY. A receiver that refuses old
// timestamps and ids that it has seen cannot be told anything twice by somebody who listens.
func sign(h http.Header, key []byte, id string, now time.Time, body []byte) {
	at := strconv.FormatInt(now.Unix(), 10)
	h.Set(headerID, id)
	h.Set(headerTimestamp, at)
	if key == nil {
		return
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + at + "."))
	mac.Write(body)
	h.Set(headerSignature, "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
}

// minKey is the shortest key that is taken, in bytes: less can be guessed by who has seen a signature.
const minKey = 16

// signingKey reads a key: base64 behind whsec_, as the specification has it, or the text itself.
func signingKey(path string) ([]byte, error) {
	s, err := secret.Read(path)
	if err != nil {
		return nil, err
	}
	key := []byte(s)
	if text, ok := strings.CutPrefix(s, "whsec_"); ok {
		if key, err = base64.StdEncoding.DecodeString(text); err != nil {
			return nil, fmt.Errorf("%s: what stands behind whsec_ is not base64", path)
		}
	}
	if len(key) < minKey {
		return nil, fmt.Errorf("%s: the secret is shorter than %d bytes, e.g. take that of `openssl rand -base64 32`", path, minKey)
	}
	return key, nil
}
