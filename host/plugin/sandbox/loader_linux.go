package sandbox

import (
	"bytes"
	"debug/elf"
	"io"
)

// libraries are where dynamic loaders look (ld.so(8)).
var libraries = [...]string{"/etc/ld.so.cache", "/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib"}

// withLoader grants a dynamically linked program its loader and the system's libraries. Other files are left as they
// are: the kernel will say what is wrong with them.
func (p Policy) withLoader() Policy {
	f, err := elf.Open(p.Binary)
	if err != nil {
		return p
	}
	defer func() { _ = f.Close() }()
	const longest = 4096
	for _, s := range f.Progs {
		if s.Type != elf.PT_INTERP {
			continue
		}
		path, err := io.ReadAll(io.LimitReader(s.Open(), longest))
		if err != nil {
			return p
		}
		p.Exec = append(p.Exec[:len(p.Exec):len(p.Exec)], string(bytes.TrimRight(path, "\x00")))
		p.Read = append(p.Read[:len(p.Read):len(p.Read)], libraries[:]...)
	}
	return p
}
