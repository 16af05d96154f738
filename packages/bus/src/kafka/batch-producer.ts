import {
  type API,
  type Callback,
  kGetApi,
  ProduceAcks,
  Producer,
  Writer,
} from '@platformatic/kafka'
import { batchOf, type RecordSet } from './record-set.ts'
import { openSequences } from './sequences.ts'
import { tapped } from './tap.ts'

/** A set of records as the client carries it: as if it were one message. */
export interface SetToProduce {
  readonly topic: string
  readonly partition: number
  readonly value: RecordSet
}

/** What the client passes on when it is about to produce. */
type ProduceArguments = [
  acks: number,
  timeoutMs: number,
  sets: readonly SetToProduce[],
  producer: { readonly producerId?: bigint; readonly producerEpoch?: number },
]

/** The first version of the request that is laid out as below: Apache Kafka 2.4. */
const OLDEST_VERSION = 9

/**
 * The client's producer, with all that it does about connections, leaders, retries and errors, which
 * is given whole sets of records. A message by itself costs it some 15 µs: it is checked against a
 * schema, copied twice and written as thirty buffers.
 */
export class BatchProducer extends Producer<Buffer, RecordSet, Buffer, Buffer> {
  readonly #sequences = openSequences()

  override [kGetApi]<Arguments extends unknown[], Answer>(
    name: string,
    callback: Callback<API<Arguments, Answer>>,
  ): void {
    super[kGetApi]<Arguments, Answer>(name, (error, api) => {
      if (error !== null || api === undefined || name !== 'Produce') callback(error, api)
      else if (api.version < OLDEST_VERSION)
        callback(new Error('the broker is too old: Apache Kafka 2.7 is the oldest that will do'))
      else callback(null, this.#withSets(api))
    })
  }

  #withSets<Arguments extends unknown[], Answer>(
    api: API<Arguments, Answer>,
  ): API<Arguments, Answer> {
    return tapped(api, (args, send) =>
      send({ createRequest: () => this.#createRequest(...(args as unknown as ProduceArguments)) }),
    )
  }

  /** @see https://kafka.apache.org/protocol.html#The_Messages_Produce */
  #createRequest(...[acks, timeoutMs, sets, how]: ProduceArguments): Writer {
    const { producerId = -1n, producerEpoch = -1 } = how
    const nowMs = Date.now()
    const writer = Writer.create()
      .appendString(null) // no transaction
      .appendInt16(acks)
      .appendInt32(timeoutMs)
      .appendArray([...Map.groupBy(sets, set => set.topic)], (w, [topic, ofTopic]) => {
        w.appendString(topic).appendArray(ofTopic, (w, { partition, value }) => {
          const of = `${topic}:${partition}`
          const numbers = this.#sequences.numbersOf(value, of, { producerId, producerEpoch })
          const batch = batchOf(value, numbers, nowMs)
          w.appendInt32(partition)
            .appendUnsignedVarInt(batch.length + 1)
            .append(batch)
        })
      })
      .appendTaggedFields()
    if (acks === ProduceAcks.NO_RESPONSE) Object.assign(writer.context, { noResponse: true })
    return writer
  }
}
