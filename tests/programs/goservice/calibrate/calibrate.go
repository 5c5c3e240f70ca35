// Package calibrate measures how long a piece of work takes on this machine.
package calibrate

import "time"

// Repeats says how often work, done n times in one call, has to be repeated to last about cost. The best
// of many tries counts: a try is only ever slowed down by what else the machine does.
func Repeats(cost time.Duration, n int, work func(n int)) int {
	best := time.Duration(1<<63 - 1)
	for range 40 {
		begin := time.Now()
		work(n)
		best = min(best, time.Since(begin))
	}
	return max(1, int(int64(cost)*int64(n)/max(int64(best), 1)))
}
