package infer

import (
	"bytes"
	"fmt"
	"os"
	"unicode/utf8"
)

// Bounds of a file of samples. It is for reading and for tests, so it is small.
const (
	MinLines = 5        // fewer lines say too little of a format
	MaxLines = 10_000   // lines of one file
	MaxLine  = 64 << 10 // bytes of one line
	maxFile  = 64 << 20 // bytes of the file
	binary   = "\x00"   // a byte that no log has
	bom      = "\ufeff" // of UTF-8, in front of the first line
	advice   = "give at least 5 lines as they were captured, one event a line"
)

// Samples are lines as a device wrote them.
type Samples struct {
	Lines   [][]byte
	Notices []string // what was mended, for the reader
}

// FileError is what is wrong with a file of samples.
type FileError struct {
	File string
	Line int // from 1; 0 for the file as a whole
	Msg  string
	Hint string // what would be right
}

// Error is one line: file, line, what is wrong and what would be right.
func (e *FileError) Error() string {
	at := e.File
	if e.Line > 0 {
		at = fmt.Sprintf("%s:%d", e.File, e.Line)
	}
	return fmt.Sprintf("%s: %s; %s", at, e.Msg, e.Hint)
}

// ReadSamples reads a file of samples. Empty lines are left out and line ends of Windows normalised, which the notices
// say. Errors are a [FileError], or the operating system's.
func ReadSamples(path string) (*Samples, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, &FileError{path, 0, "is a folder", "name a file of log lines"}
	case info.Size() > maxFile:
		return nil, &FileError{path, 0, fmt.Sprintf("has %d bytes", info.Size()), fmt.Sprintf("%d are enough; take some hundred lines: head -n 300", maxFile)}
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return ParseSamples(path, data)
}

// ParseSamples is ReadSamples for bytes that have been read; path is for the errors.
func ParseSamples(path string, data []byte) (*Samples, error) {
	data = bytes.TrimPrefix(data, []byte(bom))
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, &FileError{path, 0, "is empty", advice}
	}
	s := &Samples{}
	var crlf, lf, empty int
	for i, line := range bytes.Split(bytes.TrimSuffix(data, []byte("\n")), []byte("\n")) {
		if bytes.HasSuffix(line, []byte("\r")) {
			line = line[:len(line)-1]
			crlf++
		} else {
			lf++
		}
		if len(bytes.TrimSpace(line)) == 0 {
			empty++
			continue
		}
		if err := checkLine(path, i+1, line); err != nil {
			return nil, err
		}
		s.Lines = append(s.Lines, line)
		if len(s.Lines) > MaxLines {
			return nil, &FileError{path, i + 1, fmt.Sprintf("more than %d lines", MaxLines), fmt.Sprintf("some hundred of every kind are enough: shuf -n 300 %s", path)}
		}
	}
	if len(s.Lines) < MinLines {
		return nil, &FileError{path, 0, fmt.Sprintf("has %d lines", len(s.Lines)), advice}
	}
	switch {
	case crlf > 0 && lf > 0:
		s.Notices = append(s.Notices, fmt.Sprintf("%s: %d lines end in CR LF and %d in LF: all are written with LF", path, crlf, lf))
	case crlf > 0:
		s.Notices = append(s.Notices, fmt.Sprintf("%s: lines end in CR LF: they are written with LF", path))
	}
	if empty > 0 {
		s.Notices = append(s.Notices, fmt.Sprintf("%s: %d empty lines are left out", path, empty))
	}
	return s, nil
}

func checkLine(path string, n int, line []byte) error {
	if len(line) > MaxLine {
		return &FileError{path, n, fmt.Sprintf("the line has %d bytes", len(line)), fmt.Sprintf("a sample has at most %d: cut it, or check that lines end in LF", MaxLine)}
	}
	if i := bytes.IndexAny(line, binary); i >= 0 {
		return &FileError{path, n, fmt.Sprintf("a NUL at byte %d: this is no text", i+1), "give lines of text; captures of the network must be exported first"}
	}
	if i := bytes.IndexByte(line, '\r'); i >= 0 {
		return &FileError{path, n, fmt.Sprintf("a CR in the middle of the line, at byte %d", i+1), "end lines with LF or CR LF"}
	}
	if !utf8.Valid(line) {
		i := 0
		for i < len(line) {
			r, n := utf8.DecodeRune(line[i:])
			if r == utf8.RuneError && n == 1 {
				break
			}
			i += n
		}
		return &FileError{path, n, fmt.Sprintf("byte %d is not UTF-8", i+1), "convert the file: iconv -f GB18030 -t UTF-8"}
	}
	return nil
}
