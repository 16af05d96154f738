export { type JobServiceConfig, type JobServiceDeps, startJobService } from './service.ts'
