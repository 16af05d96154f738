import { type Static, Type } from 'typebox'
import { NotBlank, SecretText, Warnings } from './texts.ts'

/** A user's password has at least so many characters, and at most so many. */
export const PASSWORD_LENGTH = { min: 8, max: 1_024 } as const

export const USERNAME_MAX_LENGTH = 255

/** Names or ids that one request may ask for. */
const MAX_ASKED = 1_000

export const SignUpRequest = Type.Object({
  username: NotBlank('alice'),
  password: SecretText('correct-horse-7'),
  email: NotBlank('alice@example.com'),
})
export type SignUpRequest = Static<typeof SignUpRequest>

export const SignUpAnswer = Type.Object({
  status: Type.Literal('SUCCESS'),
  message: Type.String({ examples: ['User registered successfully'] }),
  data: Type.Object({
    username: Type.String({ examples: ['alice'] }),
    email: Type.String({ examples: ['alice@example.com'] }),
  }),
  warnings: Warnings,
})
export type SignUpAnswer = Static<typeof SignUpAnswer>

export const ResolveRequest = Type.Object({
  usernames: Type.Array(Type.String(), { minItems: 1, maxItems: MAX_ASKED }),
})

export const ResolveAnswer = Type.Object({
  users: Type.Array(
    Type.Object({ username: Type.String(), userId: Type.Union([Type.String(), Type.Null()]) }),
    { description: 'In the order asked; userId is null for unknown names' },
  ),
  warnings: Warnings,
})
export type ResolveAnswer = Static<typeof ResolveAnswer>

export const ContactRequest = Type.Object({
  userIds: Type.Array(Type.String(), { minItems: 1, maxItems: MAX_ASKED }),
})

export const ContactAnswer = Type.Object({
  users: Type.Array(
    Type.Object({ userId: Type.String(), email: Type.Union([Type.String(), Type.Null()]) }),
    { description: 'In the order asked; email is null for unknown ids' },
  ),
  warnings: Warnings,
})
export type ContactAnswer = Static<typeof ContactAnswer>
