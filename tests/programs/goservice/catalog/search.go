package catalog

import (
	"context"
	"runtime/pprof"
	"time"

	"example.com/shop/calibrate"
)

// Searcher answers searches over a fixed category tree.
type Searcher struct {
	root    *category
	walks   int
	renders int
	pages   int
	healthy bool
	Render  *Renderer
}

// NewSearcher makes a Searcher that burns about walkCost in recursion and renderCost in JSON per search,
// and allocates pages throw-away buffers of PageBytes each.
func NewSearcher(healthy bool, walkCost, renderCost time.Duration, pages int) *Searcher {
	s := &Searcher{root: grow(7, 3), pages: pages, healthy: healthy, Render: newRenderer()}
	s.walks = calibrate.Repeats(walkCost, 200, func(n int) {
		for range n {
			sink += s.root.walk(n)
		}
	})
	s.renders = calibrate.Repeats(renderCost, 10_000, func(n int) { sink += s.Render.each(n) })
	return s
}

var sink int

// Rows is how many times one search encodes a product.
func (s *Searcher) Rows() int {
	if s.healthy {
		return 1
	}
	return s.renders
}

// Search walks the tree and renders the hits.
func (s *Searcher) Search(ctx context.Context, words string) int {
	walks, renders, pages := s.walks, s.renders, s.pages
	if s.healthy {
		walks, renders, pages = 1, 1, 0
	}
	total := len(words)
	pprof.Do(ctx, pprof.Labels("step", "walk"), func(context.Context) {
		for range walks {
			total += s.root.walk(total)
		}
	})
	pprof.Do(ctx, pprof.Labels("step", "render"), func(context.Context) {
		total += s.Render.each(renders)
		for range pages {
			total += len(s.Render.page())
		}
	})
	return total
}
