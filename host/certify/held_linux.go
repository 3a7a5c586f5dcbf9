package certify

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// held is what a process holds at a moment.
type held struct {
	files, sockets, tasks int
	memory                int64 // resident bytes of its own: shared memory is the host's
}

// holdings looks into /proc (proc(5)); what cannot be read, of a process that is gone, is zero.
func holdings(pid int) (h held) {
	dir := fmt.Sprintf("/proc/%d", pid)
	entries, _ := os.ReadDir(filepath.Join(dir, "fd"))
	for _, e := range entries {
		h.files++
		if to, err := os.Readlink(filepath.Join(dir, "fd", e.Name())); err == nil && strings.HasPrefix(to, "socket:") {
			h.sockets++
		}
	}
	data, _ := os.ReadFile(filepath.Join(dir, "status"))
	for line := range bytes.SplitSeq(data, []byte("\n")) {
		name, value, _ := bytes.Cut(line, []byte(":"))
		number := func() int64 {
			n, _ := strconv.ParseInt(string(bytes.TrimSuffix(bytes.TrimSpace(value), []byte(" kB"))), 10, 64) // the kernel writes numbers
			return n
		}
		switch string(name) {
		case "RssAnon":
			h.memory = number() << 10
		case "Threads":
			h.tasks = int(number())
		}
	}
	return h
}
