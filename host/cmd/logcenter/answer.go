package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/logcenter/logcenter/sdk/client"
	"github.com/logcenter/logcenter/sdk/query"
)

// queryError is a query that the host does not understand.
type queryError struct {
	text string
	err  *client.Error
}

func (e *queryError) Error() string { return e.err.Error() }
func (e *queryError) Unwrap() error { return e.err }

// rendered shows the place in the query.
func (e *queryError) rendered() string {
	pos := query.Pos{Start: e.err.Position.Start, End: e.err.Position.End}
	return (&query.Error{Pos: pos, Msg: e.err.Message, Hint: e.err.Hint}).Render(printable(e.text))
}

// inQuery makes an error of the host that is about the query text one that can show the place.
func inQuery(err error, text string) error {
	var answer *client.Error
	if errors.As(err, &answer) && answer.Position != nil {
		return &queryError{text: text, err: answer}
	}
	return err
}

// answerCode is the exit code for an error of sdk/client.
func answerCode(err error) int {
	var (
		answer *client.Error
		lost   *url.Error
	)
	switch {
	case errors.As(err, &answer):
		switch {
		case answer.Status == http.StatusUnauthorized, answer.Status == http.StatusForbidden:
			return exitUnauthorised
		case answer.Status >= 400 && answer.Status < 500 && answer.Status != http.StatusTooManyRequests:
			return exitWrong
		}
		return exitFailed
	case errors.Is(err, context.Canceled):
		return exitFailed
	case errors.As(err, &lost):
		return exitUnreachable
	default:
		return exitFailed
	}
}

// answerHint says what to do about an error of sdk/client; empty if the error says it.
func answerHint(err error) string {
	switch answerCode(err) {
	case exitUnreachable:
		if strings.Contains(err.Error(), "HTTP response to HTTPS client") {
			return "it does not speak TLS: write http:// instead of https://"
		}
		return "is the host running? `logcenter run` starts one; --url or LOGCENTER_URL says where it is"
	case exitUnauthorised:
		var answer *client.Error
		if errors.As(err, &answer) && answer.Status == http.StatusForbidden {
			return "use the token of an admin: --token-file, LOGCENTER_TOKEN_FILE or LOGCENTER_TOKEN"
		}
		return "give an API token by --token-file, LOGCENTER_TOKEN_FILE or LOGCENTER_TOKEN; a host on this machine keeps its admin's in data/admin.token"
	default:
		return ""
	}
}

// inCommands says where the API names a request what command asks for the same.
var inCommands = strings.NewReplacer(
	"GET /api/v1/rules lists all", "`logcenter rule list` lists all",
	"GET /api/v1/rules/ID/history lists them", "`logcenter rule history` lists them",
	"GET /api/v1/channels lists all", "`logcenter channel list` lists all",
	"GET /api/v1/streams lists all", "`logcenter stream list` lists all",
	"GET /api/v1/watchlists lists all", "`logcenter watchlist list` lists all",
	"GET /api/v1/inputs lists all", "`logcenter inputs` lists all",
	"GET /api/v1/drift lists them", "`logcenter drift list` lists them",
	"GET /api/v1/archive lists what is", "`logcenter archive list` lists what is",
	"write it anew without asking for none, or choose another id", "leave out --new to write it anew, or choose another id",
)

// message is an error of sdk/client for a person; the hint of the API about tokens is for programmers, and so
// is the path of a request.
func message(err error) string {
	var (
		answer *client.Error
		lost   *url.Error
	)
	switch {
	case errors.As(err, &answer) && answer.Status == http.StatusUnauthorized:
		return answer.Message
	case errors.As(err, &answer):
		return inCommands.Replace(err.Error())
	case errors.As(err, &lost):
		if u, perr := url.Parse(lost.URL); perr == nil {
			return fmt.Sprintf("cannot reach %s://%s: %v", u.Scheme, u.Host, lost.Err)
		}
	}
	return err.Error()
}
