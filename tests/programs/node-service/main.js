'use strict'

// Runs a fixed load twice, two seconds each, and writes wall profiles and a heap profile.
const fs = require('node:fs')
const path = require('node:path')
const pprof = require('@datadog/pprof')
const { remember } = require('./lib/basket')
const { score } = require('./lib/rank')
const { renderRows } = require('./lib/render')

const out = process.argv[2] || '.'
const rows = Array.from({ length: 200 }, (_, i) => ({ name: `Mug <${i}>`, cents: 100 + i, tags: ['kitchen', 'mug'] }))

let labelled = false

function until (millis, work) {
  const end = Date.now() + millis
  let rounds = 0
  while (Date.now() < end) {
    work()
    rounds++
  }
  return rounds
}

function request (tenant, endpoint, millis, work) {
  if (labelled) pprof.time.setContext({ tenant, 'trace endpoint': endpoint })
  until(millis, work)
  if (labelled) pprof.time.setContext(undefined)
}

const pause = millis => new Promise(resolve => setTimeout(resolve, millis))

async function load () {
  for (let i = 0; i < 10; i++) {
    const tenant = i % 5 === 4 ? 'globex' : 'acme'
    request(tenant, 'GET /list', 100, () => renderRows(rows))
    request(tenant, 'GET /rank', 50, () => score(18))
    remember(tenant)
    await pause(50)
  }
}

function write (name, profile) {
  fs.writeFileSync(path.join(out, name), pprof.encodeSync(profile))
}

async function main () {
  pprof.heap.start(16 * 1024, 64)
  // The profiler has either labels or the lines of the samples, so the load runs once for each.
  labelled = true
  pprof.time.start({ durationMillis: 60000, intervalMicros: 5000, withContexts: true, collectCpuTime: true })
  await load()
  write('wall.pb.gz', pprof.time.stop(false, ({ context }) => context?.context ?? {}))
  labelled = false
  pprof.time.start({ durationMillis: 60000, intervalMicros: 5000, lineNumbers: true })
  await load()
  write('wall-lines.pb.gz', pprof.time.stop(false))
  write('heap.pb.gz', pprof.heap.profile())
}

main().catch(error => {
  console.error(error)
  process.exitCode = 1
})
