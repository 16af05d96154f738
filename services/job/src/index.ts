export { type JobConfig, jobConfig } from './config.ts'
export { type JobServiceDeps, startJobService } from './service.ts'
