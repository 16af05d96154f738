import assert from 'node:assert/strict'
import { test } from 'node:test'
import { instant, jobIdOf } from '@cronos/domain'
import fc from 'fast-check'
import { readCursor, writeCursor } from './cursor.ts'

const places = fc
  .tuple(fc.integer({ min: -62_135_596_800_000, max: 253_402_300_799_999 }), fc.uuid())
  .map(([ms, uuid]) => ({ at: instant(ms), jobId: jobIdOf(uuid) }))

test('a cursor leads back to its place', () => {
  fc.assert(
    fc.property(places, place => {
      assert.deepEqual(readCursor('jobs', writeCursor('jobs', place)), place)
    }),
  )
})

test('a cursor of one list is none of another', () => {
  fc.assert(
    fc.property(places, place => {
      assert.throws(() => readCursor('runs', writeCursor('jobs', place)), /^CronosError: cursor/)
    }),
  )
})

test('a cursor that was changed, or made up, is refused', () => {
  fc.assert(
    fc.property(places, fc.string({ minLength: 1 }), (place, more) => {
      const cursor = writeCursor('jobs', place)
      assert.throws(() => readCursor('jobs', cursor + more))
      assert.throws(() => readCursor('jobs', more + cursor))
      assert.throws(() => readCursor('jobs', more))
      assert.throws(() => readCursor('jobs', cursor.slice(1)))
      assert.throws(() => readCursor('jobs', ''))
    }),
  )
})
