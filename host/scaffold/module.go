package scaffold

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"strings"
)

const module = "github.com/logcenter/logcenter"

var (
	modulePattern  = regexp.MustCompile(`(?m)^module\s+(\S+)`)
	goPattern      = regexp.MustCompile(`(?m)^go\s+(\S+)`)
	releasePattern = regexp.MustCompile(`^v\d+\.\d+\.\d+$`)
)

// tree finds Logcenter's source at dir or above it; empty if there is none.
func tree(dir string) string {
	for {
		if isTree(dir) {
			return dir
		}
		up := filepath.Dir(dir)
		if up == dir {
			return ""
		}
		dir = up
	}
}

func isTree(dir string) bool {
	data, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	m := modulePattern.FindSubmatch(data)
	return err == nil && m != nil && string(m[1]) == module
}

// module makes the folder a module of its own where it is not in Logcenter's tree.
func (f *Folder) module(o Options, dir string) error {
	if tree(dir) != "" {
		return nil
	}
	f.Module = true
	source, version, err := source(o.SDK)
	if err != nil {
		return err
	}
	view := struct{ ID, Go, Version, SDK string }{o.ID, "1.26", version, source}
	if source != "" {
		data, err := os.ReadFile(filepath.Join(source, "go.mod"))
		if err != nil {
			return err
		}
		if m := goPattern.FindSubmatch(data); m != nil {
			view.Go = string(m[1])
		}
		// The checksums of all that the SDK is made of; `go mod tidy` leaves those that are needed.
		if f.files["go.sum"], err = os.ReadFile(filepath.Join(source, "go.sum")); err != nil {
			return err
		}
	}
	return f.render("go.mod", "templates/go.mod.tmpl", view)
}

// source is where the SDK comes from: a folder, or a release.
func source(given string) (dir, version string, err error) {
	const unreleased = "v0.0.0"
	if given != "" {
		dir, err := filepath.Abs(given)
		if err != nil {
			return "", "", err
		}
		if !isTree(dir) {
			return "", "", fmt.Errorf("--sdk %s: is not Logcenter's source: want a folder whose go.mod says module %s", given, module)
		}
		return dir, unreleased, nil
	}
	if exe, err := os.Executable(); err == nil {
		if dir := tree(filepath.Dir(exe)); dir != "" {
			return dir, unreleased, nil
		}
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Path == module && releasePattern.MatchString(info.Main.Version) {
		return "", info.Main.Version, nil
	}
	return "", "", errors.New("the folder is outside of Logcenter's source, and where that is is not known: give it with --sdk PATH")
}

// ErrNoGo says that there is no Go on this machine.
var ErrNoGo = errors.New("go is not installed: see https://go.dev/dl/")

// Build compiles a plugin in Go and writes what its own tests write: golden files of its samples and, for the config,
// docs_gen.go. Then it runs the tests. It needs Go; without, the error is [ErrNoGo].
func (f *Folder) Build(ctx context.Context) error {
	docs := filepath.Join(f.Path, "docs_gen.go")
	before, _ := os.ReadFile(docs)
	if err := f.command(ctx, "test", "-count=1", ".", "-update"); err != nil {
		return err
	}
	if after, err := os.ReadFile(docs); err == nil && !bytes.Equal(before, after) {
		// What is written of the config's comments is made by the program that has them, which the first one had not.
		if err := f.command(ctx, "test", "-count=1", ".", "-update"); err != nil {
			return err
		}
	}
	return f.command(ctx, "test", "-count=1", ".")
}

func (f *Folder) command(ctx context.Context, args ...string) error {
	path, err := exec.LookPath("go")
	if err != nil {
		return ErrNoGo
	}
	if f.Module {
		// go.mod names the SDK alone; Go adds what that requires.
		args = append([]string{args[0], "-mod=mod"}, args[1:]...)
	}
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Dir = f.Path
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("go %s in %s: %w\n%s", strings.Join(args, " "), f.Path, err, bytes.TrimSpace(out))
	}
	return nil
}
