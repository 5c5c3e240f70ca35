// Package api serves the shop over HTTP.
package api

import (
	"context"
	"fmt"
	"net/http"
	"runtime/pprof"

	"example.com/shop/cart"
	"example.com/shop/catalog"
	"example.com/shop/checkout"
	"example.com/shop/notify"
	"example.com/shop/pricing"
	"example.com/shop/session"
)

// Shop is everything the handlers need.
type Shop struct {
	Quoter   *pricing.Quoter
	Rates    *pricing.Table
	Searcher *catalog.Searcher
	Sessions *session.Cache
	Carts    *cart.Store
	Desk     *checkout.Desk
	Hub      *notify.Hub
}

// Handler routes the requests of a Shop.
func (s *Shop) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /quote", labelled("GET /quote", s.quote))
	mux.HandleFunc("GET /rates", labelled("GET /rates", s.rates))
	mux.HandleFunc("GET /search", labelled("GET /search", s.search))
	mux.HandleFunc("POST /cart", labelled("POST /cart", s.cart))
	mux.HandleFunc("POST /checkout", labelled("POST /checkout", s.checkout))
	return mux
}

// labelled runs a handler with the labels tenant and endpoint.
func labelled(endpoint string, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		labels := pprof.Labels("tenant", r.URL.Query().Get("tenant"), "endpoint", endpoint)
		pprof.Do(r.Context(), labels, func(ctx context.Context) {
			next(w, r.WithContext(ctx))
		})
	}
}

func (s *Shop) quote(w http.ResponseWriter, r *http.Request) {
	fmt.Fprintln(w, s.Quoter.Quote(r.Context(), "mug"))
}

func (s *Shop) rates(w http.ResponseWriter, _ *http.Request) {
	fmt.Fprintln(w, s.Rates.Rate("EUR"))
}

func (s *Shop) search(w http.ResponseWriter, r *http.Request) {
	fmt.Fprintln(w, s.Searcher.Search(r.Context(), "blue mug"))
}

func (s *Shop) cart(w http.ResponseWriter, r *http.Request) {
	s.Sessions.Remember()
	for range 6 {
		s.Hub.Subscribe()
	}
	fmt.Fprintln(w, s.Carts.Add(r.URL.Query().Get("tenant")))
}

func (s *Shop) checkout(w http.ResponseWriter, _ *http.Request) {
	fmt.Fprintln(w, s.Desk.Order())
}
