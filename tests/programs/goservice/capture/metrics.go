package capture

import (
	"runtime"
	"time"
)

// Metrics is the list of name and value pairs that a tracer uploads beside its profiles.
type Metrics [][2]any

// Between computes the runtime metrics of the time between two readings.
func Between(before, after *runtime.MemStats, elapsed time.Duration) Metrics {
	seconds := elapsed.Seconds()
	rate := func(a, b uint64) float64 { return (float64(a) - float64(b)) / seconds }
	var longest uint64
	for n := before.NumGC; n < after.NumGC; n++ {
		longest = max(longest, after.PauseNs[n%uint32(len(after.PauseNs))])
	}
	return Metrics{
		{"go_alloc_bytes_per_sec", rate(after.TotalAlloc, before.TotalAlloc)},
		{"go_allocs_per_sec", rate(after.Mallocs, before.Mallocs)},
		{"go_frees_per_sec", rate(after.Frees, before.Frees)},
		{"go_heap_growth_bytes_per_sec", rate(after.HeapAlloc, before.HeapAlloc)},
		{"go_gcs_per_sec", rate(uint64(after.NumGC), uint64(before.NumGC))},
		{"go_gc_pause_time", rate(after.PauseTotalNs, before.PauseTotalNs) / 1e9},
		{"go_max_gc_pause_time", longest},
		{"go_num_goroutine", runtime.NumGoroutine()},
	}
}
