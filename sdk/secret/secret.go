// Package secret reads secrets from files, so that no config and no log holds them.
package secret

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"
)

// Max is how many bytes a secret may have.
const Max = 16 << 10

// Read is what a file holds, without a line end behind it. Errors name the file and never what is in it. It reads the file
// anew at each call, so that a secret can be changed without a restart.
func Read(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	b, err := io.ReadAll(io.LimitReader(f, Max+1))
	if err != nil {
		return "", err
	}
	if len(b) > Max {
		return "", fmt.Errorf("%s is larger than %d bytes", path, Max)
	}
	s := strings.TrimRight(string(b), "\r\n")
	if s == "" {
		return "", fmt.Errorf("%s is empty", path)
	}
	if strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return "", fmt.Errorf("%s holds more than one line, or control characters", path)
	}
	return s, nil
}

// Word is Read for secrets that are one word of printable ASCII, as tokens are.
func Word(path string) (string, error) {
	s, err := Read(path)
	if err != nil {
		return "", err
	}
	if s = strings.TrimSpace(s); s == "" || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", fmt.Errorf("%s holds no token, which is one word of printable ASCII", path)
	}
	return s, nil
}

// Hide is an error with the same text but for secrets, as they are and as they stand in URLs. Nothing can be unwrapped
// from it. Empty secrets are none; nil stays nil.
func Hide(err error, secrets ...string) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	for _, s := range secrets {
		for _, form := range []string{s, url.QueryEscape(s), url.PathEscape(s), strings.Trim(fmt.Sprintf("%q", s), `"`)} {
			if form != "" {
				text = strings.ReplaceAll(text, form, "[hidden]")
			}
		}
	}
	return errors.New(text)
}
