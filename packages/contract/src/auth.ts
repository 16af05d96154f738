import { type Static, Type } from 'typebox'
import { NotBlank, SecretText, Warnings } from './texts.ts'

export const SignInRequest = Type.Object({
  username: NotBlank('alice'),
  password: SecretText('correct-horse-7'),
})
export type SignInRequest = Static<typeof SignInRequest>

const TokenType = Type.String({ examples: ['Bearer'] })
const ExpiresIn = Type.Integer({ description: 'In seconds', examples: [900] })

export const SignInAnswer = Type.Object({
  token: Type.String({ description: 'The access token' }),
  refreshToken: Type.String(),
  tokenType: TokenType,
  expiresIn: ExpiresIn,
  message: Type.String({ examples: ['Login successful'] }),
  warnings: Warnings,
})
export type SignInAnswer = Static<typeof SignInAnswer>

export const RefreshRequest = Type.Object({ refreshToken: SecretText('eyJhbGciOiJIUzUxMiJ9…') })

export const RefreshAnswer = Type.Object({
  accessToken: Type.String(),
  tokenType: TokenType,
  expiresIn: ExpiresIn,
  message: Type.String({ examples: ['Access token refreshed successfully'] }),
  warnings: Warnings,
})
export type RefreshAnswer = Static<typeof RefreshAnswer>

export const ServiceTokenRequest = Type.Object({
  clientId: NotBlank('executorService'),
  clientSecret: SecretText('…'),
  audience: NotBlank('user-service'),
  scopes: Type.Optional(
    Type.Union([Type.Array(Type.String()), Type.Null()], {
      description: 'All within the policy of the audience; none at all is a 403',
      examples: [['user.read']],
    }),
  ),
})
export type ServiceTokenRequest = Static<typeof ServiceTokenRequest>

export const ServiceTokenAnswer = Type.Object({
  token: Type.String(),
  expiresIn: ExpiresIn,
  warnings: Warnings,
})
export type ServiceTokenAnswer = Static<typeof ServiceTokenAnswer>
