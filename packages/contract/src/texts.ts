import { Type } from 'typebox'

/** Text that is not blank. */
export const NotBlank = (example: string) => Type.String({ pattern: '\\S', examples: [example] })

/** Text that no message shows. */
export const SecretText = (example: string) =>
  Type.String({ pattern: '\\S', writeOnly: true, examples: [example] })

export const Warnings = Type.Optional(
  Type.Array(Type.String(), { description: 'Fields of the request that nobody knows' }),
)
