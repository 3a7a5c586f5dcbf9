package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// SearchEach asks for one page and hands its events to f one by one while the answer comes in, each as the JSON object that
// the host wrote, so that no more than one of them is held. raw is valid until f returns; f's error ends the page and is
// returned. The page that is returned has no Events.
//
// Once f was called, a lost connection is an error: asking again would hand out events twice.
func (c *Client) SearchEach(ctx context.Context, r SearchRequest, f func(raw []byte) error) (*Page, error) {
	q, err := request{method: http.MethodPost, path: []string{"search"}}.json(r)
	if err != nil {
		return nil, err
	}
	var page *Page
	err = c.do(ctx, q, func(res *http.Response) error {
		handed := false
		p, err := readPage(res.Body, func(raw []byte) error {
			handed = true
			return f(raw)
		})
		page = p
		if err != nil && handed {
			return &answerError{err}
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return page, nil
}

// errNotPage is about an answer that is no page of events.
var errNotPage = &answerError{errors.New("the answer is not Logcenter's: it is no page of events")}

// readPage reads the JSON of a page, one value at a time.
func readPage(r io.Reader, f func(raw []byte) error) (*Page, error) {
	s := valueScanner{r: r}
	head := []byte{'{'}
	if err := s.expect('{'); err != nil {
		return nil, err
	}
	for {
		more, err := s.more('}')
		if err != nil {
			return nil, err
		}
		if !more {
			break
		}
		name, err := s.value()
		if err != nil {
			return nil, err
		}
		if bytes.Equal(name, []byte(`"events"`)) {
			if err := s.events(f); err != nil {
				return nil, err
			}
			continue
		}
		if len(head) > 1 {
			head = append(head, ',')
		}
		head = append(append(head, name...), ':')
		if err := s.expect(':'); err != nil {
			return nil, err
		}
		value, err := s.value()
		if err != nil {
			return nil, err
		}
		head = append(head, value...)
	}
	p := &Page{}
	if err := json.Unmarshal(append(head, '}'), p); err != nil {
		return nil, decodeError(err)
	}
	return p, nil
}

// valueScanner finds where the values of a JSON text end, without looking into them.
type valueScanner struct {
	r   io.Reader
	buf []byte // read and not yet taken: buf[pos:]
	pos int
}

// fill reads more behind what is there. It moves what is not taken to the front.
func (s *valueScanner) fill() error {
	if s.pos > 0 {
		s.buf = s.buf[:copy(s.buf, s.buf[s.pos:])]
		s.pos = 0
	}
	if len(s.buf) > maxSSELine {
		return &answerError{fmt.Errorf("an event of the answer has more than %d bytes", maxSSELine)}
	}
	if cap(s.buf)-len(s.buf) < 16<<10 {
		s.buf = append(make([]byte, 0, max(64<<10, 2*cap(s.buf))), s.buf...)
	}
	for {
		n, err := s.r.Read(s.buf[len(s.buf):cap(s.buf)])
		s.buf = s.buf[:len(s.buf)+n]
		switch {
		case n > 0:
			return nil
		case errors.Is(err, io.EOF):
			return io.ErrUnexpectedEOF
		case err != nil:
			return err
		}
	}
}

// peek is the next byte that is no white space.
func (s *valueScanner) peek() (byte, error) {
	for {
		for ; s.pos < len(s.buf); s.pos++ {
			switch c := s.buf[s.pos]; c {
			case ' ', '\t', '\r', '\n':
			default:
				return c, nil
			}
		}
		if err := s.fill(); err != nil {
			return 0, err
		}
	}
}

func (s *valueScanner) expect(want byte) error {
	c, err := s.peek()
	if err != nil {
		return err
	}
	if c != want {
		return errNotPage
	}
	s.pos++
	return nil
}

// more says whether another member comes before an object or a list ends with end, which it takes.
func (s *valueScanner) more(end byte) (bool, error) {
	c, err := s.peek()
	if err == nil && c == ',' {
		s.pos++
		c, err = s.peek()
	}
	if err != nil {
		return false, err
	}
	if c == end {
		s.pos++
		return false, nil
	}
	return true, nil
}

// events hands out the elements of the list that comes behind a colon.
func (s *valueScanner) events(f func(raw []byte) error) error {
	for _, c := range []byte{':', '['} {
		if err := s.expect(c); err != nil {
			return err
		}
	}
	for {
		more, err := s.more(']')
		if err != nil || !more {
			return err
		}
		raw, err := s.value()
		if err != nil {
			return err
		}
		if raw[0] != '{' {
			return errNotPage
		}
		if err := f(raw); err != nil {
			return &answerError{err}
		}
	}
}

// value takes the next value. It is valid until the next call.
func (s *valueScanner) value() ([]byte, error) {
	first, err := s.peek()
	if err != nil {
		return nil, err
	}
	depth := 0
	for i := s.pos; ; {
		if i == len(s.buf) {
			i -= s.pos
			if err := s.fill(); err != nil {
				return nil, err
			}
			i += s.pos
		}
		switch c := s.buf[i]; c {
		case '"':
			if i, err = s.text(i); err != nil {
				return nil, err
			}
			if depth == 0 && first == '"' {
				return s.take(i), nil
			}
		case '{', '[':
			depth++
			i++
		case '}', ']':
			if depth == 0 && i > s.pos {
				return s.take(i), nil // of a number, which the end of what it is in ends
			}
			depth--
			i++
			if depth == 0 {
				return s.take(i), nil
			}
			if depth < 0 {
				return nil, errNotPage
			}
		case ',', ':', ' ', '\t', '\r', '\n':
			if depth == 0 {
				if i == s.pos {
					return nil, errNotPage
				}
				return s.take(i), nil
			}
			i++
		default:
			i++
		}
	}
}

// take returns what comes before i, and goes on there.
func (s *valueScanner) take(i int) []byte {
	v := s.buf[s.pos:i]
	s.pos = i
	return v
}

// text is the place behind the string that begins at i.
func (s *valueScanner) text(i int) (int, error) {
	for i++; ; {
		for i < len(s.buf) {
			n := bytes.IndexByte(s.buf[i:], '"')
			if n < 0 {
				n = len(s.buf) - i
			}
			if esc := bytes.IndexByte(s.buf[i:i+n], '\\'); esc >= 0 {
				if i += esc + 2; i > len(s.buf) { // the escaped byte is still to come
					break
				}
				continue
			}
			if i += n; i < len(s.buf) {
				return i + 1, nil
			}
		}
		i -= s.pos
		if err := s.fill(); err != nil {
			return 0, err
		}
		i += s.pos
	}
}
