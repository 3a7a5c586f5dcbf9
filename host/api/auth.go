package api

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/logcenter/logcenter/host/store"
)

const (
	minToken = 32  // characters: no short tokens
	maxToken = 512 // characters
)

// EnsureAdminToken returns the token in the file at path. If there is no file, it makes one with a new token
// of 256 random bits, readable by its owner only. A file that others can read is refused.
func EnsureAdminToken(path string) (token string, err error) {
	token, err = readToken(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return token, err
	}
	secret := make([]byte, 32)
	if _, err := rand.Read(secret); err != nil {
		return "", fmt.Errorf("make admin token: %w", err)
	}
	token = base64.RawURLEncoding.EncodeToString(secret)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", fmt.Errorf("make admin token: %w", err)
	}
	if err := writeNew(path, []byte(token+"\n")); err != nil {
		if errors.Is(err, fs.ErrExist) { // another process was faster
			return readToken(path)
		}
		return "", fmt.Errorf("make admin token: %w", err)
	}
	return token, nil
}

func readToken(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("admin token: %w", err)
	}
	defer f.Close() //nolint:errcheck // it was only read
	info, err := f.Stat()
	if err != nil {
		return "", fmt.Errorf("admin token: %w", err)
	}
	if !info.Mode().IsRegular() {
		return "", fmt.Errorf("admin token: %s is not a file", path)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return "", fmt.Errorf("admin token: others can read %s (mode %04o): run chmod 600 %s; if somebody may have read it, delete it instead, and the next start makes a new token", path, mode, path)
	}
	b, err := io.ReadAll(io.LimitReader(f, maxToken+2))
	if err != nil {
		return "", fmt.Errorf("admin token: %w", err)
	}
	token := string(bytes.TrimSpace(b))
	if len(token) < minToken || len(token) > maxToken || strings.ContainsAny(token, " \t\r\n") {
		return "", fmt.Errorf("admin token: %s must hold one word of %d to %d characters: delete it, and the next start makes a new token", path, minToken, maxToken)
	}
	return token, nil
}

// writeNew makes a file that did not exist, durably, mode 0600.
func writeNew(path string, b []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	d, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// AdminToken is a [Scoper] that knows one token: who has it may do everything.
type AdminToken struct{ sum [sha256.Size]byte }

// NewAdminToken returns the Scoper for a token as [EnsureAdminToken] returns it.
func NewAdminToken(token string) (*AdminToken, error) {
	if len(token) < minToken {
		return nil, fmt.Errorf("the admin token has %d characters, it needs %d", len(token), minToken)
	}
	return &AdminToken{sha256.Sum256([]byte(token))}, nil
}

// Caller compares in a time that tells nothing about the token.
func (a *AdminToken) Caller(_ context.Context, token string) (Caller, error) {
	sum := sha256.Sum256([]byte(token))
	if subtle.ConstantTimeCompare(sum[:], a.sum[:]) != 1 {
		return Caller{}, ErrToken
	}
	return Caller{Name: "admin", Admin: true, Scope: store.Everything()}, nil
}

// bearer is the token of a request (RFC 6750 section 2.1), empty if there is none.
func bearer(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || len(token) > maxToken {
		return ""
	}
	return strings.TrimSpace(token)
}

// errNoToken is the [ErrToken] of a request without any.
var errNoToken error = noToken{}

type noToken struct{}

func (noToken) Error() string        { return "this needs a token" }
func (noToken) Is(target error) bool { return target == ErrToken }

const callerKey = "logcenter.caller"

// caller is who makes an authenticated request.
func caller(c *gin.Context) Caller {
	who, _ := c.MustGet(callerKey).(Caller)
	return who
}

func (s *Server) identify(c *gin.Context) (Caller, error) {
	token := bearer(c.Request)
	if token == "" {
		return Caller{}, errNoToken
	}
	return s.o.Scoper.Caller(c.Request.Context(), token)
}

// authenticated lets only requests with a valid token pass.
func (s *Server) authenticated(c *gin.Context) {
	who, err := s.identify(c)
	if err != nil {
		if errors.Is(err, ErrToken) {
			s.metrics.refused.Inc()
		}
		s.fail(c, err)
		return
	}
	c.Set(callerKey, who)
}

var errForbidden = &Error{
	Code: "forbidden", Message: "only admins may do this", Hint: "ask an admin, or use an admin's token", status: http.StatusForbidden,
}

// admins lets only admins pass; authenticated has run before.
func (s *Server) admins(c *gin.Context) {
	if !caller(c).Admin {
		s.fail(c, errForbidden)
	}
}
