export type { Brand } from './brand.ts'
export { countFires } from './cron/count.ts'
export type {
  Cron,
  CronError,
  CronField,
  DstPolicy,
  MonthDayRule,
  WeekdayRule,
} from './cron/cron.ts'
export { cronFields, springDst } from './cron/cron.ts'
export { describeCron } from './cron/describe.ts'
export { formatCron } from './cron/format.ts'
export { fireTimes, nextFire } from './cron/next-fire.ts'
export { type ParsedCron, parseCron } from './cron/parse.ts'
export { type CronPreview, type PreviewedFire, previewCron } from './cron/preview.ts'
export type { CronWarning } from './cron/warnings.ts'
export { loadZone, type Segment, type Zone } from './cron/zone.ts'
export type { DeadLetter } from './dead-letter.ts'
export { formatIsoDuration, parseIsoDuration } from './duration.ts'
export type { JobEvent } from './event.ts'
export { type Cause, type CauseCode, causeCodes, type Explanation } from './explain/cause.ts'
export type {
  AttemptFacts,
  JobFacts,
  LoadFacts,
  RunFacts,
  SkippedFacts,
} from './explain/facts.ts'
export { explainFireTime, type FireTimeFacts } from './explain/fire-time.ts'
export { explainJob, type JobNowFacts } from './explain/job.ts'
export { explainRun } from './explain/run.ts'
export { fairReserve, fairShare, type Load } from './fair-share.ts'
export {
  type ForecastBucket,
  type ForecastJob,
  type ForecastWindow,
  forecast,
} from './forecast.ts'
export {
  type Fence,
  fence,
  type JobId,
  jobIdOf,
  parseJobId,
  parseRunId,
  type RunId,
  type RunKey,
  runIdOf,
  type UserId,
  uuidOf,
  uuidSource,
} from './ids.ts'
export {
  type ExactInstant,
  formatExactInstant,
  formatInstant,
  type Instant,
  instant,
  isWritable,
  later,
  latestInstant,
  parseInstant,
} from './instant.ts'
export {
  type ExecutionMode,
  executionModes,
  type JobStatus,
  type JobType,
  jobStatuses,
  jobTypes,
  type Priority,
  priorities,
  type Trigger,
} from './job.ts'
export {
  type Balance,
  type Books,
  isBalanced,
  type Ledger,
  openLedger,
  type Settlement,
  type SettlingPolicy,
  settlingPolicies,
} from './ledger/balance.ts'
export { type TriggerVersion, versionAt } from './ledger/history.ts'
export type { FireRange } from './ledger/spans.ts'
export {
  type DueFire,
  type FireDecision,
  type FirePolicies,
  type FireSpan,
  judgeFire,
  judgeWaitingFire,
  type SkipPolicy,
} from './misfire.ts'
export { type MissedFires, type SettledFires, settleMissed } from './missed-fires.ts'
export {
  type BackoffKind,
  backoffKinds,
  defaultPolicies,
  type JobPolicies,
  type MisfirePolicy,
  misfirePolicies,
  type OnLostPolicy,
  type OverlapPolicy,
  onLostPolicies,
  overlapPolicies,
} from './policies.ts'
export {
  countFiresOf,
  type FireWindow,
  fireTimesOf,
  nextFireOf,
  nthFireOf,
  previousFireOf,
  type Recurrence,
  recurrenceOf,
  type StoredRecurrence,
  spreadOffsetMs,
} from './recurrence.ts'
export type { ClaimedKey, KeptAnswer, KeyClaim } from './repeat.ts'
export {
  type Backoff,
  type RetryPolicy,
  type RetryWishes,
  retryDelayMs,
  retryPolicyOf,
} from './retry.ts'
export {
  afterAttempt,
  type Next,
  type Outcome,
  type RunningAttempt,
  type RunReason,
  type RunState,
  type RunStatus,
  runStatuses,
} from './run.ts'
