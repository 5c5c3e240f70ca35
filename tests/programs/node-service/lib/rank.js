'use strict'

// Recurses without remembering anything.
function score (n) {
  return n < 2 ? n : score(n - 1) + score(n - 2) // plant: node-recursion
}

module.exports = { score }
