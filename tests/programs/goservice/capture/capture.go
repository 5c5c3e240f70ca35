// Package capture writes the profiles of the running process to files.
package capture

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
)

// Dir is the folder that profiles are written to.
type Dir string

// Profile writes one named profile in the form that debug asks for: 0 protobuf, 1 and 2 text.
func (d Dir) Profile(name, file string, debug int) error {
	profile := pprof.Lookup(name)
	if profile == nil {
		return fmt.Errorf("no profile named %q", name)
	}
	f, err := os.Create(filepath.Join(string(d), file))
	if err != nil {
		return err
	}
	defer f.Close()
	if err := profile.WriteTo(f, debug); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return f.Close()
}

// CPU records the CPU while work runs.
func (d Dir) CPU(file string, work func() error) error {
	f, err := os.Create(filepath.Join(string(d), file))
	if err != nil {
		return err
	}
	defer f.Close()
	if err := pprof.StartCPUProfile(f); err != nil {
		return err
	}
	failure := work()
	pprof.StopCPUProfile()
	if failure != nil {
		return failure
	}
	return f.Close()
}

// Settle collects garbage twice, so that a heap profile shows what is live.
func Settle() {
	runtime.GC()
	runtime.GC()
}

// Snapshot writes heap, goroutine, mutex and block as they stand, with suffix in their names.
func (d Dir) Snapshot(suffix string) error {
	Settle()
	for _, name := range []string{"heap", "goroutine", "mutex", "block"} {
		if err := d.Profile(name, name+suffix+".pb.gz", 0); err != nil {
			return err
		}
	}
	return nil
}

// JSON writes a value as indented JSON.
func (d Dir) JSON(file string, value any) error {
	text, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(string(d), file), append(text, '\n'), 0o644)
}
