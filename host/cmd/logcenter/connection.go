package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/pflag"

	"github.com/logcenter/logcenter/sdk/client"
)

const defaultURL = "http://127.0.0.1:8080"

// connection is how commands reach the host.
type connection struct {
	url       string
	tokenFile string
	retries   int
	errs      io.Writer // where somebody is told that an answer takes long
}

// Tries after the first; a person waits for most commands, an export may run all night.
const (
	fewRetries  = 2
	manyRetries = 20
)

func (c *connection) flags(f *pflag.FlagSet) {
	f.StringVar(&c.url, "url", "", "`address` of the host (default $LOGCENTER_URL, or else "+defaultURL+")")
	f.StringVar(&c.tokenFile, "token-file", "", "`file` with the API token (default $LOGCENTER_TOKEN_FILE, or else data/admin.token)")
}

// client returns a client of the host. Nothing is sent yet.
func (c *connection) client() (*client.Client, error) {
	address := c.url
	if address == "" {
		address = os.Getenv("LOGCENTER_URL")
	}
	if address == "" {
		address = defaultURL
	}
	address = strings.TrimSuffix(strings.TrimRight(address, "/"), "/api/v1") // as some paste it
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, usagef("%q is no address of a host: use e.g. %s", address, defaultURL)
	}
	token, err := c.token(u)
	if err != nil {
		return nil, err
	}
	return client.New(client.Options{
		URL: address, Token: token, UserAgent: "logcenter/" + version, Retries: c.retries,
		Unanswered: func() {
			_, _ = fmt.Fprintf(c.errs, "logcenter: no answer yet from %s; waiting on, Ctrl-C ends it\n", address)
		},
	})
}

// token finds the API token: what the command line says, then the environment, then what a host on this
// machine has written. That last one is never sent to another machine.
func (c *connection) token(u *url.URL) (string, error) {
	file := c.tokenFile
	if file == "" {
		if t := strings.TrimSpace(os.Getenv("LOGCENTER_TOKEN")); t != "" {
			return t, nil
		}
		file = os.Getenv("LOGCENTER_TOKEN_FILE")
	}
	if file != "" {
		return readToken(file)
	}
	if !loopback(u.Hostname()) {
		return "", nil
	}
	for _, file := range adminTokens() {
		token, err := readToken(file)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		return token, err
	}
	return "", nil
}

// adminTokens are the places where make run and the defaults put the admin's token.
func adminTokens() []string {
	places := []string{filepath.Join("data", "admin.token")}
	if self, err := os.Executable(); err == nil {
		places = append(places, filepath.Join(filepath.Dir(self), "..", "data", "admin.token"))
	}
	return places
}

// maxToken bounds a token's file.
const maxToken = 16 << 10

func readToken(file string) (string, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("cannot read the API token: %w", err)
	}
	token := strings.TrimSpace(string(b))
	if token == "" || len(b) > maxToken || strings.ContainsAny(token, " \t\r\n") {
		return "", usagef("%s holds no API token, which is one word", file)
	}
	return token, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
