export {
  type Artifact,
  type ArtifactInfo,
  listArtifacts,
  MAX_ARTIFACT_BYTES,
  readArtifact,
  saveArtifact,
} from './artifacts/artifacts.ts'
export {
  type Connection,
  type Db,
  openPool,
  type Pool,
  type PoolOptions,
  type Result,
} from './db.ts'
export { dismissLetters } from './dead-letters/dismiss.ts'
export {
  type Letter,
  type LetterFilter,
  type LetterPlace,
  type ListedLetter,
  listLetters,
  readLetter,
} from './dead-letters/read.ts'
export {
  type Replay,
  type Replayed,
  type ReplayOptions,
  replayLetters,
} from './dead-letters/replay.ts'
export { readFireTimeFacts, readJobNowFacts } from './explain/job-at.ts'
export { readRunFacts } from './explain/run-facts.ts'
export { hasCode, isTransient, isUniqueViolation } from './faults.ts'
export { claimKey, forgetKeys, keepAnswers, releaseKey } from './idempotency/idempotency.ts'
export { cancelJob, cancelling, deleting } from './jobs/cancel.ts'
export { type Changed, type Control, controlJob, controlJobs } from './jobs/control.ts'
export { countJobs } from './jobs/count.ts'
export { type Created, createJobs } from './jobs/create.ts'
export { type Edited, editJob, type JobEdit } from './jobs/edit.ts'
export { countOneTimeJobs, type RecurringJob, readRecurringJobs } from './jobs/forecast.ts'
export type { LockedJob } from './jobs/lock.ts'
export type { NewJob, NewTrigger } from './jobs/new-job.ts'
export { type Paused, pausing } from './jobs/pause.ts'
export { pauseFailing } from './jobs/pause-failing.ts'
export {
  type JobDetails,
  type JobFilter,
  type JobRow,
  listJobs,
  readJob,
  readNow,
} from './jobs/read.ts'
export { type Rescheduled, rescheduleJob } from './jobs/reschedule.ts'
export { type Resumed, resuming } from './jobs/resume.ts'
export {
  type FoundJob,
  type FoundJobs,
  type JobPlace,
  type JobSearch,
  searchJobs,
} from './jobs/search.ts'
export { type JobSelection, selectJobs } from './jobs/select.ts'
export { triggering } from './jobs/trigger-now.ts'
export {
  balanceJobs,
  type JobLedger,
  type LedgerOptions,
  type Ledgers,
} from './ledger/balance.ts'
export { type LedgerJob, pageLedgerJobs } from './ledger/jobs.ts'
export { type BrokenRule, type RuleBreak, readRuleBreaks } from './ledger/rules.ts'
export {
  type EndedAttempt,
  type InFlight,
  type Look,
  lookAt,
  type TouchedJob,
} from './live/look.ts'
export { type Followed, MOST_LINES, type RunTail, readRunTails } from './live/run-tails.ts'
export { type MailId, mailIdOf, parseMailId } from './mails/mail-id.ts'
export {
  type CaughtMail,
  catchMail,
  listMails,
  type MailInfo,
  type MailPage,
  readMail,
  type StoredMail,
} from './mails/mails.ts'
export {
  type Address,
  type Database,
  migrate,
  schemaHash,
} from './migrate.ts'
export type { Period } from './reports/period.ts'
export { pageRunLines, type RunLine } from './reports/run-lines.ts'
export {
  type FailedRun,
  type JobSummary,
  type RunCounts,
  type RunSpan,
  type RunSummary,
  type RunTotals,
  type SummaryOptions,
  summarizeRuns,
} from './reports/summary.ts'
export {
  type Announced,
  type Ended,
  extendLeases,
  type KeptLease,
  type RecordedError,
  recordAttempts,
  recoverLost,
  type Started,
  startRuns,
} from './runs/attempts.ts'
export { type CancelledRun, cancelRun } from './runs/cancel.ts'
export {
  type Capacity,
  type ExecutorReport,
  hasSeveralOwners,
  isTaskKnown,
  readCapacity,
  readSpareSlots,
  removeExecutor,
  reportExecutor,
} from './runs/capacity.ts'
export {
  type Claimed,
  type ClaimedJob,
  type ClaimOptions,
  claimRuns,
  type Shares,
} from './runs/claim.ts'
export { markDeadLetters, readDeadLetters } from './runs/dead-letters.ts'
export type { Recorded } from './runs/finish.ts'
export { type FencedKey, nameOf } from './runs/keys.ts'
export {
  type LogLevel,
  type LogLine,
  type LogPlace,
  logLevels,
  type Progress,
  readLog,
  type StoredLine,
  type Told,
  writeTold,
} from './runs/log.ts'
export { insertNextFires, type NextFire } from './runs/next-fires.ts'
export { type AttemptRow, listRuns, type RunDetails, type RunRow, readRun } from './runs/read.ts'
export { releaseRuns } from './runs/release.ts'
export { type Resolution, type Resolved, resolveUnknown } from './runs/resolve.ts'
export {
  type FinalStatus,
  moveLedgerHorizon,
  type Removed,
  removeFinishedRuns,
  removeSkipped,
} from './runs/retention.ts'
export {
  type FoundRuns,
  type ListedRun,
  type RunPage,
  type RunSearch,
  searchRuns,
  searchRunsOfJob,
} from './runs/search.ts'
export {
  dropClaimed,
  markCatchUp,
  type Queued,
  queueClaimed,
  recordSkipped,
  type SkippedSpan,
} from './runs/settle.ts'
export { listenForWakes, readNextWake, tellWake } from './runs/wake.ts'
export { openWakeTeller, type WakeTeller } from './runs/wake-teller.ts'
export { prepared, type Statement, sql } from './sql.ts'
export { findMailTemplate, type MailTemplate, putMailTemplate } from './templates/mail-templates.ts'
export {
  findReportDefinition,
  putReportDefinition,
  type ReportDefinition,
} from './templates/report-definitions.ts'
export { createUser, type NewUser, replaceHash, type SignUp } from './users/create.ts'
export { type CredentialsRow, readCredentials, readUser, type UserRow } from './users/read.ts'
export {
  type Contact,
  type ResolvedUser,
  readContacts,
  resolveUsernames,
} from './users/resolve.ts'
