import assert from 'node:assert/strict'
import { test } from 'node:test'
import { linkHeader, linksOf } from './links.ts'

const on = (page: number, length: number, count: number, isExact = true) =>
  linksOf({ page, size: 10, length, count, isExact })

test('a page in the middle leads to all its neighbours', () => {
  const links = { first: { page: 1 }, prev: { page: 1 }, next: { page: 3 }, last: { page: 3 } }
  assert.deepEqual(on(2, 10, 25), links)
})

test('nothing comes before the first page, nor after the last', () => {
  assert.deepEqual(on(1, 10, 20), { first: { page: 1 }, next: { page: 2 }, last: { page: 2 } })
  assert.deepEqual(on(2, 10, 20), { first: { page: 1 }, prev: { page: 1 }, last: { page: 2 } })
  assert.deepEqual(on(1, 0, 0), { first: { page: 1 }, last: { page: 1 } })
})

test('past the end the way back leads to the last page', () => {
  assert.deepEqual(on(9, 0, 25), { first: { page: 1 }, prev: { page: 3 }, last: { page: 3 } })
})

test('where nobody counted to the end no last page is told, and a full page has a next', () => {
  assert.deepEqual(on(2, 10, 20, false), {
    ...{ first: { page: 1 }, prev: { page: 1 }, next: { page: 3 } },
  })
  assert.deepEqual(on(3, 4, 20, false), { first: { page: 1 }, prev: { page: 2 } })
})

test('a link keeps the other parameters as they were', () => {
  assert.equal(
    linkHeader('/jobs?status=FAILED&page=2&from=2026-01-01T00%3A00%3A00%2B01%3A00', {
      next: { page: 3 },
    }),
    '</jobs?status=FAILED&page=3&from=2026-01-01T00%3A00%3A00%2B01%3A00>; rel="next"',
  )
  assert.equal(linkHeader('/jobs', { first: { page: 1 } }), '</jobs?page=1>; rel="first"')
})
