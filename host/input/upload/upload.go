// Package upload is the input that takes files and videos: it puts the bytes into the file store and makes of
// each file a record, which goes the way of all records.
//
// The one idea: a file is log material by its event. So what is known of it (name, kind, size, SHA-256, source, time
// span) is a JSON object a line, read by the parser plugin files, masked, stored, found and kept like any other; and
// whoever may see the event may have the file.
//
// The input is fed by the API, which has checked who sends.
package upload

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/logcenter/logcenter/host/filestore"
	"github.com/logcenter/logcenter/host/input"
	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/query"
)

// Name is the name of the input, the value of logcenter.input of its events, and the id of the parser plugin that
// reads its records.
const Name = "files"

// The kinds of files: device types of the log standard.
const (
	KindFile  = "file"
	KindVideo = "video"
)

const (
	// maxText bounds names, sources and types, in bytes.
	maxText = 255
	// maxWait is how long a file's record waits for a journal that is full or cannot write.
	maxWait = 10 * time.Second
)

// ErrClosed means that the input is not running.
var ErrClosed = errors.New("the host takes no files now")

// Error is what is wrong with a file as its sender describes it.
type Error struct {
	Msg  string
	Hint string // what would be right
}

func (e *Error) Error() string { return e.Msg }

// File is what a sender says of a file.
type File struct {
	Name   string    // without folders
	Kind   string    // KindFile or KindVideo; empty: video if Type is one, else file
	Type   string    // media type; empty: it is sniffed
	Source string    // host or camera that it is from; may be empty
	Start  time.Time // of what it shows or covers; zero: not said
	End    time.Time // not before Start, and not without it; zero: not said
	SHA256 string    // that it must have; empty: not said

	Sender string // name of the HTTP input whose token was sent; empty for admins
	Peer   string // address of the sender
	Scope  string // who Key belongs to
	Key    string // idempotency key; empty: none
}

// Stored is a file that is durable, with its event.
type Stored struct {
	SHA256  string `json:"sha256"`
	Size    int64  `json:"size"` // bytes
	Name    string `json:"name"`
	Kind    string `json:"kind"`
	Type    string `json:"type"`
	Existed bool   `json:"existed,omitempty"` // the same content was there already; it is kept once
	// Duplicate says that the same file was sent before under the same key: there is no second event.
	Duplicate bool `json:"duplicate"`
}

// record is what the parser plugin reads.
type record struct {
	Kind   string    `json:"kind"`
	Name   string    `json:"name"`
	Type   string    `json:"type"`
	Size   int64     `json:"size"`
	SHA256 string    `json:"sha256"`
	Source string    `json:"source,omitempty"`
	Sender string    `json:"sender,omitempty"`
	Start  time.Time `json:"start,omitzero"`
	End    time.Time `json:"end,omitzero"`
}

// Input is an [input.Input] that is fed by Put. Made by New.
type Input struct {
	store  *filestore.Store
	common input.Common
	env    input.Env
	path   string
	count  input.Counters

	mu      sync.Mutex
	batcher *input.Batcher // nil while it takes nothing
	puts    *sync.WaitGroup
}

var (
	_ input.Input  = (*Input)(nil)
	_ input.Opener = (*Input)(nil)
)

// New returns the input of a store; path is where the API serves it, for Stats.
func New(store *filestore.Store, path string, env input.Env) (*Input, error) {
	in := &Input{store: store, common: input.Common{Name: Name, Parser: Name, Encoding: "utf-8"}, env: env, path: path}
	return in, in.common.Check()
}

// Journalled tells a file store whether the record of an upload that a crash cut off is durable.
func Journalled(in *input.Intake) func(key string, at time.Time) bool {
	return func(key string, at time.Time) bool {
		if time.Since(at) > input.DefaultKeyWindow/2 { // keys of then may be forgotten
			return true
		}
		stored, known := in.Stored(key)
		return stored || !known
	}
}

// Name implements [input.Input].
func (in *Input) Name() string { return Name }

// Stats implements [input.Input].
func (in *Input) Stats() input.Stats { return in.count.Snapshot("upload", &in.common, in.path) }

// Open implements [input.Opener]: from now on files are taken.
func (in *Input) Open() error {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.batcher == nil {
		in.batcher, in.puts = input.NewBatcher(in.env, &in.common, &in.count, false), new(sync.WaitGroup)
	}
	return nil
}

// Run implements [input.Input]. It ends when the files that were begun are stored or refused.
func (in *Input) Run(ctx context.Context) (err error) {
	in.count.Begin()
	defer func() { in.count.End(err) }()
	if err := in.Open(); err != nil {
		return err
	}
	<-ctx.Done()
	in.mu.Lock()
	b, puts := in.batcher, in.puts
	in.batcher, in.puts = nil, nil
	in.mu.Unlock()
	return b.Shutdown(puts)
}

// enter returns the batcher for a file, which calls leave when it is stored or refused.
func (in *Input) enter() (b *input.Batcher, leave func(), err error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.batcher == nil {
		return nil, nil, ErrClosed
	}
	puts := in.puts
	puts.Add(1)
	return in.batcher, puts.Done, nil
}

// ready says why a file could not be stored now.
func (in *Input) ready() error {
	_, leave, err := in.enter()
	if err != nil {
		return err
	}
	leave()
	return in.env.Intake.Blocked()
}

// Put stores a file, which body is read for to its end, and makes its record durable; size is that of body, -1 if it is
// not known. An [*Error] is the sender's fault, an error of body is returned as it is.
func (in *Input) Put(ctx context.Context, f File, body io.Reader, size int64) (*Stored, error) {
	in.count.Accepted.Add(1)
	in.count.Connections.Add(1)
	defer in.count.Connections.Add(-1)
	st, err := in.put(ctx, f, body, size)
	if err != nil {
		in.count.Fail(err)
	}
	return st, err
}

func (in *Input) put(ctx context.Context, f File, body io.Reader, size int64) (*Stored, error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	if err := in.ready(); err != nil { // better said before the file has come
		return nil, err
	}
	u, err := in.store.Receive(ctx, body, size)
	if err != nil {
		return nil, err
	}
	defer u.Close()
	if f.SHA256 != "" && f.SHA256 != u.SHA256 {
		return nil, &Error{
			Msg:  fmt.Sprintf("the %d bytes that came have the SHA-256 %s, not %s", u.Size, u.SHA256, f.SHA256),
			Hint: "send the file again; it was changed on its way, or while it was sent",
		}
	}
	if f.Type == "" {
		f.Type = u.Type
	}
	if f.Kind == "" {
		f.Kind = KindFile
		if strings.HasPrefix(f.Type, "video/") {
			f.Kind = KindVideo
		}
	}
	st := &Stored{SHA256: u.SHA256, Size: u.Size, Name: f.Name, Kind: f.Kind, Type: f.Type}
	// The same key with other content is another upload: nothing must be lost by a sender's mistake.
	scope, text := f.Scope+"\x00"+u.SHA256, f.Key
	if text == "" {
		text = rand.Text() // by which a crash's leftovers are told apart
	}
	key, err := input.NewKey(scope, text, 0)
	if err != nil {
		return nil, err
	}
	b, leave, err := in.enter()
	if err != nil {
		return nil, err
	}
	defer leave()
	st.Existed, err = u.Commit(ctx, key.String(), func() error {
		ctx, cancel := context.WithTimeout(ctx, maxWait)
		defer cancel()
		st.Duplicate, err = in.journal(ctx, b, f, st, scope, text)
		return err
	})
	if err != nil {
		return nil, err
	}
	return st, nil
}

// journal makes the record of a file durable.
func (in *Input) journal(ctx context.Context, b *input.Batcher, f File, st *Stored, scope, key string) (duplicate bool, err error) {
	line, err := line(record{
		Kind: f.Kind, Name: f.Name, Type: f.Type, Size: st.Size, SHA256: st.SHA256,
		Source: f.Source, Sender: f.Sender, Start: f.Start.UTC(), End: f.End.UTC(),
	})
	if err != nil {
		return false, err
	}
	parts, feed := b.NewParts(ctx, scope, key)
	defer parts.Close()
	if err := feed.Line(b.Source(f.Peer, ""), line, false, time.Now().UnixNano(), 0); err != nil {
		return false, err
	}
	if err := feed.Flush(); err != nil {
		return false, err
	}
	_, duplicate, err = parts.Finish()
	return duplicate, err
}

// line is a record as one line, with nothing escaped that need not be.
func line(r record) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(r)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// Times that events can have, see timestamps in stores.
const (
	firstYear = 1970
	lastYear  = 2200
)

// check says what is wrong with what the sender says.
func (f *File) check() error {
	if _, err := input.NewKey("", f.Key, 0); err != nil {
		return &Error{err.Error(), "use up to 256 bytes without control characters, new for each file"}
	}
	if f.Name == "" {
		return &Error{"the file has no name", "give it one, e.g. ?name=gate-3.mp4"}
	}
	for _, t := range []struct{ what, text string }{{"name", f.Name}, {"source", f.Source}, {"type", f.Type}} {
		if err := checkText(t.what, t.text); err != nil {
			return err
		}
	}
	if strings.ContainsAny(f.Name, `/\`) || f.Name == "." || f.Name == ".." {
		return &Error{fmt.Sprintf("%q is not the name of a file", f.Name), "leave the folders out"}
	}
	if f.Type != "" {
		if t, _, err := mime.ParseMediaType(f.Type); err != nil || !strings.Contains(t, "/") {
			return &Error{fmt.Sprintf("%q is not a media type", f.Type), "write e.g. video/mp4, or leave it out"}
		}
	}
	if f.Kind != "" && f.Kind != KindFile && f.Kind != KindVideo {
		return &Error{fmt.Sprintf("there is no kind %.40q", f.Kind), "write file or video"}
	}
	if f.SHA256 != "" && !filestore.IsSHA256(f.SHA256) {
		return &Error{fmt.Sprintf("%.80q is not a SHA-256", f.SHA256), "write 64 lower-case hexadecimal digits, or leave it out"}
	}
	return f.checkSpan()
}

func checkText(what, text string) error {
	switch {
	case len(text) > maxText:
		return &Error{fmt.Sprintf("the %s has %d bytes", what, len(text)), fmt.Sprintf("use %d at most", maxText)}
	case !utf8.ValidString(text):
		return &Error{"the " + what + " is not UTF-8", "send it in UTF-8, percent-encoded in the URL"}
	case strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) }):
		return &Error{fmt.Sprintf("the %s %q has control characters", what, text), "leave them out"}
	}
	return nil
}

func (f *File) checkSpan() error {
	for _, t := range []struct {
		what string
		at   time.Time
	}{{"start", f.Start}, {"end", f.End}} {
		if y := t.at.UTC().Year(); !t.at.IsZero() && (y < firstYear || y >= lastYear) {
			return &Error{fmt.Sprintf("%s lies in the year %d", t.what, y), fmt.Sprintf("give a time from %d on and before %d", firstYear, lastYear)}
		}
	}
	switch {
	case f.Start.IsZero() && !f.End.IsZero():
		return &Error{"there is an end without a start", "give both, or the start alone"}
	case !f.End.IsZero() && f.End.Before(f.Start):
		return &Error{"the end is before the start", "are they swapped?"}
	}
	return nil
}

// always is all the time that events of files can have.
var always = store.Selection{
	From: time.Date(firstYear, 1, 1, 0, 0, 0, 0, time.UTC), To: time.Date(lastYear, 1, 1, 0, 0, 0, 0, time.UTC),
}

// Event is the newest event in a scope that tells of a stored file, with its name and type; nil if there is none.
// Only events of this input count: those of others may name any hash.
func Event(ctx context.Context, st store.Store, scope store.Scope, sha string) (store.Event, error) {
	// The line has the hash as a word, by which stores find it fastest.
	n, err := query.Parse("logcenter.input:" + Name + " AND file.hash.sha256:" + sha + " AND message:" + sha)
	if err != nil {
		return nil, err
	}
	r := store.SearchRequest{Selection: always, Limit: 1, Fields: []string{ecs.FileName.Name(), ecs.FileMimeType.Name()}}
	r.Query = n
	page, err := st.Search(ctx, scope, r)
	if err != nil || len(page.Events) == 0 {
		return nil, err
	}
	return page.Events[0], nil
}
