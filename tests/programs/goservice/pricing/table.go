package pricing

import (
	"sync"
	"time"
)

// Table holds tax rates: often read, never written.
type Table struct {
	mu      sync.RWMutex
	rates   map[string]int
	hold    time.Duration
	healthy bool
}

// NewTable makes a Table whose look-ups take hold while the lock is held.
func NewTable(healthy bool, hold time.Duration) *Table {
	return &Table{rates: map[string]int{"EUR": 19, "USD": 8}, hold: hold, healthy: healthy}
}

// Rate looks a rate up. It only reads, and yet takes the write lock unless healthy.
func (t *Table) Rate(currency string) int {
	if t.healthy {
		t.mu.RLock()
		defer t.mu.RUnlock()
		return t.rates[currency]
	}
	t.mu.Lock() // plant: write-lock-wait
	time.Sleep(t.hold)
	rate := t.rates[currency]
	t.mu.Unlock() // plant: write-lock-hold
	return rate
}
