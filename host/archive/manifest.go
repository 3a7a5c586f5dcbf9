package archive

import (
	"fmt"
	"path"
	"strings"
	"time"
)

// Record is one link of the chain.
type Record struct {
	Version  int       `json:"version"`
	Number   int       `json:"number"`             // from 1, without gaps
	Previous string    `json:"previous,omitempty"` // SHA-256 of the file of the record before; empty in the first
	Time     time.Time `json:"time"`
	Kind     string    `json:"kind"`
	Name     string    `json:"name"`             // of the partition it is about
	Reason   string    `json:"reason,omitempty"` // of deleting, holding and releasing
	Manifest *Manifest `json:"manifest,omitempty"`
}

// Manifest describes an archived partition.
type Manifest struct {
	Class        string    `json:"class"`
	Day          string    `json:"day"` // of event.ingested, UTC
	Part         int       `json:"part"`
	Format       string    `json:"format"`
	Program      string    `json:"program,omitempty"` // that wrote it, with its version
	ArchiveYears int       `json:"archive_years"`     // of the policy at that time
	Events       int64     `json:"events"`
	RawBytes     int64     `json:"raw_bytes"` // of message
	From         time.Time `json:"from"`      // first and last @timestamp
	To           time.Time `json:"to"`
	Datasets     []Dataset `json:"datasets"`
	Fields       []Field   `json:"fields"`
	Files        []File    `json:"files"`
}

// Dataset counts the events of one source.
type Dataset struct {
	Name   string `json:"name"` // event.dataset; empty for events without
	Events int64  `json:"events"`
}

// Field is a field that occurs.
type Field struct {
	Name   string `json:"name"`
	Type   string `json:"type"` // as in package ecs; flattened for undeclared ones
	Events int64  `json:"events"`
}

// File is one file of a partition.
type File struct {
	Name     string    `json:"name"` // below the archive
	Bytes    int64     `json:"bytes"`
	SHA256   string    `json:"sha256"`
	Events   int64     `json:"events,omitempty"` // 0 for an index
	RawBytes int64     `json:"raw_bytes,omitempty"`
	From     time.Time `json:"from,omitzero"` // first and last @timestamp
	To       time.Time `json:"to,omitzero"`
}

// Bytes of all files.
func (m *Manifest) Bytes() (n int64) {
	for _, f := range m.Files {
		n += f.Bytes
	}
	return n
}

// Name of an archived partition: CLASS.DAY, and from the second part on .PART behind it.
func (m *Manifest) Name() string { return name(m.Class, m.Day, m.Part) }

func name(class, day string, part int) string {
	n := class + "." + day
	if part > 1 {
		n += fmt.Sprintf(".%d", part)
	}
	return n
}

func (m *Manifest) folder() string {
	return fmt.Sprintf("partitions/%s/%s/%d/", m.Class, m.Day, m.Part)
}

// Partition is an archived partition that was not deleted.
type Partition struct {
	Manifest // without Fields and Datasets, which [Archive.Read] returns
	Number   int
	Time     time.Time // when it was archived
	Held     string    // why it must not be deleted; empty if it may
}

// leastDays are how long a partition is kept at least, whatever its day: a wrong clock may have given it a day long ago.
const leastDays = 30

// Until is when the partition's years are over: by the policy it was archived under or by today's, whichever keeps it
// longer; but never earlier than 30 days after it was archived. years are those of today.
func (p *Partition) Until(years int) time.Time {
	day, err := time.Parse(time.DateOnly, p.Day)
	if err != nil { // refused when it was read
		return time.Time{}
	}
	until := day.AddDate(max(years, p.ArchiveYears), 0, 1)
	if least := p.Time.AddDate(0, 0, leastDays); until.Before(least) {
		return least
	}
	return until
}

// checkFile refuses names that lead out of a partition's folder.
func (m *Manifest) checkFile(name string) error {
	if !strings.HasPrefix(name, m.folder()) || path.Clean(name) != name || strings.Contains(name[len(m.folder()):], "/") {
		return fmt.Errorf("the file %.100q does not belong to %s", name, m.Name())
	}
	return nil
}
