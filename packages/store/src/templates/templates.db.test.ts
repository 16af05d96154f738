import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { UserId } from '@cronos/domain'
import { freshDatabase } from '@cronos/testkit'
import {
  findMailTemplate,
  findReportDefinition,
  putMailTemplate,
  putReportDefinition,
} from '../index.ts'

const database = await freshDatabase('jobs')
const db = database.pool('engine')
after(() => database[Symbol.asyncDispose]())

const alice = 'alice' as UserId
const bob = 'bob' as UserId

test('a mail template is found by its owner and name, and by nobody else', async () => {
  const template = { name: 'welcome', subject: 'Hi {{ name }}', body: 'Dear {{ name }}' }
  await putMailTemplate(db, alice, template)
  assert.deepEqual(await findMailTemplate(db, alice, 'welcome'), template)
  assert.equal(await findMailTemplate(db, alice, 'Welcome'), null)
  assert.equal(await findMailTemplate(db, bob, 'welcome'), null)
})

test('a template that is put again takes the place of the old one', async () => {
  await putMailTemplate(db, alice, { name: 'bill', subject: 'Bill', body: 'old' })
  await putMailTemplate(db, alice, { name: 'bill', subject: null, body: 'new' })
  const found = await findMailTemplate(db, alice, 'bill')
  assert.deepEqual(found, { name: 'bill', subject: null, body: 'new' })
})

test('a report definition is found by its owner and name, and by nobody else', async () => {
  await putReportDefinition(db, alice, { name: 'weekly', definition: { period: '1d' } })
  await putReportDefinition(db, alice, { name: 'weekly', definition: { period: '7d' } })
  const found = await findReportDefinition(db, alice, 'weekly')
  assert.deepEqual(found, { name: 'weekly', definition: { period: '7d' } })
  assert.equal(await findReportDefinition(db, bob, 'weekly'), null)
})
