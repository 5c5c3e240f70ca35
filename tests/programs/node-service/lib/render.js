'use strict'

const CHARS = /[&<>"']/g

function escape (text) {
  return text.replace(CHARS, c => `&#${c.charCodeAt(0)};`)
}

// Renders every row through JSON and back: the hot spot.
function renderRows (rows) {
  let html = ''
  for (const row of rows) {
    const copy = JSON.parse(JSON.stringify(row)) // plant: node-json-copy
    html += `<tr><td>${escape(copy.name)}</td><td>${copy.cents}</td></tr>`
  }
  return html
}

module.exports = { renderRows }
