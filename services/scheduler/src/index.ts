export { type SchedulerConfig, schedulerConfig } from './config.ts'
export { type LowWater, openLowWater } from './low-water.ts'
export { type SchedulerDeps, type StartedScheduler, startScheduler } from './service.ts'
export { type TickDeps, tick } from './tick.ts'
