import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Delivery } from '@cronos/bus'
import { type Fence, instant, type JobId } from '@cronos/domain'
import { openIntake } from './intake.ts'

const JOB = 'job_92daa91d-de99-4e82-8f1d-593f03a50ad8' as JobId

/** The event of a run, with the names of all that were settled. */
function aDelivery(run: number, fence: number | null, settled: string[] = []): Delivery {
  const event = {
    ...{ jobId: JOB, scheduledAt: instant(run), attempt: 1, fence: fence as Fence | null },
  }
  return { event, settle: () => settled.push(`${run}/${fence}`) }
}

const namesOf = (deliveries: readonly Delivery[]) =>
  deliveries.map(({ event }) => `${event.scheduledAt}/${event.fence}`)

test('events wait in the order in which they came, and the first ones are begun first', () => {
  const intake = openIntake()
  intake.add([aDelivery(1, 1), aDelivery(2, 1), aDelivery(3, 1)])
  assert.deepEqual(namesOf(intake.take(2)), ['1/1', '2/1'])
  assert.equal(intake.size, 1)
})

test('of two events of one run the newer one waits, and the other is settled', () => {
  const settled: string[] = []
  const intake = openIntake()
  intake.add([aDelivery(1, 1, settled), aDelivery(1, 2, settled), aDelivery(1, 1, settled)])
  assert.deepEqual(namesOf(intake.take(5)), ['1/2'])
  assert.deepEqual(settled, ['1/1', '1/1'])
})

test('what is given away are the last ones that may go', () => {
  const intake = openIntake()
  intake.add([aDelivery(1, 1), aDelivery(2, 1), aDelivery(3, null), aDelivery(4, 1)])
  const mayGo = ({ event }: Delivery) => event.fence !== null
  assert.deepEqual(namesOf(intake.takeLast(2, mayGo)), ['2/1', '4/1'])
  assert.deepEqual(namesOf(intake.takeLast(0, mayGo)), [])
  assert.deepEqual(namesOf(intake.takeLast(9, mayGo)), ['1/1'])
  assert.equal(intake.size, 1)
})
