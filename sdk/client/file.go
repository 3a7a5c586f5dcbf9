package client

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"mime"
	"net/http"
	"net/url"
	"sync"
)

// FileOptions say what a file is. Only Name is required.
type FileOptions struct {
	Name     string // without folders
	Kind     string // file or video; empty: video if Type is one, else file
	Type     string // media type; empty: the host looks at the content
	Source   string // host or camera that it is from
	Start    string // of what it shows, as Selection.From
	End      string // as Start
	TimeZone string // of times without one; empty means UTC
	// Key makes the host store the file once, however often it is sent within 24 hours: up to 256 bytes without
	// control characters. Empty means a random one.
	Key string
}

// StoredFile is a file that the host keeps.
type StoredFile struct {
	SHA256    string `json:"sha256"`
	Size      int64  `json:"size"` // bytes
	Name      string `json:"name"`
	Kind      string `json:"kind"`
	Type      string `json:"type"`
	Existed   bool   `json:"existed"`   // the same content was there already and is kept once; only admins are told
	Duplicate bool   `json:"duplicate"` // it was stored before under the same key
}

// PutFile gives the host a file. open opens it from its beginning, with its size in bytes, and is called again for
// each try; PutFile closes it. When PutFile returns, the file and the event that tells of it are durable, and what
// the host has is what was read.
func (c *Client) PutFile(ctx context.Context, open func() (r io.ReadCloser, size int64, err error), o FileOptions) (*StoredFile, error) {
	if o.Key == "" {
		o.Key = rand.Text()
	}
	p := url.Values{}
	for name, v := range map[string]string{
		"name": o.Name, "kind": o.Kind, "type": o.Type, "source": o.Source, "start": o.Start, "end": o.End, "time_zone": o.TimeZone,
	} {
		setText(p, name, v)
	}
	var sent *hashed // the last try
	st, err := call[StoredFile](ctx, c, request{
		method: http.MethodPost, path: []string{"files"}, params: p,
		// A host that refuses says so before the file is sent.
		header: http.Header{"Content-Type": {"application/octet-stream"}, "Idempotency-Key": {o.Key}, "Expect": {"100-continue"}},
		stream: func() (io.ReadCloser, int64, error) {
			r, size, err := open()
			if err != nil {
				return nil, 0, err
			}
			sent = &hashed{ReadCloser: r, sum: sha256.New()}
			return sent, size, nil
		},
	})
	if err != nil {
		return nil, err
	}
	if sum := sent.text(); sum != st.SHA256 {
		return nil, fmt.Errorf("the host stored a file with the SHA-256 %s, but %s was sent", st.SHA256, sum)
	}
	return st, nil
}

// hashed is what is sent. The connection reads it in a goroutine of its own.
type hashed struct {
	io.ReadCloser
	mu  sync.Mutex
	sum hash.Hash
}

func (h *hashed) Read(p []byte) (int, error) {
	n, err := h.ReadCloser.Read(p)
	h.mu.Lock()
	defer h.mu.Unlock()
	_, _ = h.sum.Write(p[:n]) // a hash never fails
	return n, err
}

func (h *hashed) text() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return hex.EncodeToString(h.sum.Sum(nil))
}

// File is a file of the host that is being read. The end is reached only if the whole is what its SHA-256 says;
// otherwise Read returns an error that says so.
type File struct {
	Name string // a safe one, without folders
	Type string // media type, as its sender said
	Size int64  // bytes

	sha  string
	body io.ReadCloser
	sum  hash.Hash
}

// File opens a file by the value of file.hash.sha256 of an event. The caller closes it.
func (c *Client) File(ctx context.Context, sha string) (*File, error) {
	r := get("files", sha)
	for try := 0; ; try++ {
		res, err := c.send(ctx, r)
		if err == nil {
			f := &File{Type: res.Header.Get("Content-Type"), Size: res.ContentLength, sha: sha, body: res.Body, sum: sha256.New()}
			if _, p, err := mime.ParseMediaType(res.Header.Get("Content-Disposition")); err == nil {
				f.Name = p["filename"]
			}
			return f, nil
		}
		if ctx.Err() != nil || !again(err, r) || try >= c.retries {
			return nil, err
		}
		if err := pause(ctx, try, err); err != nil {
			return nil, err
		}
	}
}

// Read implements [io.Reader].
func (f *File) Read(p []byte) (int, error) {
	n, err := f.body.Read(p)
	_, _ = f.sum.Write(p[:n]) // a hash never fails
	if errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		if sum := hex.EncodeToString(f.sum.Sum(nil)); sum != f.sha {
			return n, fmt.Errorf("what came has the SHA-256 %s, not %s: it is damaged", sum, f.sha)
		}
	}
	return n, err
}

// Close implements [io.Closer].
func (f *File) Close() error { return f.body.Close() }
