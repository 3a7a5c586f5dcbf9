package client

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
)

// IngestOptions are about one request with records. The zero value is good.
type IngestOptions struct {
	// Key makes the host store the request once, however often it is sent within 24 hours: up to 256 bytes
	// without control characters, new for each request. Empty means a random one. Whoever may have to send a
	// request again after a crash keeps the key with the records.
	Key string
	// ContentType is text/plain for raw lines or application/x-ndjson for a JSON object a line. Empty means
	// text/plain.
	ContentType string
}

// Ingested is what became of a request with records.
type Ingested struct {
	Accepted  int  `json:"accepted"`  // records
	Duplicate bool `json:"duplicate"` // they were stored before under the same key
}

// Ingest sends records, one a line, to an HTTP input of the host. It tries again until the host answers or ctx
// is done; then the records are durable. Only a refusal that would come again is an [*Error].
func (c *Client) Ingest(ctx context.Context, input string, lines []byte, o IngestOptions) (*Ingested, error) {
	if len(lines) == 0 {
		return nil, errors.New("there are no lines to send")
	}
	if o.Key == "" {
		o.Key = rand.Text()
	}
	if o.ContentType == "" {
		o.ContentType = "text/plain; charset=utf-8"
	}
	return call[Ingested](ctx, c, request{
		method: http.MethodPost, path: []string{"ingest", input}, body: lines, always: true,
		header: http.Header{"Content-Type": {o.ContentType}, "Idempotency-Key": {o.Key}},
	})
}
