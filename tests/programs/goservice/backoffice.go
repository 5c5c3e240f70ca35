package main

import (
	"sync"
	"time"

	"example.com/shop/inventory"
)

const (
	transferRounds = 100
	transferHold   = time.Millisecond
	queueOrders    = 100
	queueEvery     = 20 * time.Millisecond
)

// backOffice moves stock and picks orders beside the requests; the returned function waits for its end.
func backOffice(healthy bool) func() {
	var wg sync.WaitGroup
	transfer := inventory.NewTransfer(healthy, transferHold)
	queue := inventory.NewQueue()
	every := queueEvery
	if healthy {
		every = 0
	}
	wg.Go(func() { transfer.Rounds(transferRounds) })
	wg.Go(func() { restock(queue, every) })
	wg.Go(func() { pick(queue) })
	return wg.Wait
}

func restock(queue *inventory.Queue, every time.Duration) {
	for order := range queueOrders {
		time.Sleep(every)
		queue.Push(order)
	}
}

func pick(queue *inventory.Queue) {
	for range queueOrders {
		queue.Pop()
	}
}
