// Command synth writes a large CPU profile of an invented service: many distinct stacks, inlined frames
// and labels. The same flags give the same bytes, so a benchmark need not carry the file.
package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	seed := flag.Uint64("seed", 1, "seed of the random choices")
	samples := flag.Int("samples", 21_000, "number of samples")
	functions := flag.Int("functions", 6_000, "number of functions")
	depth := flag.Int("depth", 48, "deepest stack")
	out := flag.String("out", "", "where the profile goes")
	flag.Parse()
	if *samples < 1 || *functions < 10 || *depth < 4 || *out == "" {
		fmt.Fprintln(os.Stderr, "synth: need -out, -samples >= 1, -functions >= 10 and -depth >= 4")
		os.Exit(2)
	}
	if err := write(*out, newBuilder(*seed, *functions, *depth).build(*samples)); err != nil {
		fmt.Fprintln(os.Stderr, "synth:", err)
		os.Exit(1)
	}
}
