import type { SignUpRequest } from '@cronos/contract'
import { CronosError, PASSWORD_LENGTH, USERNAME_MAX_LENGTH } from '@cronos/contract'

/** RFC 5321: what comes before the `@`, and the whole. */
const MAX_LOCAL_PART = 64
const MAX_EMAIL = 254

const ATOM = "[\\p{L}\\p{N}!#$%&'*+/=?^_`{|}~-]+"
const LABEL = '[\\p{L}\\p{N}](?:[\\p{L}\\p{N}-]{0,61}[\\p{L}\\p{N}])?'
/** A dotted name, `@`, and a domain with at least one dot: what people have and mail servers take. */
const EMAIL = new RegExp(`^(${ATOM}(?:\\.${ATOM})*)@(?:${LABEL}\\.)+${LABEL}$`, 'u')

/**
 * Checks the rules of a sign-up that a schema cannot say, and answers it as it is kept: username
 * and email trimmed, the email in lower case.
 *
 * @throws {CronosError} INVALID_REQUEST, naming the field
 */
export function readSignUp({ username, password, email }: SignUpRequest): SignUpRequest {
  const read = {
    username: username.trim(),
    password,
    email: email.trim().toLowerCase(),
  }
  const { min, max } = PASSWORD_LENGTH
  if (lengthOf(read.username) > USERNAME_MAX_LENGTH)
    refuse(`username must be text of at most ${USERNAME_MAX_LENGTH} characters`)
  if (lengthOf(password) < min) refuse(`password must have at least ${min} characters`)
  if (lengthOf(password) > max) refuse(`password must have at most ${max} characters`)
  if (!isEmail(read.email)) refuse('email must be an address such as alice@example.com')
  return read
}

/** Characters as people count them and PostgreSQL does, not UTF-16 units. */
function lengthOf(text: string): number {
  return [...text].length
}

function isEmail(text: string): boolean {
  const localPart = EMAIL.exec(text)?.[1]
  return localPart !== undefined && localPart.length <= MAX_LOCAL_PART && text.length <= MAX_EMAIL
}

function refuse(message: string): never {
  throw new CronosError('INVALID_REQUEST', message)
}
