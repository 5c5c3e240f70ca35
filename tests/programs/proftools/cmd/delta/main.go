// Command delta subtracts an earlier profile of a process from a later one, the way a continuous profiler
// uploads heap, mutex and block profiles: what counts up since the start of the process is subtracted,
// what is live at an instant is kept, and samples without any value left are dropped.
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/google/pprof/profile"
)

// levels are the sample types that describe an instant and are kept as they are.
var levels = map[string]bool{"inuse_objects": true, "inuse_space": true}

func main() {
	before := flag.String("before", "", "earlier profile")
	after := flag.String("after", "", "later profile")
	out := flag.String("out", "", "where the difference goes")
	flag.Parse()
	if err := run(*before, *after, *out); err != nil {
		fmt.Fprintln(os.Stderr, "delta:", err)
		os.Exit(1)
	}
}

func run(before, after, out string) error {
	early, err := read(before)
	if err != nil {
		return err
	}
	late, err := read(after)
	if err != nil {
		return err
	}
	for _, s := range early.Sample {
		for i, t := range early.SampleType {
			s.Value[i] = -s.Value[i]
			if levels[t.Type] {
				s.Value[i] = 0
			}
		}
	}
	merged, err := profile.Merge([]*profile.Profile{late, early})
	if err != nil {
		return err
	}
	kept := merged.Sample[:0]
	for _, s := range merged.Sample {
		if !zero(s.Value) {
			kept = append(kept, s)
		}
	}
	merged.Sample = kept
	merged.TimeNanos = late.TimeNanos
	merged.DurationNanos = late.TimeNanos - early.TimeNanos
	f, err := os.Create(out)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := merged.Compact().Write(f); err != nil {
		return err
	}
	return f.Close()
}

func read(name string) (*profile.Profile, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	p, err := profile.Parse(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return p, nil
}

func zero(values []int64) bool {
	for _, v := range values {
		if v != 0 {
			return false
		}
	}
	return true
}
