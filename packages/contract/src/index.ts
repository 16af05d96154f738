export { digitsOf, passBytes, readDigits, writeAscii, writeBytes, writeInteger } from './ascii.ts'
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
export {
  ChooseLetters,
  DeadLetter,
  DeadLetterDetails,
  DeadLetterPage,
  LetterFilterFields,
  LetterReplayed,
  LettersDone,
  MAX_LETTERS,
  ReplayLetter,
  ReplayLetters,
} from './dead-letters.ts'
export { type ErrorStyle, errorBody, NamedError, TimedError } from './error-bodies.ts'
export { CronosError, type ErrorCode, errorStatus } from './errors.ts'
export {
  JobTouched,
  RunFollowed,
  RunProgressed,
  RunRetrying,
  type UserEvent,
  userEvents,
} from './events.ts'
export { Explanation } from './explain.ts'
export {
  type DecodedEvent,
  decodeJobEvent,
  type EncodedMessage,
  encodeJobEvent,
  FENCE_HEADER,
  RUN_ID_HEADER,
  readTraceparent,
} from './job-event.ts'
export {
  ArtifactSummary,
  Attempt,
  CreateJob,
  CreateJobs,
  JobCreated,
  JobDetails,
  JobSummary,
  JobsCreated,
  MailDetails,
  MailSummary,
  Progress,
  RescheduleJob,
  RunDetails,
  RunSummary,
} from './jobs.ts'
export { Ledger } from './ledger.ts'
export { PolicyPatch, policyFields, type ShownPolicies } from './policies.ts'
export { ResolveRun } from './resolve.ts'
export { RunLog } from './run-logs.ts'
export { FoundJob, JobsFound, RunsFound } from './search.ts'
export * from './users.ts'
export {
  isPlainJobEvent,
  readWrittenJobEvent,
  writeJobEvent,
  writtenLength,
} from './written-job-event.ts'
