import { type API, type Callback, Consumer, type fetchV17, kGetApi } from '@platformatic/kafka'
import { type FetchedBatch, fetchAnswerParser, topicKey } from './fetch-answer.ts'
import { tapped } from './tap.ts'

/** The first version of the request whose answer we can read: Apache Kafka 2.7. */
const OLDEST_VERSION = 12

/**
 * The client's consumer, with all that it does about the group, offsets, leaders and errors, whose
 * messages are whole batches of records. A message by itself costs it some 8 µs: buffers for each of
 * its parts, a copy, two contexts for diagnostics, a place in a stream of objects.
 */
export class BatchConsumer extends Consumer<Buffer, FetchedBatch, Buffer, Buffer> {
  /** What was asked for last: a request tells the broker only what is different from the one before. */
  readonly #asked = new Map<string, bigint>()

  override [kGetApi]<Arguments extends unknown[], Answer>(
    name: string,
    callback: Callback<API<Arguments, Answer>>,
  ): void {
    super[kGetApi]<Arguments, Answer>(name, (error, api) => {
      if (error !== null || api === undefined || name !== 'Fetch') callback(error, api)
      else if (api.version < OLDEST_VERSION)
        callback(new Error('the broker is too old: Apache Kafka 2.7 is the oldest that will do'))
      else callback(null, this.#withBatches(api))
    })
  }

  #withBatches<Arguments extends unknown[], Answer>(
    api: API<Arguments, Answer>,
  ): API<Arguments, Answer> {
    return tapped(api, (args, send) => {
      const [, , , , , , topics] = args as unknown as fetchV17.FetchRequest
      for (const { topicId, partitions } of topics)
        for (const { partition, fetchOffset } of partitions)
          this.#asked.set(topicKey(topicId, partition), fetchOffset)
      // As it is now: another request, to another broker, may ask for more while this one waits.
      send({ parseAnswer: fetchAnswerParser(new Map(this.#asked)) })
    })
  }
}
