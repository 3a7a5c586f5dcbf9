package manifest

import (
	"os"
	"path/filepath"
	"runtime"
)

// Platform is where this process runs, OS-ARCH, e.g. linux-amd64.
func Platform() string { return runtime.GOOS + "-" + runtime.GOARCH }

// locate finds the program that a manifest in dir names: beside it, or, in a folder that has programs for several
// platforms, as bin/OS-ARCH/NAME.
func locate(dir, name string) string {
	beside := filepath.Join(dir, name)
	if ours := filepath.Join(dir, "bin", Platform(), name); !isFile(beside) && isFile(ours) {
		return ours
	}
	return beside
}

func isFile(path string) bool {
	st, err := os.Stat(path)
	return err == nil && st.Mode().IsRegular()
}
