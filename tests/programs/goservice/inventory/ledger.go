// Package inventory keeps stock.
package inventory

import (
	"sync"
	"time"
)

// Ledger books reservations under one lock.
type Ledger struct {
	mu      sync.Mutex
	booked  int
	hold    time.Duration
	healthy bool
}

// NewLedger makes a Ledger that holds its lock for hold per reservation.
func NewLedger(healthy bool, hold time.Duration) *Ledger {
	return &Ledger{hold: hold, healthy: healthy}
}

// Reserve books one item. The slow part runs under the lock unless healthy.
func (l *Ledger) Reserve() int {
	if l.healthy {
		time.Sleep(l.hold)
		l.mu.Lock()
		defer l.mu.Unlock()
		l.booked++
		return l.booked
	}
	l.mu.Lock() // plant: hot-lock-wait
	time.Sleep(l.hold)
	l.booked++
	n := l.booked
	l.mu.Unlock() // plant: hot-lock-hold
	return n
}
