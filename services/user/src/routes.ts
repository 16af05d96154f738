import { randomBytes } from 'node:crypto'
import {
  ContactAnswer,
  ContactRequest,
  CronosError,
  ResolveAnswer,
  ResolveRequest,
  SignUpAnswer,
  SignUpRequest,
} from '@cronos/contract'
import type { Passwords } from '@cronos/passwords'
import { anyone, type HttpApp, serviceWith } from '@cronos/runtime'
import { createUser, type Db, readContacts, resolveUsernames } from '@cronos/store'
import type { UserConfig } from './config.ts'
import { readSignUp } from './sign-up.ts'
import { newUserId } from './ulid.ts'

export interface UserRoutesDeps {
  readonly db: Db
  readonly passwords: Passwords
}

/** What users and other services may ask of users. */
export function addUserRoutes(
  app: HttpApp,
  { db, passwords }: UserRoutesDeps,
  limits: UserConfig['limits'],
): void {
  app.post(
    '/api/v1/user/signup',
    {
      config: { access: anyone, rateLimit: { max: limits.signUpPerMinute, timeWindow: 60_000 } },
      schema: {
        tags: ['users'],
        summary: 'Sign up',
        body: SignUpRequest,
        response: { 200: SignUpAnswer },
      },
    },
    async request => {
      const { username, password, email } = readSignUp(request.body)
      const userId = newUserId(Date.now(), randomBytes(10))
      const passwordHash = await passwords.hash(password)
      const signUp = await createUser(db, { userId, username, email, passwordHash })
      switch (signUp) {
        case 'created': {
          const message = 'User registered successfully'
          return { status: 'SUCCESS' as const, message, data: { username, email } }
        }
        case 'username-taken':
          throw new CronosError('USERNAME_TAKEN', 'Username already taken')
        case 'email-taken':
          throw new CronosError('EMAIL_TAKEN', 'Email already registered')
        default:
          return signUp satisfies never
      }
    },
  )

  app.post(
    '/api/internal/user/resolve',
    {
      config: { access: serviceWith('user.read') },
      schema: {
        tags: ['services'],
        summary: 'Find user ids by username',
        body: ResolveRequest,
        response: { 200: ResolveAnswer },
      },
    },
    async request => ({ users: await resolveUsernames(db, request.body.usernames) }),
  )

  app.post(
    '/api/internal/user/contact',
    {
      config: { access: serviceWith('user.contact') },
      schema: {
        tags: ['services'],
        summary: 'Find email addresses by user id',
        body: ContactRequest,
        response: { 200: ContactAnswer },
      },
    },
    async request => ({ users: await readContacts(db, request.body.userIds) }),
  )
}
