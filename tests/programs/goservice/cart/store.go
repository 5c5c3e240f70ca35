// Package cart keeps shopping carts.
package cart

import (
	"sync"
	"time"
)

// Store counts items by shopper under a lock that is hardly ever contended.
type Store struct {
	mu      sync.Mutex
	items   map[string]int
	hold    time.Duration
	healthy bool
}

// NewStore makes an empty Store that holds its lock for hold per item, unless healthy.
func NewStore(healthy bool, hold time.Duration) *Store {
	return &Store{items: map[string]int{}, hold: hold, healthy: healthy}
}

// Add puts one item into the cart of a shopper.
func (s *Store) Add(shopper string) int {
	s.mu.Lock()
	if !s.healthy {
		time.Sleep(s.hold)
	}
	s.items[shopper]++
	n := s.items[shopper]
	s.mu.Unlock() // plant: light-lock
	return n
}
