package table

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Open reads a database of countries, cities or autonomous systems, which its records tell: in the MaxMind DB format
// (.mmdb), or of autonomous systems as CSV (.csv). IPv6 networks longer than bits6, at most 64, are left out. Errors
// name the file.
func Open(path string, bits6 int) (*Table, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() > maxFile {
		return nil, fmt.Errorf("%s: larger than %d MiB", path, maxFile>>20)
	}
	var t *Table
	if strings.EqualFold(filepath.Ext(path), ".csv") {
		t, err = readSystems(path)
	} else {
		t, err = readMMDB(path, bits6)
	}
	var (
		named *os.PathError
		fault *faultError
	)
	switch {
	case err == nil:
		return t, nil
	case errors.As(err, &named):
		return nil, err
	case errors.As(err, &fault):
		return nil, fmt.Errorf("%s:%w", path, err)
	}
	return nil, fmt.Errorf("%s: %w", path, err)
}

// faultError is a fault at a line.
type faultError struct {
	line int
	text string
}

func (f *faultError) Error() string { return fmt.Sprintf("%d: %s", f.line, f.text) }

// readSystems reads ranges of addresses: the first one, the last one, the number of the autonomous system, and the
// organisation that has it, in ascending order, those of IPv4 and of IPv6 each by itself.
func readSystems(path string) (*Table, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	c := csv.NewReader(bufio.NewReaderSize(f, 1<<20))
	c.ReuseRecord, c.FieldsPerRecord = true, 4
	b := NewBuilder()
	for {
		r, err := c.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			var p *csv.ParseError
			if errors.As(err, &p) {
				if errors.Is(p.Err, csv.ErrFieldCount) {
					p.Err = fmt.Errorf("%d values: want first address, last address, AS number, organisation", len(r))
				}
				return nil, &faultError{p.Line, p.Err.Error()}
			}
			return nil, err
		}
		if what := b.addSystem(r); what != "" {
			line, _ := c.FieldPos(0)
			return nil, &faultError{line, what}
		}
	}
	if len(b.t.Systems) < 2 {
		return nil, &faultError{1, "no line has an autonomous system"}
	}
	return b.Table(), nil
}

// addSystem adds one range; it says what is wrong with it.
func (b *Builder) addSystem(r []string) (fault string) {
	first, err := netip.ParseAddr(r[0])
	if err != nil {
		return fmt.Sprintf("%q: want the first address of a range", r[0])
	}
	last, err := netip.ParseAddr(r[1])
	if err != nil {
		return fmt.Sprintf("%q: want the last address of a range", r[1])
	}
	number, err := strconv.ParseUint(r[2], 10, 32)
	if err != nil {
		return fmt.Sprintf("%q: want the number of an autonomous system", r[2])
	}
	if err := b.nets.AddRange(first, last, b.System(System{uint32(number), strings.Clone(r[3])})); err != nil {
		return fmt.Sprintf("%s to %s: ranges must ascend: %v", first, last, err)
	}
	return ""
}
