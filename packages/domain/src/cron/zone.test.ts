import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { anyInstant, anyZone, aZone } from '../../test/arbitrary.ts'
import { loadZone, type Segment } from './zone.ts'

test('a zone is known by its IANA name in any letter case, an alias too', () => {
  assert.equal(loadZone('europe/berlin')?.id, 'Europe/Berlin')
  assert.equal(loadZone('Asia/Calcutta')?.id, 'Asia/Calcutta')
  assert.equal(loadZone('Asia/Kolkata')?.id, 'Asia/Kolkata')
})

test('what is no zone is none', () => {
  for (const id of ['', 'Mars/Olympus', 'Europe/', '+01:00', 'Europe/Berlin ', '__proto__'])
    assert.equal(loadZone(id), null, id)
})

test('the offset of an instant is what Intl shows', () => {
  fc.assert(
    fc.property(anyZone, anyInstant, (zone, at) => {
      const second = Math.floor(at / 1_000) * 1_000
      const shown = new Intl.DateTimeFormat('sv-SE', {
        timeZone: zone.id,
        dateStyle: 'short',
        timeStyle: 'medium',
      }).format(second)
      const wall = Date.parse(`${shown.replace(' ', 'T')}Z`)
      assert.equal(second + zone.segmentAt(at).offset, wall)
    }),
  )
})

test('in whatever order a zone is asked, its clock changes at the same instants', () => {
  const years = [2030, 1975, 2026, 2099, 1971, 2050]
  for (const year of years) aZone('America/Santiago').segmentAt(Date.UTC(year, 5, 1))
  const changes: string[] = []
  let segment: Segment = aZone('America/Santiago').segmentAt(Date.UTC(2023, 0, 1))
  while (segment.until < Date.UTC(2025, 0, 1)) {
    const next = aZone('America/Santiago').segmentAt(segment.until)
    if (next.offset !== segment.offset) changes.push(new Date(segment.until).toISOString())
    segment = next
  }
  assert.deepEqual(changes, [
    '2023-04-02T03:00:00.000Z',
    '2023-09-03T04:00:00.000Z',
    '2024-04-07T03:00:00.000Z',
    '2024-09-08T04:00:00.000Z',
  ])
})

test('two changes of the clock seven days apart are both seen', () => {
  const recife = aZone('America/Recife') // summer time of one week in October 2000
  const offsets = [7, 9, 14, 16].map(day => recife.segmentAt(Date.UTC(2000, 9, day)).offset)
  assert.deepEqual(
    offsets.map(offset => offset / 3_600_000),
    [-3, -2, -2, -3],
  )
})

test('the ends of time have an offset', () => {
  const berlin = aZone('Europe/Berlin')
  assert.equal(berlin.segmentAt(-8.64e15).offset, (53 * 60 + 28) * 1_000) // local mean time
  assert.equal(berlin.segmentAt(8.64e15).offset, 3_600_000)
})
