import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { instant, jobIdOf, parseJobId, parseRunId, runIdOf, uuidOf, uuidSource } from './index.ts'

const uuids = fc.uuid()
const fireTimes = fc.integer({ min: -62_135_596_800_000, max: 253_402_300_799_999 }).map(instant)

test("a run's id says its job and its fire time", () => {
  fc.assert(
    fc.property(uuids, fireTimes, (uuid, scheduledAt) => {
      const run = { jobId: jobIdOf(uuid), scheduledAt }
      assert.deepEqual(parseRunId(runIdOf(run)), run)
      assert.equal(uuidOf(parseJobId(run.jobId)!), uuid)
    }),
  )
})

test('what only looks like an id is none', () => {
  const uuid = '92daa91d-de99-4e82-8f1d-593f03a50ad8'
  assert.equal(parseJobId(`job_${uuid.toUpperCase()}`), null)
  assert.equal(parseJobId(uuid), null)
  assert.equal(parseRunId(`run_${uuid}_01`), null)
  assert.equal(parseRunId(`run_${uuid}_9999999999999999`), null)
  assert.equal(parseRunId(`run_${uuid}_-0`), null)
})

test('ids of one source sort in the order they were made, even within a millisecond', () => {
  const next = uuidSource()
  const random = new Uint8Array(8).fill(255)
  const made = Array.from({ length: 10_000 }, () => next(1_795_000_000_000, random))
  assert.deepEqual(made.toSorted(), made)
  assert.equal(new Set(made).size, made.length)
  for (const uuid of [made[0], made.at(-1)])
    assert.match(uuid!, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
})
