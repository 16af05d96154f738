export type { Bus, Delivery, DeliveryHandler, SubscribeOptions, Subscription } from './bus.ts'
