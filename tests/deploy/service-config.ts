import { authConfig } from '@cronos/auth-service'
import { executorServiceConfig } from '@cronos/executor-service'
import { gatewayConfig } from '@cronos/gateway'
import { jobConfig } from '@cronos/job-service'
import { type Declaration, type Source, settingsOf } from '@cronos/runtime'
import { schedulerConfig } from '@cronos/scheduler-service'
import { userConfig } from '@cronos/user-service'

/** Everything that is deployed by itself, with the keys that it knows. */
export const declarations: Readonly<Record<string, Declaration>> = {
  auth: authConfig,
  user: userConfig,
  job: jobConfig,
  scheduler: schedulerConfig,
  executor: executorServiceConfig,
  gateway: gatewayConfig,
}

/** Keys of properties files that would have no effect: most likely they are misspelled. */
export function unknownKeys(declaration: Declaration, sources: readonly Source[]): string[] {
  const settings = [...settingsOf(declaration)]
  const isKnown = (key: string) =>
    settings.some(each =>
      each.kind === 'setting' ? each.key === key : key.startsWith(each.prefix),
    )
  return sources
    .filter(source => source.style === 'properties' && !source.name.includes('secrets'))
    .flatMap(source => [...source.values.keys()].filter(key => !isKnown(key)))
}

/** Values in place of the secrets that a container is given as variables. */
export function secretsOf(variables: readonly { readonly name: string }[]): NodeJS.ProcessEnv {
  return Object.fromEntries(variables.map(({ name }) => [name, 'x'.repeat(64)]))
}
