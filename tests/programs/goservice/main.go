// Command shop is a small shop that profiles itself under a fixed load. Unless -healthy is given it has
// the faults that PLANTED.md lists.
package main

import (
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"runtime"
	"time"

	"example.com/shop/api"
	"example.com/shop/capture"
	"example.com/shop/cart"
	"example.com/shop/catalog"
	"example.com/shop/checkout"
	"example.com/shop/inventory"
	"example.com/shop/load"
	"example.com/shop/notify"
	"example.com/shop/pricing"
	"example.com/shop/session"
)

func main() {
	// The calibration that follows is not to show in the heap profile.
	runtime.MemProfileRate = 0
	out := flag.String("out", ".", "folder for the profiles")
	healthy := flag.Bool("healthy", false, "run without the planted faults")
	age := flag.Duration("age", 0, "how long the first leaked goroutines wait before the load begins")
	flag.Parse()
	if err := run(capture.Dir(*out), *healthy, *age); err != nil {
		fmt.Fprintln(os.Stderr, "shop:", err)
		os.Exit(1)
	}
}

func run(out capture.Dir, healthy bool, age time.Duration) error {
	shop := build(healthy)
	runtime.MemProfileRate = 16 << 10
	runtime.SetMutexProfileFraction(1)
	runtime.SetBlockProfileRate(10_000)

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: shop.Handler(), ReadHeaderTimeout: time.Second}
	go server.Serve(listener)
	defer server.Close()
	base := "http://" + listener.Addr().String()

	for range 40 {
		shop.Hub.Announce("welcome")
	}
	// The runtime notes since when a goroutine waits when it collects garbage.
	capture.Settle()
	time.Sleep(age)

	if err := load.Run(base, plans(1)); err != nil {
		return err
	}
	return record(out, shop, base, healthy)
}

// How long each lock is held.
const (
	ledgerHold = 5 * time.Millisecond
	tableHold  = 2 * time.Millisecond
	storeHold  = time.Millisecond
)

func build(healthy bool) *api.Shop {
	bound := 0
	if healthy {
		bound = 8
	}
	ledger := inventory.NewLedger(healthy, ledgerHold)
	return &api.Shop{
		Rates:    pricing.NewTable(healthy, tableHold),
		Quoter:   pricing.NewQuoter(healthy, 10*time.Millisecond),
		Searcher: catalog.NewSearcher(healthy, 5*time.Millisecond, 10*time.Millisecond, 4),
		Sessions: session.NewCache(bound),
		Carts:    cart.NewStore(healthy, storeHold),
		Desk:     checkout.NewDesk(ledger, healthy),
		Hub:      notify.NewHub(healthy),
	}
}

// plans is the load of about the given number of seconds.
func plans(seconds int) []load.Plan {
	const second = time.Second
	return []load.Plan{
		{Method: "GET", Path: "/quote", Total: 40 * seconds, Burst: 1, Every: second / 40},
		{Method: "GET", Path: "/rates", Total: 20 * seconds, Burst: 4, Every: second / 5},
		{Method: "GET", Path: "/search", Total: 20 * seconds, Burst: 1, Every: second / 20},
		{Method: "POST", Path: "/cart", Total: 20 * seconds, Burst: 2, Every: second / 10},
		{Method: "POST", Path: "/checkout", Total: 40 * seconds, Burst: 8, Every: second / 5},
	}
}

// window is how many seconds of load the recorded profiles cover.
const window = 10

func record(out capture.Dir, shop *api.Shop, base string, healthy bool) error {
	if err := out.Snapshot(".before"); err != nil {
		return err
	}
	pages, held := shop.Searcher.Render.Pages.Load(), shop.Sessions.Len()
	leaked := shop.Hub.Waiting.Load()
	var first, last runtime.MemStats
	runtime.ReadMemStats(&first)
	begin := time.Now()
	err := out.CPU("cpu.pb.gz", func() error {
		stop := backOffice(healthy)
		defer stop()
		return load.Run(base, plans(window))
	})
	if err != nil {
		return err
	}
	elapsed := time.Since(begin)
	runtime.ReadMemStats(&last)
	if err := out.Snapshot(".after"); err != nil {
		return err
	}
	if err := texts(out); err != nil {
		return err
	}
	if err := out.JSON("metrics.json", capture.Between(&first, &last, elapsed)); err != nil {
		return err
	}
	return out.JSON("run.json", map[string]any{
		"healthy":         healthy,
		"start":           begin.UTC().Format(time.RFC3339Nano),
		"end":             begin.Add(elapsed).UTC().Format(time.RFC3339Nano),
		"elapsed_ns":      elapsed.Nanoseconds(),
		"rows_per_search": shop.Searcher.Rows(),
		"rates":           20 * window,
		"rates_burst":     4,
		"cart_burst":      2, "store_hold_ns": storeHold.Nanoseconds(),
		"pages":                  shop.Searcher.Render.Pages.Load() - pages,
		"page_bytes":             catalog.PageBytes,
		"sessions_before":        held,
		"sessions_after":         shop.Sessions.Len(),
		"session_bytes":          session.EntryBytes,
		"waiting_before":         leaked,
		"waiting_after":          shop.Hub.Waiting.Load(),
		"sending":                shop.Hub.Sending.Load(),
		"quotes":                 40 * window,
		"searches":               20 * window,
		"carts":                  20 * window,
		"checkouts":              40 * window,
		"checkout_burst":         8,
		"partner_delay_ns":       checkout.PartnerDelay.Nanoseconds(),
		"payment_delay_ns":       checkout.PaymentDelay.Nanoseconds(),
		"receipt_delay_ns":       checkout.ReceiptDelay.Nanoseconds(),
		"ledger_hold_ns":         ledgerHold.Nanoseconds(),
		"table_hold_ns":          tableHold.Nanoseconds(),
		"transfer_rounds":        transferRounds,
		"transfer_hold_ns":       transferHold.Nanoseconds(),
		"queue_orders":           queueOrders,
		"queue_every_ns":         queueEvery.Nanoseconds(),
		"mem_profile_rate":       runtime.MemProfileRate,
		"block_profile_rate":     10_000,
		"mutex_profile_fraction": 1,
	})
}

func texts(out capture.Dir) error {
	for _, name := range []string{"allocs", "threadcreate"} {
		if err := out.Profile(name, name+".pb.gz", 0); err != nil {
			return err
		}
	}
	for _, name := range []string{"heap", "allocs", "mutex", "block", "goroutine", "threadcreate"} {
		if err := out.Profile(name, name+".debug1.txt", 1); err != nil {
			return err
		}
	}
	return out.Profile("goroutine", "goroutine.debug2.txt", 2)
}
