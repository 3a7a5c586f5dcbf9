package pack

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"syscall"

	"github.com/klauspost/compress/zstd"
)

// Signed are the bytes by which a package says who answers for it.
type Signed struct {
	Sums      []byte // SHA256SUMS
	Signature []byte // empty: it is not signed
	Key       []byte // the signer's public key as the package has it; empty: it does not
}

// Extract unpacks the package r into dir, an empty folder. Before anything is written, judge is told what is signed; its
// error ends it. Every file is compared with its sum as it is written. An error leaves what was unpacked so far, for the
// caller to remove. Nothing is brought onto the disk: that, too, is the caller's. The digest is the SHA-256 of r's bytes.
//
// At most [MaxBytes] are read, and what they unfold to is bounded; nothing is written outside of dir.
func Extract(ctx context.Context, r io.Reader, dir string, judge func(Signed) error) (digest [sha256.Size]byte, err error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return digest, err
	}
	defer root.Close() //nolint:errcheck // nothing was written by it
	in := &counted{ctx: ctx, r: r}
	whole := sha256.New()
	z, err := zstd.NewReader(io.TeeReader(in, whole), zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderLowmem(true))
	if err != nil {
		return digest, err
	}
	defer z.Close()
	x := &extraction{root: root, z: &bounded{r: z, left: maxUnpacked}, judge: judge}
	x.tar = tar.NewReader(x.z)
	if err := x.run(); err != nil {
		return digest, in.explain(err)
	}
	return [sha256.Size]byte(whole.Sum(nil)), nil
}

// extraction is one package that is being unpacked.
type extraction struct {
	root  *os.Root
	z     *bounded
	tar   *tar.Reader
	judge func(Signed) error

	signed Signed
	sums   Sums // nil until judged
	seen   map[string]bool
	files  int
}

func (x *extraction) run() error {
	x.seen = map[string]bool{}
	for {
		h, err := x.tar.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if err := x.entry(h); err != nil {
			return err
		}
	}
	if x.sums == nil { // there was nothing behind the list
		if err := x.judged(); err != nil {
			return err
		}
	}
	for _, name := range sorted(x.sums) {
		if !x.seen[name] {
			return refuse(name, fetchAgain, "is listed in %s but not in the package", sumsName)
		}
	}
	return x.end()
}

// end makes sure that nothing is behind the archive but what fills its last block.
func (x *extraction) end() error {
	buf := make([]byte, 32<<10)
	for all := 0; ; {
		n, err := x.z.Read(buf)
		if all += n; all > maxPadding || len(bytes.Trim(buf[:n], "\x00")) > 0 {
			return refuse("", askVendor, "there is something behind the archive")
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// entry takes the next file of the archive.
func (x *extraction) entry(h *tar.Header) error {
	if err := checkName(h.Name); err != nil {
		return err
	}
	if h.Typeflag != tar.TypeReg {
		return refuse(h.Name, askVendor, "is %s: a package has regular files only", typeName(h.Typeflag))
	}
	if x.files++; x.files > maxFiles+3 {
		return refuse(h.Name, askVendor, "is one of more than %d files", maxFiles)
	}
	if x.seen[h.Name] {
		return refuse(h.Name, askVendor, "is there twice")
	}
	x.seen[h.Name] = true
	if h.Size > x.z.left {
		return x.z.tooMuch()
	}
	if unlisted(h.Name) {
		return x.head(h)
	}
	if x.sums == nil {
		if err := x.judged(); err != nil {
			return err
		}
	}
	want, listed := x.sums[h.Name]
	if !listed {
		return refuse(h.Name, askVendor, "is not listed in %s", sumsName)
	}
	return x.file(h.Name, want)
}

// head takes one of the files that come first.
func (x *extraction) head(h *tar.Header) error {
	to, most := &x.signed.Sums, int64(maxSums)
	switch {
	case x.sums != nil || h.Name != sumsName && x.signed.Sums == nil:
		return refuse(h.Name, askVendor, "is not where it should be: %s comes first, its signature and key behind it", sumsName)
	case h.Name == signatureName:
		to, most = &x.signed.Signature, maxSmall
	case h.Name == keyName:
		to, most = &x.signed.Key, maxSmall
	}
	b, err := io.ReadAll(io.LimitReader(x.tar, most+1))
	if err != nil {
		return err
	}
	if int64(len(b)) > most || len(b) == 0 {
		return refuse(h.Name, askVendor, "has %d bytes, want 1 to %d", h.Size, most)
	}
	*to = b
	return nil
}

// judged asks whether these bytes are to be unpacked, and keeps those that say it.
func (x *extraction) judged() error {
	if x.signed.Sums == nil {
		return refuse(sumsName, "is it a package? "+askVendor, "is not the first file")
	}
	sums, err := ParseSums(x.signed.Sums)
	if err != nil {
		return err
	}
	if err := x.judge(x.signed); err != nil {
		return err
	}
	x.sums = sums
	for name, b := range map[string][]byte{sumsName: x.signed.Sums, signatureName: x.signed.Signature, keyName: x.signed.Key} {
		if b != nil {
			if err := x.root.WriteFile(name, b, 0o400); err != nil {
				return err
			}
		}
	}
	return nil
}

func (x *extraction) file(name string, want [sha256.Size]byte) error {
	if folder := path.Dir(name); folder != "." {
		err := x.root.MkdirAll(folder, 0o700)
		if errors.Is(err, syscall.ENOTDIR) || errors.Is(err, syscall.EEXIST) {
			return refuse(name, askVendor, "lies in what is a file")
		}
		if err != nil {
			return err
		}
	}
	f, err := x.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	h := sha256.New()
	_, err = io.Copy(io.MultiWriter(f, h), x.tar)
	if err = errors.Join(err, f.Chmod(0o400), f.Close()); err != nil {
		return err
	}
	if got := [sha256.Size]byte(h.Sum(nil)); got != want {
		return refuse(name, fetchAgain, "its SHA-256 is %x, but %s says %x", got, sumsName, want)
	}
	return nil
}

func typeName(flag byte) string {
	switch flag {
	case tar.TypeSymlink:
		return "a symbolic link"
	case tar.TypeLink:
		return "a hard link"
	case tar.TypeDir:
		return "a folder"
	case tar.TypeChar, tar.TypeBlock:
		return "a device"
	case tar.TypeFifo:
		return "a named pipe"
	}
	return fmt.Sprintf("an entry of type %q", flag)
}

// counted reads at most MaxBytes, until ctx is done.
type counted struct {
	ctx context.Context
	r   io.Reader
	n   int64
	err error // of r, or of ours
}

func (c *counted) Read(p []byte) (int, error) {
	if c.err = c.ctx.Err(); c.err != nil {
		return 0, c.err
	}
	if c.n > MaxBytes {
		c.err = refuse("", askVendor, "it has more than %d MiB", MaxBytes>>20)
		return 0, c.err
	}
	n, err := c.r.Read(p)
	c.n += int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		c.err = err
	}
	return n, err
}

// explain makes of what the decoders say what is wrong with the package.
func (c *counted) explain(err error) error {
	var own *Error
	switch {
	case c.err != nil: // of the reader, which the decoders may hide
		return c.err
	case c.n == 0:
		return &Error{Msg: "it is empty", Hint: fetchAgain, Err: err}
	case errors.As(err, &own):
		return err
	case errors.Is(err, zstd.ErrMagicMismatch):
		return &Error{Msg: "it is not a package: no zstd archive begins so", Hint: "packages are made by `logcenter plugin package`", Err: err}
	case errors.Is(err, io.ErrUnexpectedEOF):
		return &Error{Msg: fmt.Sprintf("it is cut short behind %d bytes", c.n), Hint: fetchAgain, Err: err}
	case errors.Is(err, zstd.ErrWindowSizeExceeded), errors.Is(err, zstd.ErrDecoderSizeExceeded):
		return &Error{Msg: fmt.Sprintf("it needs more than %d MiB of memory to be unpacked", maxWindow>>20), Hint: askVendor, Err: err}
	case errors.Is(err, tar.ErrHeader):
		return &Error{Msg: "it is not a package: there is no tar archive in it", Hint: askVendor, Err: err}
	case errors.As(err, new(*os.PathError)), errors.As(err, new(*os.SyscallError)):
		return err // of the disk
	}
	return &Error{Msg: "it is damaged: " + err.Error(), Hint: fetchAgain, Err: err}
}

// bounded reads at most left bytes; more is an error.
type bounded struct {
	r    io.Reader
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left == 0 {
		return 0, b.tooMuch()
	}
	n, err := b.r.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}

func (b *bounded) tooMuch() error {
	return refuse("", askVendor, "it unfolds to more than %d MiB", maxUnpacked>>20)
}
