/**
 * Every refusal that a client can meet, and the status it is answered with. docs/errors.md explains
 * each. A service adds its own here.
 */
export const errorStatus = {
  INVALID_REQUEST: 400,
  TOKEN_REQUIRED: 401,
  TOKEN_EXPIRED: 401,
  TOKEN_INVALID: 401,
  WRONG_CREDENTIALS: 401,
  SCOPE_MISSING: 403,
  OUTSIDE_POLICY: 403,
  PATH_NOT_FOUND: 404,
  JOB_NOT_FOUND: 404,
  RUN_NOT_FOUND: 404,
  ARTIFACT_NOT_FOUND: 404,
  MAIL_NOT_FOUND: 404,
  DEAD_LETTER_NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  USERNAME_TAKEN: 409,
  EMAIL_TAKEN: 409,
  REQUEST_UNDER_WAY: 409,
  VERSION_STALE: 412,
  BODY_TOO_LARGE: 413,
  NOT_JSON: 415,
  IDEMPOTENCY_KEY_REUSED: 422,
  TOO_MANY_REQUESTS: 429,
  TOO_MANY_STREAMS: 429,
  SIGN_IN_DISABLED: 503,
  TOO_BUSY: 503,
  STARTING: 503,
} as const satisfies Record<string, number>

export type ErrorCode = keyof typeof errorStatus

export interface RefusalOptions extends ErrorOptions {
  readonly errors?: readonly string[]
}

/**
 * The request cannot be. The message is one sentence for the person who reads it: it names the
 * field, says what was wrong with which value and what would be right, and tells no secret.
 */
export class CronosError extends Error {
  override readonly name = 'CronosError'
  readonly code: ErrorCode
  /** Where several things are wrong: each as a sentence of its own. */
  readonly errors: readonly string[] | undefined

  constructor(code: ErrorCode, message: string, options: RefusalOptions = {}) {
    super(message, options)
    this.code = code
    this.errors = options.errors
  }

  get status(): number {
    return errorStatus[this.code]
  }
}
