//go:build unix

package file

import (
	"os"
	"syscall"
)

// identity is what a file keeps when it is renamed.
type identity struct{ Device, Inode uint64 }

func identify(i os.FileInfo) identity {
	s, ok := i.Sys().(*syscall.Stat_t)
	if !ok {
		return identity{}
	}
	return identity{uint64(s.Dev), s.Ino}
}
