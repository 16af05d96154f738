import { PermanentError } from '../task.ts'
import { type Workers, WorkTooLongError } from '../workers.ts'

export interface RenderRequest {
  readonly texts: readonly string[]
  readonly data: Readonly<Record<string, unknown>>
}

/** What the thread answers: the texts in order, or why a template is broken. */
export type Rendering = { readonly texts: readonly string[] } | { readonly broken: string }

/** Starting a thread on a busy machine included. */
const TIMEOUT_MS = 15_000

/**
 * Renders Liquid templates with the data, in a thread where there is anything to render.
 *
 * @throws {PermanentError} when a template is broken, or takes too much time or memory
 */
export async function renderTexts(
  workers: Workers,
  request: RenderRequest,
  signal: AbortSignal,
): Promise<readonly string[]> {
  if (!request.texts.some(isTemplate)) return request.texts
  const file = new URL('./liquid-worker.ts', import.meta.url)
  try {
    const answer = await workers.run<Rendering>(file, request, { timeoutMs: TIMEOUT_MS, signal })
    if ('texts' in answer) return answer.texts
    throw new PermanentError(`payload.template must be a template that renders: ${answer.broken}`)
  } catch (cause) {
    if (cause instanceof WorkTooLongError || isOutOfMemory(cause))
      throw new PermanentError(
        'payload.template must be a template that renders in little time and memory',
        { cause },
      )
    throw cause
  }
}

function isTemplate(text: string): boolean {
  return text.includes('{{') || text.includes('{%')
}

function isOutOfMemory(error: unknown): boolean {
  return (
    error instanceof Error && (error as NodeJS.ErrnoException).code === 'ERR_WORKER_OUT_OF_MEMORY'
  )
}
