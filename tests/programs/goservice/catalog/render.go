package catalog

import (
	"encoding/json"
	"sync/atomic"
)

// PageBytes is the size of one throw-away page buffer.
const PageBytes = 64 << 10

type product struct {
	SKU    string   `json:"sku"`
	Name   string   `json:"name"`
	Cents  int      `json:"cents"`
	Tags   []string `json:"tags"`
	Active bool     `json:"active"`
}

// Renderer turns products into bytes.
type Renderer struct {
	item  product
	Pages atomic.Int64
}

func newRenderer() *Renderer {
	return &Renderer{item: product{
		SKU: "SKU-000042", Name: "Enamel mug, blue", Cents: 1295, Tags: []string{"kitchen", "mug", "blue"}, Active: true,
	}}
}

// each encodes the same product again for every row.
func (r *Renderer) each(rows int) int {
	size := 0
	for range rows {
		row, err := json.Marshal(&r.item) // plant: json-in-loop
		if err != nil {
			return size
		}
		size += len(row)
	}
	return size
}

var lastPage []byte

// page allocates a buffer that is dropped with the next one.
func (r *Renderer) page() []byte {
	r.Pages.Add(1)
	lastPage = make([]byte, PageBytes) // plant: alloc-churn
	return lastPage
}
