// Command goserver serves /debug/pprof on a free port of 127.0.0.1 while it works: it burns CPU under labels,
// allocates and keeps memory, contends for a lock, and leaves goroutines waiting. It prints its address and
// stops when its standard input ends.
package main

import (
	"context"
	"crypto/sha256"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/pprof"
	"os"
	"runtime"
	rpprof "runtime/pprof"
	"sync"
	"time"
)

func main() {
	token := flag.String("token", "", "answer 401 without this bearer token")
	prefix := flag.String("prefix", "", "serve below this path")
	hash := flag.Int("hash", 1, "how often each round hashes its block: a second build with more of it is slower")
	flag.Parse()

	runtime.MemProfileRate = 4 << 10
	runtime.SetMutexProfileFraction(1)
	runtime.SetBlockProfileRate(1)
	rpprof.NewProfile("tickets").Add(&sold, 0)

	shared := &ledger{entries: map[int][]byte{}}
	for number := range 2 {
		go work(shared, number, *hash)
	}
	never := make(chan struct{})
	for range 1_200 {
		go waitForever(never)
	}

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	server := &http.Server{Handler: guarded(http.StripPrefix(*prefix, mux), *token), ReadHeaderTimeout: time.Second}
	go server.Serve(listener)
	fmt.Printf("http://%s%s/debug/pprof/\n", listener.Addr(), *prefix)
	io.Copy(io.Discard, os.Stdin)
}

// sold is what the program's own profile, tickets, counts.
var sold int

func guarded(next http.Handler, token string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if token != "" && r.Header.Get("Authorization") != "Bearer "+token {
			http.Error(w, "who are you?", http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// ledger is what both workers want at once.
type ledger struct {
	sync.Mutex
	entries map[int][]byte
}

// work goes on for ever, about half of the time on a CPU.
func work(shared *ledger, number, hash int) {
	labels := rpprof.Labels("tenant", fmt.Sprintf("tenant-%d", number))
	rpprof.Do(context.Background(), labels, func(context.Context) {
		for round := 0; ; round++ {
			block := hashBlock(hash)
			shared.record(number<<16|round%256, block)
			time.Sleep(2 * time.Millisecond)
		}
	})
}

//go:noinline
func hashBlock(times int) []byte {
	block := make([]byte, 64<<10)
	for range times {
		for range 40 {
			sum := sha256.Sum256(block)
			copy(block, sum[:])
		}
	}
	return block[: 1<<10 : 1<<10]
}

//go:noinline
func (l *ledger) record(key int, block []byte) {
	l.Lock()
	defer l.Unlock()
	l.entries[key] = append([]byte(nil), block...)
	time.Sleep(time.Millisecond)
}

//go:noinline
func waitForever(never <-chan struct{}) {
	<-never
}
