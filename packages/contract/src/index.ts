export { type ErrorStyle, errorBody, NamedError, TimedError } from './error-bodies.ts'
export { CronosError, type ErrorCode, errorStatus } from './errors.ts'
