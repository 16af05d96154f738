import { once } from 'node:events'
import {
  type MessagesStream,
  MessagesStreamFallbackModes,
  MessagesStreamModes,
} from '@platformatic/kafka'
import type { Delivery } from '../bus.ts'
import type { BatchConsumer } from './batch-consumer.ts'
import { openCommitter } from './committer.ts'
import { DeadlineError, withDeadline } from './deadline.ts'
import { readEvent } from './event-record.ts'
import type { FetchedBatch } from './fetch-answer.ts'
import { type PartitionOffsets, partitionOffsets } from './offsets.ts'
import type { BusLog, ConsumerOptions } from './options.ts'
import { RecordCursor } from './record-cursor.ts'
import type { RawMessage } from './set-aside.ts'
import { TakenEvent } from './taken-event.ts'

type KafkaStream = MessagesStream<Buffer, FetchedBatch, Buffer, Buffer>

export interface SessionDeps {
  readonly consumer: BatchConsumer
  readonly topic: string
  readonly options: ConsumerOptions
  readonly log: BusLog
  /** How many events may be handed over now. */
  readonly room: () => number
  readonly handOver: (deliveries: readonly Delivery[]) => void
  /** One that was handed over has been settled. */
  readonly settled: () => void
  /** Is given what cannot be read, and a function to call when it need not be read again. */
  readonly putAside: (message: RawMessage, reason: string, settle: () => void) => void
}

/** A batch that is being read. */
interface Reading {
  readonly partition: number
  readonly offsets: PartitionOffsets
  readonly record: RecordCursor
  /** What stands before it was settled by an earlier reader. */
  readonly from: number
}

/** One reading of the topic as a member of the group, from its beginning to an error or the end. */
export interface Session extends AsyncDisposable {
  /** Rejects with what ended it, other than its disposal. */
  readonly ended: Promise<never>
  /** There is room again. */
  pump(): void
}

/** The broker holds a request for messages this long where there are none. */
const LONG_POLL_MS = 1_000
const MAX_FETCH_BYTES = 4 * 1_024 * 1_024
const CLOSE_MS = 2_000

/**
 * Joins the group and begins to read.
 *
 * What is ours is compared with the client's list before each read: messages of a partition that was
 * taken away are dropped, and what was taken from it is forgotten. When it comes back the session
 * ends, and the next one begins at the committed offset: an answer of the broker that was still under
 * way might otherwise put the client past events that nobody settled.
 */
export async function openSession(deps: SessionDeps): Promise<Session> {
  const { consumer, topic, options, log, room, handOver, putAside } = deps
  const ended = Promise.withResolvers<never>()
  ended.promise.catch(() => {}) // for whoever owns the session
  let isOver = false
  const end = (error: unknown) => {
    isOver = true
    ended.reject(error)
  }
  const stream = await join(consumer, topic, options, end)
  const partitions = new Map<number, PartitionOffsets>()
  const lost = new Set<number>()
  let reading: Reading | null = null
  const committer = openCommitter(consumer, topic, partitions, log)

  const onClose = () => end(new Error('the stream of events was closed'))
  const onStall = () => end(new DeadlineError('a heartbeat of the group took too long'))
  stream.on('close', onClose)
  stream.on('readable', pump)
  consumer.on('error', end)
  consumer.on('consumer:heartbeat:stalled', onStall)
  consumer.on('consumer:group:join', followAssignment)
  consumer.on('consumer:group:rebalance', followAssignment)
  followAssignment()

  return {
    ended: ended.promise,
    pump,
    async [Symbol.asyncDispose]() {
      isOver = true
      stream.off('close', onClose)
      stream.off('readable', pump)
      consumer.off('consumer:heartbeat:stalled', onStall)
      consumer.off('consumer:group:join', followAssignment)
      consumer.off('consumer:group:rebalance', followAssignment)
      await committer[Symbol.asyncDispose]()
      if (!stream.closed) {
        const closed = once(stream, 'close')
        stream.destroy()
        await withDeadline('closing', CLOSE_MS, closed).catch(error =>
          log.debug({ err: error }, 'a stream of events was not closed in order'),
        )
      }
      // The listeners for errors stay: one that nobody listens for ends the process.
      consumer.off('error', end)
    },
  }

  function pump(): void {
    try {
      followAssignment()
      while (!isOver) {
        const deliveries = take(Math.min(room(), options.maxPollRecords))
        if (deliveries.length === 0) return
        handOver(deliveries)
      }
    } catch (error) {
      end(error)
    }
  }

  function take(limit: number): Delivery[] {
    const deliveries: Delivery[] = []
    while (deliveries.length < limit) {
      reading ??= nextBatch()
      if (reading === null) break
      const { record, offsets, from } = reading
      if (!record.next()) reading = null
      else if (record.offset >= from && offsets.take(record.offset)) {
        const delivery = read(reading)
        if (delivery !== null) deliveries.push(delivery)
      }
    }
    return deliveries
  }

  function nextBatch(): Reading | null {
    for (;;) {
      const message = stream.read()
      if (message === null) return null
      const { partition, value } = message as { partition: number; value: FetchedBatch }
      const offsets = partitions.get(partition)
      if (offsets !== undefined)
        return { partition, offsets, record: new RecordCursor(value.bytes), from: value.from }
    }
  }

  /** @returns null for what cannot be read */
  function read({ record, offsets, partition }: Reading): Delivery | null {
    const { offset } = record
    const settle = () => {
      offsets.settle(offset)
      if (!isOver) committer.settled()
    }
    const decoded = readEvent(record)
    if (decoded.event !== null) {
      if (options.autoCommit) settle()
      return new TakenEvent(decoded.event, offset, offsets, settled)
    }
    const { key, value, headers } = record
    putAside({ topic, partition, offset, key, value, headers }, decoded.reason, settle)
    if (options.autoCommit) settle()
    return null
  }

  function settled(): void {
    deps.settled()
    if (!isOver) committer.settled()
  }

  function followAssignment(): void {
    if (isOver) return
    const ours = new Set(consumer.assignments?.find(each => each.topic === topic)?.partitions)
    for (const partition of partitions.keys()) {
      if (ours.has(partition)) continue
      partitions.delete(partition)
      lost.add(partition)
      if (reading?.partition === partition) reading = null
    }
    for (const partition of ours) {
      if (lost.has(partition)) end(new Error(`partition ${partition} came back`))
      else if (!partitions.has(partition)) partitions.set(partition, partitionOffsets())
    }
  }
}

/**
 * Joins, and answers the stream with a listener for its errors already there: one that is made while
 * the client is being closed fails before anybody could have awaited it.
 */
function join(
  consumer: BatchConsumer,
  topic: string,
  options: ConsumerOptions,
  onError: (error: Error) => void,
): Promise<KafkaStream> {
  const how = {
    ...{ topics: [topic], autocommit: false, mode: MessagesStreamModes.COMMITTED },
    fallbackMode: FALLBACKS[options.autoOffsetReset],
    highWaterMark: 1, // batch: what is asked for next is under way while it is read
    ...{ maxWaitTime: LONG_POLL_MS, maxBytes: MAX_FETCH_BYTES },
  }
  return new Promise((resolve, reject) => {
    consumer.consume(how, (error, stream) => {
      if (stream === undefined) {
        consumer.topics.untrackAll(topic) // else the client takes itself for a member next time
        reject(error)
      } else {
        stream.on('error', onError)
        resolve(stream)
      }
    })
  })
}

const FALLBACKS = {
  earliest: MessagesStreamFallbackModes.EARLIEST,
  latest: MessagesStreamFallbackModes.LATEST,
  none: MessagesStreamFallbackModes.FAIL,
} as const
