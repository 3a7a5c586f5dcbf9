package archive

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	"github.com/logcenter/logcenter/host/durable"
)

// Report is what a verification found.
type Report struct {
	Records    int       // of the chain
	Head       string    // SHA-256 of the last one
	Partitions int       // that are in the archive
	Files      int       // of them, looked at
	Bytes      int64     // of these files
	Problems   []Problem // empty: everything is as it was written
	Notes      []string  // what is no damage but nobody expects
}

// Problem is something that is not as it was written.
type Problem struct {
	File string `json:"file"` // below the archive
	Text string `json:"text"`
}

// maxProblems are reported; behind them it is clear that the archive is not what it was.
const maxProblems = 1000

// Verify reads the whole archive: every record of the chain, and every file. progress is told how many bytes of how
// many are done; nil is not. An error means that it could not be read, damage is in the report.
func Verify(ctx context.Context, d Destination, state string, progress func(done, total int64)) (*Report, error) {
	v := &verifier{ctx: ctx, dest: d, r: &Report{}}
	var own chain
	if state != "" {
		if err := own.load(state, false); err != nil {
			v.problem(state, "%s", err)
		}
	}
	if err := v.records(&own, state); err != nil {
		return nil, err
	}
	if err := v.files(progress); err != nil {
		return nil, err
	}
	return v.r, nil
}

type verifier struct {
	ctx   context.Context //nolint:containedctx // of one call
	dest  Destination
	chain chain
	r     *Report
}

func (v *verifier) problem(file, format string, args ...any) {
	if len(v.r.Problems) < maxProblems {
		v.r.Problems = append(v.r.Problems, Problem{file, fmt.Sprintf(format, args...)})
	}
}

// records reads the chain and compares it with the host's copy.
func (v *verifier) records(own *chain, state string) error {
	objects, err := v.dest.List(v.ctx, "chain/")
	if err != nil {
		return err
	}
	if len(objects) == 0 && state == "" {
		return fmt.Errorf("there is no archive in %s: it has no folder chain", v.dest)
	}
	lost := false // the record before cannot be compared
	for _, o := range objects {
		if strings.HasSuffix(o.Name, durable.Suffix) {
			v.r.Notes = append(v.r.Notes, o.Name+" was left by a write that did not end")
			continue
		}
		b, err := read(v.ctx, v.dest, o.Name)
		if err != nil {
			return err
		}
		next := recordName(v.chain.count + 1)
		for o.Name > next && strings.HasPrefix(o.Name, "chain/") {
			v.problem(next, "is missing")
			v.chain.count++ // go on behind the gap
			lost = true
			next = recordName(v.chain.count + 1)
		}
		if o.Name != next {
			v.r.Notes = append(v.r.Notes, o.Name+" does not belong to an archive")
			continue
		}
		r, err := decode(b)
		if err != nil {
			v.problem(o.Name, "%s", err)
			v.chain.count++
			v.chain.sum = digest(b)
			continue
		}
		if r.Number != v.chain.count+1 {
			v.problem(o.Name, "says that it is record %d", r.Number)
		}
		if v.chain.sum != r.Previous && !lost {
			v.problem(recordName(v.chain.count), "is not what %s was written behind: the SHA-256 is %s, not %s", o.Name, orNone(v.chain.sum), orNone(r.Previous))
		}
		if err := v.chain.follows(r); err != nil {
			v.problem(o.Name, "%s", err)
		} else {
			v.chain.apply(r)
		}
		v.chain.count++
		v.chain.sum, lost = digest(b), false
	}
	if own.count > v.chain.count {
		for n := v.chain.count + 1; n <= own.count; n++ {
			v.problem(recordName(n), "is missing: this host wrote it")
		}
	} else if own.count > 0 && own.count == v.chain.count && own.sum != v.chain.sum {
		v.problem(recordName(own.count), "is not what this host wrote")
	}
	v.r.Records, v.r.Head, v.r.Partitions = v.chain.count, v.chain.sum, len(v.chain.live)
	return nil
}

func orNone(sum string) string {
	if sum == "" {
		return "none"
	}
	return sum
}

// files reads all files of all partitions.
func (v *verifier) files(progress func(done, total int64)) error {
	a := &Archive{dest: v.dest, chain: v.chain}
	known := map[string]bool{}
	var total, done int64
	list := a.List()
	for _, p := range list {
		total += p.Bytes()
	}
	for _, p := range list {
		for _, f := range p.Files {
			known[f.Name] = true
			what, err := check(v.ctx, v.dest, f)
			if err != nil {
				return err
			}
			if what != "" {
				v.problem(f.Name, "%s", what)
			}
			v.r.Files++
			v.r.Bytes += f.Bytes
			done += f.Bytes
			if progress != nil {
				progress(done, total)
			}
		}
	}
	objects, err := v.dest.List(v.ctx, "partitions/")
	if err != nil {
		return err
	}
	for _, o := range objects {
		if !known[o.Name] {
			v.r.Notes = append(v.r.Notes, o.Name+" belongs to no partition of the chain: it is being written, or was left by a crash")
		}
	}
	slices.Sort(v.r.Notes)
	return nil
}

// check reads a file and says what is wrong with it; empty: nothing.
func check(ctx context.Context, d Destination, f File) (what string, err error) {
	r, err := d.Get(ctx, f.Name)
	if errors.Is(err, fs.ErrNotExist) {
		return "is missing", nil
	}
	if err != nil {
		return "", err
	}
	defer r.Close() //nolint:errcheck // it was only read
	h := sha256.New()
	n, err := io.Copy(h, contextReader{ctx, r})
	switch {
	case err != nil:
		return "", fmt.Errorf("%s: %w", f.Name, err)
	case n != f.Bytes:
		return fmt.Sprintf("has %d bytes, not %d", n, f.Bytes), nil
	case hex.EncodeToString(h.Sum(nil)) != f.SHA256:
		return "was changed: its SHA-256 is not that of the manifest", nil
	}
	return "", nil
}

// contextReader ends with its context.
type contextReader struct {
	ctx context.Context //nolint:containedctx // of one call
	r   io.Reader
}

func (c contextReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}
