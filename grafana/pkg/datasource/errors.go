package datasource

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/backend/httpclient"

	"github.com/logcenter/logcenter/grafana/pkg/model"
	"github.com/logcenter/logcenter/grafana/pkg/panics"
	"github.com/logcenter/logcenter/grafana/pkg/selection"
	"github.com/logcenter/logcenter/sdk/client"
	"github.com/logcenter/logcenter/sdk/query"
)

// statusCanceled is what nginx calls "client closed request"; HTTP has no status for it.
const statusCanceled backend.Status = 499

// failure is what a person is told of an error.
type failure struct {
	text   string
	status backend.Status
	ours   bool // the plugin's fault; else that of the host, the network, the settings or the query
}

// fail answers a query with an error. asked is the query as it was sent to the host.
func fail(err error, asked string) backend.DataResponse {
	f := explain(err, asked)
	source, text := backend.ErrorSourceDownstream, errors.New(f.text)
	if f.ours {
		source = backend.ErrorSourcePlugin
	}
	return backend.DataResponse{Error: backend.NewErrorWithSource(text, source), ErrorSource: source, Status: f.status}
}

// explain finds the words for an error. No word of a secret is in errors of this plugin, its client or net/http.
func explain(err error, asked string) failure {
	var (
		host     *client.Error
		text     *selection.Error
		wrong    *model.Error
		settings *settingsError
		old      *oldHostError
		nowhere  *nowhereError
		panicked *panics.Error
		internal *internalError
	)
	switch {
	case errors.As(err, &panicked):
		backend.Logger.Error("the plugin panicked", "panic", panicked.Value, "stack", string(panicked.Stack))
		return failure{fmt.Sprintf("A fault of Logcenter's plugin: %v. Its log has more.", panicked.Value), backend.StatusInternal, true}
	case errors.As(err, &internal):
		return failure{err.Error(), backend.StatusInternal, true}
	case errors.As(err, &text), errors.As(err, &wrong):
		return failure{err.Error(), backend.StatusBadRequest, false}
	case errors.As(err, &settings), errors.As(err, &old), errors.As(err, &nowhere):
		return failure{err.Error(), backend.StatusBadRequest, false}
	case errors.As(err, &host):
		return ofHost(host, asked)
	case errors.Is(err, context.Canceled):
		return failure{"The query was cancelled.", statusCanceled, false}
	case errors.Is(err, context.DeadlineExceeded):
		return failure{"Logcenter did not answer in time: choose a shorter time range or a more selective query, or an admin raises the timeout of the datasource.", backend.StatusTimeout, false}
	default:
		return failure{ofNetwork(err), backend.StatusBadGateway, false}
	}
}

// ofHost explains an answer of the host, or of something in front of it.
func ofHost(e *client.Error, asked string) failure {
	f := failure{text: e.Error(), status: backend.Status(e.Status)}
	if strings.HasPrefix(e.Hint, "GET /api/") { // for who writes programs
		f.text = e.Message
	}
	switch {
	case e.Code == client.CodeBadQuery && e.Position != nil && asked != "":
		q := query.Error{Pos: query.Pos{Start: e.Position.Start, End: e.Position.End}, Msg: e.Message, Hint: e.Hint}
		f.text, f.status = strings.TrimRight(q.Render(asked), "\n"), backend.StatusBadRequest
	case e.Code == client.CodeUnauthorized:
		f.text = "Logcenter does not know the API token of this datasource: an admin finds it in the file admin.token of the host's data folder, and pastes it into the settings."
	case e.Code == client.CodeForbidden:
		f.text = "The API token of this datasource may not do this: " + e.Error()
	case e.Code == client.CodeTimeout:
		f.text, f.status = "Logcenter did not finish in time: choose a shorter time range or a more selective query.", backend.StatusTimeout
	case e.Code == client.CodeBusy, e.Code == client.CodeUnavailable:
		f.text = "Logcenter has too much to do at the moment: " + e.Error()
		if e.Code == client.CodeUnavailable {
			f.text = "Logcenter cannot answer at the moment: " + e.Error()
		}
	case strings.Contains(e.Message, "HTTP request to an HTTPS server"):
		f.text, f.status = "The host speaks TLS: the URL must begin with https://.", backend.StatusBadGateway
	case strings.Contains(e.Message, "not Logcenter's"):
		f.text, f.status = (&nowhereError{e}).Error(), backend.StatusBadGateway
	}
	if !f.status.IsValid() || f.status < 400 {
		f.status = backend.StatusBadGateway
	}
	return f
}

// ofNetwork explains why there is no answer.
func ofNetwork(err error) string {
	var (
		dns       *net.DNSError
		authority x509.UnknownAuthorityError
		name      x509.HostnameError
		invalid   x509.CertificateInvalidError
		cert      *tls.CertificateVerificationError
		record    tls.RecordHeaderError
		alert     tls.AlertError
		timeout   net.Error
	)
	switch {
	case errors.Is(err, httpclient.ErrResponseBodyTooLarge):
		return "The answer is larger than Grafana lets answers be (response_limit in its configuration): ask for fewer lines or fields."
	case errors.As(err, &dns):
		return fmt.Sprintf("There is no computer named %s: check the URL, and that Grafana's server can resolve the name.", dns.Name)
	case errors.Is(err, syscall.ECONNREFUSED):
		return "Nothing listens at the URL: Logcenter is not running there, or listens on another address or port. By default it listens on 127.0.0.1 only (http.listen)."
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return "Grafana's server has no way to the host of the URL: check the network and the firewall."
	case errors.As(err, &authority):
		return "The host's certificate is signed by an authority that Grafana's server does not know: switch on \"Own certificate authority\" and paste the authority's certificate."
	case errors.As(err, &name):
		return "The host's certificate is for another name: " + name.Error() + ". Use that name in the URL, or set the server name."
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "The host's certificate has expired or is not valid yet: " + invalid.Error() + "."
	case errors.As(err, &cert):
		return "The host's certificate is not valid: " + cert.Err.Error() + "."
	case errors.As(err, &record), strings.Contains(err.Error(), "HTTP response to HTTPS client"):
		return "The host does not speak TLS: the URL must begin with http://, or an admin sets up TLS on the host (http.tls)."
	case errors.As(err, &alert), strings.Contains(err.Error(), "remote error: tls"):
		return "The host ended the TLS handshake (" + last(err) + "): it may want a client certificate."
	case strings.Contains(err.Error(), "the answer is not Logcenter's"):
		return "There is no Logcenter at this URL: " + err.Error() + "."
	case errors.As(err, &timeout) && timeout.Timeout():
		return "The host of the URL does not answer: a firewall may drop the connection, or the host is overloaded."
	default:
		return "The connection to Logcenter broke: " + last(err) + "."
	}
}

// last is the text of the innermost error, which has no URL in it.
func last(err error) string {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err.Error()
		}
		err = next
	}
}

// internalError is a fault of the plugin.
type internalError struct{ err error }

func (e *internalError) Error() string { return "A fault of Logcenter's plugin: " + e.err.Error() }
func (e *internalError) Unwrap() error { return e.err }
