package inventory

import (
	"sync"
	"time"
)

// Transfer moves stock between a warehouse and a shelf, each with its own lock.
type Transfer struct {
	warehouse sync.Mutex
	shelf     sync.Mutex
	moved     int
	hold      time.Duration
	healthy   bool
}

// NewTransfer makes a Transfer that holds both locks for hold.
func NewTransfer(healthy bool, hold time.Duration) *Transfer {
	return &Transfer{hold: hold, healthy: healthy}
}

// Restock locks the warehouse first and the shelf second.
func (t *Transfer) Restock() {
	t.lockWarehouse()
	t.lockShelf()
	t.move(1)
	t.shelf.Unlock()
	t.warehouse.Unlock() // plant: order-warehouse-shelf
}

// Return locks the shelf first and the warehouse second: the other way round, unless healthy.
func (t *Transfer) Return() {
	if t.healthy {
		t.lockWarehouse()
		t.lockShelf()
	} else {
		t.lockShelf()
		t.lockWarehouse()
	}
	t.move(-1)
	t.warehouse.Unlock()
	t.shelf.Unlock() // plant: order-shelf-warehouse
}

//go:noinline
func (t *Transfer) lockWarehouse() { t.warehouse.Lock() }

//go:noinline
func (t *Transfer) lockShelf() { t.shelf.Lock() }

func (t *Transfer) move(n int) {
	if !t.healthy {
		time.Sleep(t.hold)
	}
	t.moved += n
}

// Rounds runs restocks by two workers, then returns by two workers, rounds times. The two directions
// never overlap, so the two orders cannot meet in a deadlock.
func (t *Transfer) Rounds(rounds int) {
	for range rounds {
		t.pair(t.Restock)
		t.pair(t.Return)
	}
}

func (t *Transfer) pair(step func()) {
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(step)
	}
	wg.Wait()
}
