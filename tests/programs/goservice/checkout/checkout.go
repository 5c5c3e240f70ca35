// Package checkout takes orders.
package checkout

import (
	"sync"
	"time"

	"example.com/shop/inventory"
)

// Desk takes orders one step after the other.
type Desk struct {
	Ledger  *inventory.Ledger
	healthy bool
}

// NewDesk makes a Desk over the given stock.
func NewDesk(ledger *inventory.Ledger, healthy bool) *Desk {
	return &Desk{Ledger: ledger, healthy: healthy}
}

// Order takes one order.
func (d *Desk) Order() int {
	n := d.Ledger.Reserve()
	d.fanOut()
	d.awaitPayment()
	return n + d.receipt()
}

// fanOut waits for three partners that take PartnerDelay each.
func (d *Desk) fanOut() {
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(d.partner)
	}
	wg.Wait() // plant: waitgroup-wait
}

// PartnerDelay, PaymentDelay and ReceiptDelay are how long the planted waits of one order last.
const (
	PartnerDelay = 5 * time.Millisecond
	PaymentDelay = 4 * time.Millisecond
	ReceiptDelay = 3 * time.Millisecond
)

func (d *Desk) partner() { d.pause(PartnerDelay) }

func (d *Desk) pause(delay time.Duration) {
	if !d.healthy {
		time.Sleep(delay)
	}
}

func (d *Desk) awaitPayment() {
	paid := make(chan bool, 1)
	go d.pay(paid)
	select { // plant: select-wait
	case <-paid:
	case <-time.After(time.Second):
	}
}

func (d *Desk) pay(paid chan<- bool) {
	d.pause(PaymentDelay)
	paid <- true
}

func (d *Desk) receipt() int {
	number := make(chan int)
	go d.print(number)
	return <-number // plant: chan-receive-wait
}

func (d *Desk) print(number chan<- int) {
	d.pause(ReceiptDelay)
	number <- 1
}
