export { type Coalescer, coalesce } from './coalesce.ts'
export { type Loop, type LoopOptions, startLoop, type Turn } from './loop.ts'
export type { StartedService } from './started-service.ts'
