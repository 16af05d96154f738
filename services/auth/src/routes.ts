import {
  CronosError,
  RefreshAnswer,
  RefreshRequest,
  ServiceTokenAnswer,
  ServiceTokenRequest,
  SignInAnswer,
  SignInRequest,
} from '@cronos/contract'
import { anyone, type HttpApp } from '@cronos/runtime'
import type { AuthConfig } from './config.ts'
import type { serviceTokens } from './service-tokens.ts'
import type { SignIn } from './sign-in.ts'

export interface AuthRoutesDeps {
  readonly signIn: SignIn
  readonly issueServiceToken: ReturnType<typeof serviceTokens>
}

/** What users and services may ask of tokens. */
export function addAuthRoutes(
  app: HttpApp,
  { signIn, issueServiceToken }: AuthRoutesDeps,
  { isEnabled, limits }: Pick<AuthConfig, 'isEnabled' | 'limits'>,
): void {
  const onRequest = async () => {
    if (!isEnabled) throw new CronosError('SIGN_IN_DISABLED', 'Sign-in is switched off')
  }

  app.post(
    '/api/v1/auth/signin',
    {
      config: { access: anyone, rateLimit: { max: limits.signInPerMinute, timeWindow: 60_000 } },
      onRequest,
      schema: {
        tags: ['users'],
        summary: 'Sign in',
        body: SignInRequest,
        response: { 200: SignInAnswer },
      },
    },
    request => signIn.signIn(request.body),
  )

  app.post(
    '/api/v1/auth/refresh',
    {
      config: { access: anyone },
      onRequest,
      schema: {
        tags: ['users'],
        summary: 'Get a new access token',
        body: RefreshRequest,
        response: { 200: RefreshAnswer },
      },
    },
    request => signIn.refresh(request.body.refreshToken),
  )

  app.post(
    '/api/internal/token',
    {
      config: { access: anyone },
      onRequest,
      schema: {
        tags: ['services'],
        summary: 'Get a service token for client id and secret',
        body: ServiceTokenRequest,
        response: { 200: ServiceTokenAnswer },
      },
    },
    async request => issueServiceToken(request.body),
  )
}
