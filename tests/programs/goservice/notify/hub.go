// Package notify tells shoppers about their orders.
package notify

import "sync/atomic"

// Hub starts a goroutine for each subscription.
type Hub struct {
	healthy bool
	Waiting atomic.Int64
	Sending atomic.Int64
}

// NewHub makes a Hub.
func NewHub(healthy bool) *Hub { return &Hub{healthy: healthy} }

// Subscribe starts a subscriber. Its channel is never sent to nor closed, unless healthy.
func (h *Hub) Subscribe() {
	updates := make(chan string)
	if h.healthy {
		close(updates)
	} else {
		h.Waiting.Add(1)
	}
	go listen(updates) // plant: goroutine-leak-creator
}

func listen(updates <-chan string) {
	for range updates { // plant: goroutine-leak-receive
		continue
	}
}

// Announce starts a sender. Nobody receives, unless healthy.
func (h *Hub) Announce(text string) {
	out := make(chan string)
	if h.healthy {
		go func() {
			for range out {
				continue
			}
		}()
	} else {
		h.Sending.Add(1)
	}
	go announce(out, text) // plant: goroutine-send-creator
}

func announce(out chan<- string, text string) {
	out <- text // plant: goroutine-leak-send
	close(out)
}
