package bench

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/pprof"
	"strings"

	"github.com/logcenter/logcenter/host/pipeline"
	"github.com/logcenter/logcenter/host/plugin"
	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/manifest"
)

// InProcess is the main function of the program that tools/inprocess writes: the baseline with all plugins in
// one process. It takes the flags of `logcenter bench pipeline` that make sense for it and returns the exit
// code.
func InProcess(args []string, mains map[string]func()) int {
	f := flag.NewFlagSet("inprocess", flag.ContinueOnError)
	input := f.String("input", "", "file of lines")
	dirs := f.String("plugin-dir", "", "folder with plugins")
	ids := f.String("plugins", strings.Join(DefaultPlugins, ","), "plugins to run")
	workers := f.Int("workers", 0, "batches in work at once")
	dir := f.String("dir", filepath.Join(os.TempDir(), "logcenter-bench"), "folder for what a run writes")
	asJSON := f.Bool("json", false, "print JSON")
	journal := f.String("journal", "off", "off or disk")
	profile := f.String("profile", "", "CPU profile to write")
	if err := f.Parse(args); err != nil {
		return 2
	}
	stages, err := linked(*dirs, strings.Split(*ids, ","), mains)
	if err == nil && *profile != "" {
		var out *os.File
		if out, err = os.Create(*profile); err == nil {
			defer func() { _ = out.Close() }()
			err = pprof.StartCPUProfile(out)
			defer pprof.StopCPUProfile()
		}
	}
	if err == nil {
		var r *Result
		r, err = Pipeline(context.Background(), Options{
			Name: "inprocess journal=" + *journal + " store=none", Input: *input, Stages: stages, Workers: *workers, Dir: *dir, Journal: *journal == "disk",
		})
		if err == nil {
			err = r.Print(os.Stdout, *asJSON)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "inprocess:", err)
		return 1
	}
	return 0
}

// linked opens the stages of linked plugins in their folders, as a process would find itself there.
func linked(dir string, ids []string, mains map[string]func()) (stages []pipeline.Stage, err error) {
	for _, id := range ids {
		start, ok := mains[id]
		if !ok {
			return nil, fmt.Errorf("plugin %q is not linked in", id)
		}
		m, err := manifest.Read(filepath.Join(dir, id))
		if err != nil {
			return nil, err
		}
		if err := os.Chdir(m.Dir); err != nil {
			return nil, err
		}
		s, err := plugin.NewInProcess(m, sdk.Capture(start), nil)
		if err != nil {
			return nil, fmt.Errorf("plugin %s: %w", id, err)
		}
		stages = append(stages, s)
	}
	return stages, nil
}

// Print writes the figures as one line, for people or as JSON.
func (r *Result) Print(w io.Writer, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(w).Encode(r)
	}
	stored := ""
	if r.StoreRawRatio > 0 {
		stored = fmt.Sprintf("  %.3f bytes stored per raw byte", r.StoreRawRatio)
	}
	_, err := fmt.Fprintf(w, "%-40s %6.1f MB %8d events  wall %6.2f s  cpu %6.2f s  %6.2f ms/MB  %6.1f MB/s per core  memory %4.0f MB%s\n  %v\n",
		r.Name, r.RawMB, r.Events, r.WallS, r.CPUS, r.CPUMsPerMB, r.MBPerCoreS, r.MemoryMB, stored, r.Processes)
	return err
}
