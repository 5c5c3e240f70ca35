// Package session remembers shoppers.
package session

import "sync"

// EntryBytes is the size of one remembered session.
const EntryBytes = 128 << 10

// Cache remembers sessions. Unless bounded it only grows.
type Cache struct {
	mu      sync.Mutex
	entries map[int][]byte
	next    int
	bound   int
}

// NewCache makes a Cache of at most bound entries, without bound when bound is 0.
func NewCache(bound int) *Cache {
	return &Cache{entries: make(map[int][]byte, 1024), bound: bound}
}

// Remember stores one more session.
func (c *Cache) Remember() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.entries[c.next] = newEntry()
	c.next++
	if c.bound > 0 && len(c.entries) > c.bound {
		delete(c.entries, c.next-c.bound-1)
	}
}

//go:noinline
func newEntry() []byte {
	return make([]byte, EntryBytes) // plant: heap-leak
}

// Len counts the sessions held.
func (c *Cache) Len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.entries)
}
