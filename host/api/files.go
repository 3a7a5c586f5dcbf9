package api

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"os"
	"path"
	"strings"
	"time"
	"unicode"

	"github.com/gin-gonic/gin"

	"github.com/logcenter/logcenter/host/filestore"
	"github.com/logcenter/logcenter/host/input/upload"
	"github.com/logcenter/logcenter/host/store"
)

const (
	filesPath    = "/api/v1/files"
	pieceBytes   = 64 << 10    // of a file, up or down
	pieceTimeout = time.Minute // for one of them
	maxUploads   = 16          // at once
	maxDownloads = 32          // at once
	maxFormText  = 4 << 10     // bytes of a parameter in a form
)

// transfers bounds the files that are on their way.
type transfers struct{ up, down chan struct{} }

func newTransfers() transfers {
	return transfers{make(chan struct{}, maxUploads), make(chan struct{}, maxDownloads)}
}

var errNoFiles = &Error{
	Code: "conflict", Message: "this host keeps no files, because it keeps no events", Hint: "set store.kind to another than none", status: http.StatusConflict,
}

// putFile takes a file, as the body or in a form.
func (s *Server) putFile(c *gin.Context) error {
	sender, err := s.sender(c)
	if err != nil {
		return err
	}
	if s.o.Files == nil {
		return errNoFiles
	}
	p := urlParams(c)
	f := upload.File{
		Sender: sender, Peer: c.Request.RemoteAddr, Scope: filesPath + "\x00" + c.GetHeader("Authorization"), Key: c.GetHeader("Idempotency-Key"),
	}
	said := map[string]string{}
	for _, name := range fileParams {
		if v := p.text(name); v != "" {
			said[name] = v
		}
	}
	if err := p.done(); err != nil {
		return err
	}
	release, err := take(c.Request.Context(), s.files.up, "uploads")
	if err != nil {
		return err
	}
	defer release()
	body := &piecewise{s: s, c: c, r: c.Request.Body}
	body.renew()
	st, err := s.putBody(c, f, said, body)
	if err != nil {
		return err
	}
	if sender != "" {
		st.Existed = false // who may not see events must not learn by trying which files there are
	}
	bodyRead(c)
	s.writeWithin(c, writeTimeout)
	s.writeJSON(c, http.StatusOK, st)
	return nil
}

// sender lets admins and those who may send to an HTTP input pass, and returns that input; empty for admins.
func (s *Server) sender(c *gin.Context) (string, error) {
	if token := bearer(c.Request); token != "" && s.o.Ingest != nil {
		if in, ok := s.o.Ingest.Sender(token); ok {
			return in, nil
		}
	}
	who, err := s.identify(c)
	switch {
	case err != nil:
		s.metrics.refused.Inc()
		return "", err
	case !who.Admin:
		return "", errForbidden
	}
	return "", nil
}

// fileParams are what can be said of a file, in the URL or in a form.
var fileParams = []string{"name", "kind", "type", "source", "start", "end", "time_zone", "sha256"}

// describe fills f with what was said.
func describe(f *upload.File, said map[string]string) (err error) {
	f.Name, f.Kind, f.Type, f.Source, f.SHA256 = said["name"], said["kind"], said["type"], said["source"], strings.ToLower(said["sha256"])
	zone, err := timeZone(said["time_zone"])
	if err != nil {
		return err
	}
	now := time.Now()
	for _, t := range []struct {
		name string
		to   *time.Time
	}{{"start", &f.Start}, {"end", &f.End}} {
		if v := said[t.name]; v != "" {
			if *t.to, err = parseMoment(t.name, moment(v), now, zone); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Server) putBody(c *gin.Context, f upload.File, said map[string]string, body io.Reader) (*upload.Stored, error) {
	if e := c.GetHeader("Content-Encoding"); e != "" && e != "identity" {
		return nil, &Error{
			Code: "unsupported_encoding", Message: fmt.Sprintf("Content-Encoding %.40q is not supported", e), Hint: "send the file as it is",
			status: http.StatusUnsupportedMediaType,
		}
	}
	kind, form, _ := mime.ParseMediaType(c.GetHeader("Content-Type")) // what cannot be parsed is no form
	if kind != "multipart/form-data" {
		if said["type"] == "" {
			said["type"] = told(c.GetHeader("Content-Type"))
		}
		if err := describe(&f, said); err != nil {
			return nil, err
		}
		return s.put(c, f, body, c.Request.ContentLength)
	}
	if form["boundary"] == "" {
		return nil, badRequest("let the program that sends the form write Content-Type", "the form has no boundary")
	}
	parts := multipart.NewReader(body, form["boundary"])
	for {
		part, err := parts.NextRawPart()
		if err != nil {
			return nil, formError(err)
		}
		if part.FormName() != "file" {
			if err := formText(part, said); err != nil {
				return nil, err
			}
			continue
		}
		if said["name"] == "" { // browsers of old send the folders, too
			said["name"] = path.Base(strings.ReplaceAll(part.FileName(), `\`, "/"))
		}
		if said["type"] == "" {
			said["type"] = told(part.Header.Get("Content-Type"))
		}
		if err := describe(&f, said); err != nil {
			return nil, err
		}
		return s.put(c, f, &lastPart{part: part, parts: parts}, -1)
	}
}

// put stores a file whose body is at hand.
func (s *Server) put(c *gin.Context, f upload.File, body io.Reader, size int64) (*upload.Stored, error) {
	st, err := s.o.Files.Put(c.Request.Context(), f, body, size)
	var wrong *upload.Error
	if errors.As(err, &wrong) {
		return nil, badRequest(wrong.Hint, "%s", wrong.Msg)
	}
	return st, err
}

// told is a media type that a sender has chosen; empty for those that programs send when nobody has.
func told(header string) string {
	switch t, _, _ := strings.Cut(header, ";"); strings.TrimSpace(strings.ToLower(t)) {
	case "application/octet-stream", "application/x-www-form-urlencoded":
		return ""
	}
	return header
}

// formText reads a parameter that stands in a form.
func formText(part *multipart.Part, said map[string]string) error {
	name := part.FormName()
	known := false
	for _, p := range fileParams {
		known = known || p == name
	}
	if !known {
		return badRequest("known are file, "+strings.Join(fileParams, ", "), "there is no field %.80q in this form", name)
	}
	if said[name] != "" {
		return badRequest("send it once", "%s is given twice", name)
	}
	b, err := io.ReadAll(io.LimitReader(part, maxFormText+1))
	if err != nil {
		return formError(err)
	}
	if len(b) > maxFormText {
		return badRequest("", "%s has more than %d bytes", name, maxFormText)
	}
	said[name] = string(b)
	return nil
}

func formError(err error) error {
	var own *Error
	switch {
	case errors.As(err, &own):
		return own
	case errors.Is(err, io.EOF):
		return badRequest("send the file as the field named file, e.g. curl -F file=@gate-3.mp4", "the form has no file")
	}
	return badRequest("send it again", "the form cannot be read: %s", err)
}

// lastPart is a file in a form that must have nothing behind it: what would be said there would come too late.
type lastPart struct {
	part  *multipart.Part
	parts *multipart.Reader
}

func (l *lastPart) Read(p []byte) (int, error) {
	n, err := l.part.Read(p)
	if err == nil || !errors.Is(err, io.EOF) {
		if err != nil {
			err = formError(err)
		}
		return n, err
	}
	next, err := l.parts.NextRawPart()
	switch {
	case errors.Is(err, io.EOF):
		return n, io.EOF
	case err != nil:
		return n, formError(err)
	}
	return n, badRequest("send the fields first and the file last", "behind the file is the field %.80q", next.FormName())
}

// piecewise reads a body that may take as long as it takes, if only it goes on.
type piecewise struct {
	s    *Server
	c    *gin.Context
	r    io.Reader
	left int // bytes until the deadline is moved
}

func (b *piecewise) renew() {
	b.left = pieceBytes
	_ = http.NewResponseController(b.c.Writer).SetReadDeadline(time.Now().Add(pieceTimeout)) // not supported: a test
	b.s.writeWithin(b.c, pieceTimeout+writeTimeout)
}

func (b *piecewise) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if b.left -= n; b.left <= 0 {
		b.renew()
	}
	switch {
	case err == nil:
		return n, nil
	case errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF):
		bodyRead(b.c) // what follows, bringing all of it onto the disk, may take longer than a piece
		return n, err
	case errors.Is(err, os.ErrDeadlineExceeded):
		return n, &Error{
			Code: "timeout", Message: fmt.Sprintf("less than %d bytes of the file came within %s", pieceBytes, pieceTimeout),
			Hint: "send it again over a better line", status: http.StatusRequestTimeout,
		}
	}
	return n, badRequest("send it again", "the body ended before its time: %s", err)
}

// getFile hands out a file to those who may see an event that tells of it.
func (s *Server) getFile(c *gin.Context) error {
	p := urlParams(c)
	if err := p.done(); err != nil {
		return err
	}
	sha := strings.ToLower(c.Param("sha256"))
	if !filestore.IsSHA256(sha) {
		return badRequest("write the value of file.hash.sha256 of an event", "%.80q is not a SHA-256", sha)
	}
	if s.o.Files == nil {
		return errNoFiles
	}
	ev, err := s.fileEvent(c, sha)
	if err != nil {
		return err
	}
	release, err := take(c.Request.Context(), s.files.down, "downloads")
	if err != nil {
		return err
	}
	defer release()
	f, err := s.o.Files.Open(sha)
	if errors.Is(err, filestore.ErrNotFound) {
		return fmt.Errorf("%w: an event tells of the file, but its content is not kept any more", ErrNotFound)
	}
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // it was only read
	text := func(field string) string { t, _ := ev[field].(string); return t }
	h := c.Writer.Header()
	h.Set("Content-Type", cmp.Or(text("file.mime_type"), "application/octet-stream"))
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": safeName(text("file.name"), sha)}))
	// What was uploaded is nobody's page: it is saved, not shown, and runs nothing if it is shown all the same.
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("ETag", `"`+sha+`"`)
	w := &lateHeader{ResponseWriter: c.Writer, s: s, c: c}
	http.ServeContent(w, c.Request, "", f.Stored, f)
	if err := f.Err(); err != nil {
		s.o.Log.WithError(err).Error("api: a file is damaged")
		if !w.sent {
			for _, name := range []string{"Content-Disposition", "Content-Length", "Content-Range", "Accept-Ranges", "ETag", "Last-Modified"} {
				h.Del(name)
			}
		}
		return err
	}
	w.send()
	return nil
}

// safeName is a name under which a file can be saved anywhere.
func safeName(name, otherwise string) string {
	name = strings.Map(func(r rune) rune {
		if strings.ContainsRune(`/\<>:"|?*%`, r) || unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			return '_'
		}
		return r
	}, name)
	if name = strings.Trim(name, ". "); name == "" {
		return otherwise
	}
	return name
}

// fileEvent is the newest event in the caller's scope that tells of a file.
func (s *Server) fileEvent(c *gin.Context, sha string) (store.Event, error) {
	ctx, done, err := s.search(c)
	if err != nil {
		return nil, err
	}
	defer done()
	ev, err := upload.Event(ctx, s.o.Store, caller(c).Scope, sha)
	if err == nil && ev == nil {
		err = fmt.Errorf("%w: no event that you may see tells of the file %s; those of files that have just been stored can be found in a moment", ErrNotFound, sha)
	}
	return ev, err
}

// lateHeader sends the header with the first byte of a file, so that a file whose beginning is damaged can still be
// answered with an error. Behind that, an error breaks the connection.
type lateHeader struct {
	http.ResponseWriter
	s      *Server
	c      *gin.Context
	status int
	sent   bool
	left   int // bytes until the deadline is moved
}

// WriteHeader implements [http.ResponseWriter].
func (w *lateHeader) WriteHeader(status int) { w.status = status }

func (w *lateHeader) send() {
	if !w.sent && w.status != 0 {
		w.sent = true
		w.ResponseWriter.WriteHeader(w.status)
	}
}

// Write implements [io.Writer].
func (w *lateHeader) Write(b []byte) (int, error) {
	if w.left <= 0 {
		w.s.writeWithin(w.c, pieceTimeout)
		w.left = pieceBytes
	}
	w.send()
	n, err := w.ResponseWriter.Write(b)
	w.left -= n
	return n, err
}
