import { randomBytes } from 'node:crypto'
import { setTimeout as rest } from 'node:timers/promises'
import { Admin, Consumer, Producer } from '@platformatic/kafka'
import type { KafkaBusOptions } from '../src/index.ts'

/** A message as another system sees it. */
export interface SeenMessage {
  readonly key: string | null
  readonly value: Buffer | null
  readonly headers: Readonly<Record<string, string>>
  readonly partition: number
}

/** Another system that reads and writes a topic, with a client of its own. */
export function openTopicReader(options: KafkaBusOptions, topic: string) {
  const client = { clientId: 'other-system', bootstrapBrokers: [...options.bootstrapServers] }
  const admin = new Admin(client)
  const stack = new AsyncDisposableStack()
  stack.defer(() => admin.close())
  return {
    /** Reads the topic from its beginning, until there are so many. */
    async received(count: number): Promise<SeenMessage[]> {
      const groupId = `reader-${randomBytes(6).toString('hex')}`
      const consumer = new Consumer({ ...client, groupId })
      stack.defer(() => consumer.close(true))
      const seen: SeenMessage[] = []
      const stream = await consumer.consume({ topics: [topic], mode: 'earliest', maxWaitTime: 100 })
      for await (const { key, value, headerEntries, partition } of stream) {
        seen.push({
          ...{ key: key?.toString() ?? null, value: value ?? null, partition },
          headers: Object.fromEntries(headerEntries.map(pair => pair.map(String))),
        })
        if (seen.length === count) break
      }
      return seen
    },
    async write(
      value: Buffer | string | null,
      {
        key,
        headers = {},
        compression = 'none',
      }: {
        key?: string
        headers?: Record<string, string>
        compression?: 'none' | 'gzip' | 'lz4' | 'snappy' | 'zstd'
      } = {},
    ): Promise<void> {
      const producer = new Producer(client)
      const entries = Object.entries(headers).map(
        ([name, text]) => [Buffer.from(name), Buffer.from(text)] as const,
      )
      await producer.send({
        compression,
        messages: [
          {
            ...{ topic, partition: 0, headers: new Map(entries) },
            ...(key === undefined ? {} : { key: Buffer.from(key) }),
            ...(value === null ? {} : { value: Buffer.from(value) }),
          },
        ],
      })
      await producer.close()
    },
    /** Resolves when the group has committed this offset of partition 0. */
    async committed(group: string, offset: bigint): Promise<void> {
      for (;;) {
        const groups = await admin.listConsumerGroupOffsets({ groups: [group] })
        const found = groups
          .flatMap(each => each.topics)
          .filter(each => each.name === topic)
          .flatMap(each => each.partitions)
          .find(each => each.partitionIndex === 0)
        if (found?.committedOffset === offset) return
        await rest(20)
      }
    },
    async createTopic(name: string, configs: Readonly<Record<string, string>>): Promise<void> {
      const pairs = Object.entries(configs).map(([name, value]) => ({ name, value }))
      await admin.createTopics({ topics: [name], partitions: 1, replicas: 1, configs: pairs })
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}
