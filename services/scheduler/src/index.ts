export type { SchedulerConfig } from './config.ts'
export { type SchedulerDeps, type StartedScheduler, startScheduler } from './service.ts'
