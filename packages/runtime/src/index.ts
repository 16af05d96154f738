export { type Allowance, type AllowanceOptions, allowance } from './allowance.ts'
export { type Coalescer, coalesce } from './coalesce.ts'
export * from './config/index.ts'
export { type Check, type HealthReport, healthOf } from './health.ts'
export { buildHttpApp, type HttpApp, type HttpAppOptions } from './http/app.ts'
export {
  type EventStream,
  type EventStreamLimits,
  type EventStreams,
  openEventStreams,
  type ServerEvent,
} from './http/event-stream.ts'
export { type Access, anyone, serviceWith, userWith } from './http/guard.ts'
export type { AnswerMemory, Repeatable } from './http/repeats.ts'
export { type TrustedProxies, trustProxies } from './http/trusted-proxies.ts'
export { partChecker, shapeCompiler } from './http/validate.ts'
export { unknownFields } from './http/warnings.ts'
export { type HttpService, type HttpServiceOptions, startHttpService } from './http-service.ts'
export { type Logger, logLevel, openLog } from './log.ts'
export { type Loop, type LoopOptions, startLoop, type Turn } from './loop.ts'
export { type RetryOptions, retryUntilDone } from './retry-until-done.ts'
export { explainFailure, runMain } from './run-main.ts'
export { onSignals } from './signals.ts'
export type { StartedService } from './started-service.ts'
export {
  type Caller,
  type Refused,
  type ServiceCaller,
  type TokenIssuer,
  type TokenLifetimes,
  type TokenReader,
  tokenIssuer,
  tokenReader,
} from './tokens.ts'
export { takeTurns } from './turns.ts'
export { startWorkerService, type Worker, type WorkerServiceOptions } from './worker-service.ts'
