export type { Bus, Delivery, DeliveryHandler, SubscribeOptions, Subscription } from './bus.ts'
export { openEmbeddedBus } from './embedded.ts'
export type { BusLog, ConsumerOptions, KafkaBusOptions, ProducerOptions } from './kafka/options.ts'
export { openKafkaBus } from './kafka.ts'
