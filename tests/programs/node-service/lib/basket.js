'use strict'

const kept = []

// Keeps 1000 small objects for ever on every call.
function remember (shopper) {
  const lines = []
  for (let i = 0; i < 1000; i++) {
    lines.push({ shopper, sku: `SKU-${i}`, count: i }) // plant: node-heap-leak
  }
  kept.push(lines)
  return kept.length
}

module.exports = { remember }
