package inventory

import "sync"

// Queue hands orders to pickers, who wait on a condition variable.
type Queue struct {
	mu     sync.Mutex
	filled *sync.Cond
	orders []int
}

// NewQueue makes an empty Queue.
func NewQueue() *Queue {
	q := &Queue{}
	q.filled = sync.NewCond(&q.mu)
	return q
}

// Push adds one order and wakes one picker.
func (q *Queue) Push(order int) {
	q.mu.Lock()
	q.orders = append(q.orders, order)
	q.mu.Unlock()
	q.filled.Signal()
}

// Pop waits for an order and takes it.
func (q *Queue) Pop() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.orders) == 0 {
		q.filled.Wait() // plant: cond-wait
	}
	order := q.orders[0]
	q.orders = q.orders[1:]
	return order
}
