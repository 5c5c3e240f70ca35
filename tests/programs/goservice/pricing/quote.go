package pricing

import (
	"context"
	"runtime/pprof"
	"time"

	"example.com/shop/calibrate"
)

var key = []byte("catalogue-revision-0042/currency-EUR/customer-group-standard")

// Quoter turns an item into a price.
type Quoter struct {
	healthy bool
	rounds  int
}

// NewQuoter makes a Quoter whose planted hash burns about cost of CPU time per quote.
func NewQuoter(healthy bool, cost time.Duration) *Quoter {
	rounds := calibrate.Repeats(cost, 100_000, func(n int) { sink = weakHash(key, n) })
	return &Quoter{healthy: healthy, rounds: rounds}
}

var sink uint32

// Quote prices an item.
func (q *Quoter) Quote(ctx context.Context, item string) uint32 {
	var sum uint32
	pprof.Do(ctx, pprof.Labels("step", "hash"), func(context.Context) {
		if q.healthy {
			sum = Checksum(append(key, item...))
			return
		}
		sum = weakHash(key, q.rounds)
	})
	return sum
}
