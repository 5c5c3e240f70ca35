// Command merge does what a user of google/pprof's library would: parse every profile, merge them, write the result.
//
//	merge OUT FILE...
package main

import (
	"fmt"
	"os"

	"github.com/google/pprof/profile"
)

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: merge OUT FILE...")
		os.Exit(2)
	}
	if err := merge(os.Args[1], os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, "merge:", err)
		os.Exit(1)
	}
}

func merge(out string, paths []string) error {
	profiles := make([]*profile.Profile, 0, len(paths))
	for _, path := range paths {
		parsed, err := parse(path)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		profiles = append(profiles, parsed)
	}
	merged, err := profile.Merge(profiles)
	if err != nil {
		return err
	}
	file, err := os.Create(out)
	if err != nil {
		return err
	}
	if err := merged.Write(file); err != nil {
		file.Close()
		return err
	}
	return file.Close()
}

func parse(path string) (*profile.Profile, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return profile.Parse(file)
}
