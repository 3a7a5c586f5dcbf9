package python_test

import (
	"os"
	"os/exec"
	"testing"
)

// TestPython runs the tests of the package itself. Without an interpreter that has grpcio it is skipped, loudly, and
// fails if CI=true.
func TestPython(t *testing.T) {
	const python = "../../build/venv/bin/python"
	if _, err := os.Stat(python); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("no Python with grpcio: run `make venv` (%v)", err)
		}
		t.Skipf("*** SKIPPED: no Python with grpcio, run `make venv` (%v) ***", err)
	}
	cmd := exec.Command(python, "-B", "-m", "unittest", "discover", "-s", "tests")
	cmd.Env = append(os.Environ(), "PYTHONPATH=.")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	// What another process reads, go test does not see: so that it knows when a result is of other files, read them here.
	for _, dir := range []string{"tests", "logcenter"} {
		files, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			if _, err := os.ReadFile(dir + "/" + f.Name()); err != nil && !f.IsDir() {
				t.Fatal(err)
			}
		}
	}
}
