export * from './auth.ts'
export {
  CloneJob,
  ControlJobs,
  EditJob,
  JobPaused,
  JobResumed,
  JobsControlled,
  JobTriggered,
  PauseJob,
  RunCancelled,
} from './controls.ts'
export { CronPreview, Forecast, PreviewCron } from './cron.ts'
export { encodeDeadLetter } from './dead-letter.ts'
export { type ErrorStyle, errorBody, NamedError, TimedError } from './error-bodies.ts'
export { CronosError, type ErrorCode, errorStatus } from './errors.ts'
export {
  type DecodedEvent,
  decodeJobEvent,
  type EncodedMessage,
  encodeJobEvent,
} from './job-event.ts'
export {
  ArtifactSummary,
  Attempt,
  CreateJob,
  JobCreated,
  JobDetails,
  JobSummary,
  MailDetails,
  MailSummary,
  RescheduleJob,
  RunDetails,
  RunSummary,
} from './jobs.ts'
export { PolicyPatch, policyFields, type ShownPolicies } from './policies.ts'
export * from './users.ts'
