package plugin

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/logcenter/logcenter/host/plugin/pack"
	"github.com/logcenter/logcenter/host/plugin/sandbox"
	"github.com/logcenter/logcenter/sdk/manifest"
	"github.com/logcenter/logcenter/sdk/python"
)

// sdkCopy begins the names of the SDK's copies.
const sdkCopy = "python-sdk"

// venvName is the folder of a plugin's own packages, made by `python3 -m venv`.
const venvName = ".venv"

// Bounds of what a plugin's scripts may be.
const (
	maxScripts     = 1000
	maxScriptBytes = 16 << 20 // of all together
)

// program is what a process runs: all of it was checked, and is where nobody else can change it.
type program struct {
	path string
	args []string
	sum  []byte   // SHA-256 of the file at path, which is looked at again before each start
	id   []byte   // SHA-256 of what the plugin's author made of it: of the binary, or of all scripts
	read []string // files and folders that the program needs beside the plugin's own
}

// confine makes what a plugin may do a policy for its program.
func (p program) confine(may sandbox.Policy) sandbox.Policy {
	may.Binary, may.Args = p.path, p.args
	may.Read = append(slices.Clip(may.Read), p.read...)
	return may
}

// prepare checks a plugin's program and brings it to runDir.
func prepare(m *Manifest, runDir string) (program, error) {
	if m.Runtime == manifest.Python {
		return preparePython(m, runDir)
	}
	path, sum, err := privateCopy(m.Binary, runDir)
	return program{path: path, sum: sum, id: sum}, err
}

// kept is the program of the past with an id, as prepare left it in runDir; [ErrForgotten] if it is not there any more.
func kept(m *Manifest, runDir string, id []byte) (p program, err error) {
	path := copyPath(runDir, m.Binary, id)
	if m.Runtime == manifest.Python {
		path = copyPath(runDir, m.ID, id)
	}
	for _, at := range []string{path, m.Dir} {
		if _, err := os.Stat(at); errors.Is(err, fs.ErrNotExist) {
			return p, fmt.Errorf("%w (%s)", ErrForgotten, at)
		}
	}
	if m.Runtime == manifest.Python {
		return pythonProgram(m, runDir, path, id)
	}
	return program{path: path, sum: id, id: id}, nil
}

// preparePython copies the plugin's scripts to runDir.
func preparePython(m *Manifest, runDir string) (p program, err error) {
	if script, err := scriptOf(m); err != nil {
		return p, err
	} else if _, err := os.Stat(filepath.Join(m.Dir, script)); err != nil {
		return p, fmt.Errorf("plugin script: %w", err)
	}
	folder, id, err := copyScripts(m, runDir)
	if err != nil {
		return p, err
	}
	return pythonProgram(m, runDir, folder, id)
}

// scriptOf is the path of the script that is run, in the plugin's folder.
func scriptOf(m *Manifest) (script string, err error) {
	if script = m.Binary; filepath.IsAbs(script) {
		script, err = filepath.Rel(m.Dir, m.Binary)
	}
	if err != nil || !filepath.IsLocal(script) || filepath.Ext(script) != ".py" {
		return "", fmt.Errorf("binary: %s: with runtime: %s it is a .py file in the plugin's folder", m.Binary, manifest.Python)
	}
	return script, nil
}

// pythonProgram runs the scripts in a folder. The interpreter is isolated (-I), so that neither the environment nor a
// user's packages decide on what runs.
func pythonProgram(m *Manifest, runDir, folder string, id []byte) (p program, err error) {
	p.id = id
	if p.path, err = interpreter(m.Dir); err != nil {
		return p, err
	}
	sum, err := pack.SumFile(p.path)
	if err != nil {
		return p, err
	}
	p.sum = sum[:]
	sdk, err := pythonSDK(runDir)
	if err != nil {
		return p, fmt.Errorf("copy the SDK for Python: %w", err)
	}
	resolved, err := filepath.EvalSymlinks(p.path)
	if err != nil {
		return p, err
	}
	// The interpreter's own packages, and those of the virtual environment that it is called in.
	p.read = []string{folder, sdk, filepath.Dir(filepath.Dir(p.path)), filepath.Dir(filepath.Dir(resolved))}
	script, err := scriptOf(m)
	p.args = []string{"-I", "-B", "-u", filepath.Join(sdk, "logcenter", "run.py"), folder, filepath.Join(folder, script)}
	return p, err
}

// interpreter is that of the plugin's virtual environment, or else the one in the host's path.
func interpreter(dir string) (string, error) {
	venv := filepath.Join(dir, venvName)
	path := filepath.Join(venv, "bin", "python")
	if _, err := os.Lstat(venv); errors.Is(err, fs.ErrNotExist) {
		if path, err = exec.LookPath(manifest.Python); err != nil {
			return "", fmt.Errorf("it needs %s, which is not in the path %s: install Python 3.11 or later, then %s",
				manifest.Python, os.Getenv("PATH"), makeVenv(dir, "grpcio protobuf"))
		}
		if path, err = filepath.Abs(path); err != nil {
			return "", err
		}
	} else if err := checkFolder(venv, ""); err != nil {
		return "", fmt.Errorf("the virtual environment: %w", err)
	}
	resolved, err := filepath.EvalSymlinks(path)
	if err != nil {
		return "", fmt.Errorf("the interpreter %s is not there (%w): %s", path, err, makeVenv(dir, "grpcio protobuf"))
	}
	return path, checkFile("interpreter", resolved, true)
}

// makeVenv is what an admin runs to give a plugin in Python what it needs.
func makeVenv(dir, packages string) string {
	venv := filepath.Join(dir, venvName)
	return fmt.Sprintf("python3 -m venv %s && %s/bin/pip install %s", venv, venv, packages)
}

// pythonSDK writes the SDK to where nobody else can change it, once for each of its versions.
func pythonSDK(runDir string) (string, error) {
	entries, err := python.Files.ReadDir("logcenter")
	if err != nil {
		return "", err
	}
	files := map[string][]byte{}
	for _, e := range entries {
		name := "logcenter/" + e.Name()
		if files[name], err = python.Files.ReadFile(name); err != nil {
			return "", err
		}
	}
	folder, _, err := writeTree(files, runDir, sdkCopy)
	return folder, err
}

// copyScripts copies the .py files of a plugin's folder, checked, to where nobody else can change them.
func copyScripts(m *Manifest, runDir string) (folder string, id []byte, err error) {
	files, size := map[string][]byte{}, 0
	root, err := filepath.EvalSymlinks(m.Dir) // a link would not be entered
	if err != nil {
		return "", nil, err
	}
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "__pycache__"):
			return fs.SkipDir
		case d.IsDir() || filepath.Ext(path) != ".py":
			return nil
		}
		if err := checkFile("script", path, false); err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		if files[name], err = os.ReadFile(path); err != nil {
			return err
		}
		if size += len(files[name]); size > maxScriptBytes || len(files) > maxScripts {
			return fmt.Errorf("%s has more than %d scripts or %d MiB of them: what is no code of its own belongs into %s", m.Dir, maxScripts, maxScriptBytes>>20, venvName)
		}
		return nil
	})
	if err != nil {
		return "", nil, err
	}
	return writeTree(files, runDir, m.ID)
}

// writeTree writes files into a folder below runDir that is named by their checksum. The folder is there whole or
// not at all.
func writeTree(files map[string][]byte, runDir, name string) (folder string, sum []byte, err error) {
	h := sha256.New()
	for _, path := range slices.Sorted(maps.Keys(files)) {
		h.Write(fmt.Appendf(nil, "%q %d ", path, len(files[path])))
		h.Write(files[path])
	}
	sum = h.Sum(nil)
	folder = copyPath(runDir, name, sum)
	if _, err := os.Stat(folder); err == nil { // nobody but this user can have written it
		return folder, sum, nil
	}
	tmp, err := os.MkdirTemp(runDir, unfinished+"-")
	if err != nil {
		return "", nil, err
	}
	defer func() { _ = os.RemoveAll(tmp) }() // it is gone if it was renamed
	for path, data := range files {
		to := filepath.Join(tmp, path)
		if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
			return "", nil, err
		}
		if err := os.WriteFile(to, data, 0o400); err != nil {
			return "", nil, err
		}
	}
	if err := os.Rename(tmp, folder); err != nil && !errors.Is(err, fs.ErrExist) { // else another plugin was first
		return "", nil, err
	}
	return folder, sum, nil
}
