export type { Bus, Delivery, DeliveryHandler, SubscribeOptions, Subscription } from './bus.ts'
export { openEmbeddedBus } from './embedded.ts'
