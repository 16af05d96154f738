import type { Bus } from './bus.ts'
import type { KafkaBusOptions } from './kafka/options.ts'

export type { Bus, Delivery, DeliveryHandler, SubscribeOptions, Subscription } from './bus.ts'
export { openEmbeddedBus } from './embedded.ts'
export type { BusLog, ConsumerOptions, KafkaBusOptions, ProducerOptions } from './kafka/options.ts'

/**
 * The bus of many processes: Apache Kafka. Opening it does not wait for a broker. Its client is loaded
 * only now: it is the largest thing that Cronos imports, and one process does without it.
 */
export async function openKafkaBus(options: KafkaBusOptions): Promise<Bus> {
  const kafka = await import('./kafka.ts')
  return kafka.openKafkaBus(options)
}
