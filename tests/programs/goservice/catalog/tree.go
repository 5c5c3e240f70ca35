// Package catalog searches and renders products.
package catalog

// category is a node of the category tree.
type category struct {
	weight   int
	children []*category
}

func grow(depth, fan int) *category {
	c := &category{weight: depth}
	if depth > 1 {
		for range fan {
			c.children = append(c.children, grow(depth-1, fan))
		}
	}
	return c
}

// walk and visit call each other down to the leaves.
func (c *category) walk(seed int) int {
	sum := c.weight ^ seed
	for _, child := range c.children {
		sum += c.visit(child, sum)
	}
	return sum
}

//go:noinline
func (c *category) visit(child *category, seed int) int {
	for i := range 24 {
		seed = seed*31 + i ^ c.weight // plant: recursion
	}
	return child.walk(seed)
}
