import { ConfigError } from './config/load.ts'
import { onSignals } from './signals.ts'

/**
 * Runs the whole of a program until it is done or asked to stop by SIGTERM or SIGINT. What keeps
 * it from starting is told on standard error, one line for each mistake of an operator, and the
 * process ends with 1 once everything that was started has stopped.
 *
 * @param main starts things, and stops them before it resolves
 * @param explain for a program that can fail in ways of its own
 */
export async function runMain(
  name: string,
  main: (stopRequested: Promise<unknown>) => Promise<void>,
  explain: (error: unknown) => readonly string[] = explainFailure,
): Promise<void> {
  try {
    await main(onSignals('SIGTERM', 'SIGINT'))
  } catch (error) {
    for (const line of explain(error)) console.error(`${name}: ${line}`)
    process.exitCode = 1
  }
}

/** What ended a program, one line for each thing that an operator can set right. */
export function explainFailure(error: unknown): readonly string[] {
  if (error instanceof ConfigError) return error.problems
  if (!(error instanceof Error)) return [String(error)]
  const { code, address, port } = error as NodeJS.ErrnoException & {
    address?: string
    port?: number
  }
  const place = `${address ?? 'the configured address'}:${port ?? ''}`
  if (code === 'EADDRINUSE') return [`${place} is taken by another process`]
  if (code === 'EACCES' && port !== undefined) return [`${place} may not be listened on`]
  if (code === 'EADDRNOTAVAIL') return [`${place} is no address of this machine`]
  return [error.stack ?? error.message]
}
