import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql, sqlPart } from './sql.ts'

test('every value of a statement is a parameter, never text', () => {
  assert.deepEqual(sql`select ${1}, ${"'; drop"}`, {
    text: 'select $1, $2',
    values: [1, "'; drop"],
  })
  assert.deepEqual(sql`select 1`, { text: 'select 1', values: [] })
})

test('a part brings its own parameters, which are numbered with those around it', () => {
  const inner = sqlPart`c = ${3} or d = ${4}`
  const part = sqlPart`b = ${2} and (${inner})`
  assert.deepEqual(sql`select ${1} where ${part} limit ${5}`, {
    text: 'select $1 where b = $2 and (c = $3 or d = $4) limit $5',
    values: [1, 2, 3, 4, 5],
  })
  assert.deepEqual(sql`${sqlPart`select 1`}`, { text: 'select 1', values: [] })
  assert.deepEqual(sql`${sqlPart`${1}`}${sqlPart`${2}`}`, { text: '$1$2', values: [1, 2] })
})
