/** Why an attempt was cut off. */
export type Interruption = 'timeout' | 'lease lost' | 'stopping' | 'cancelled'

/** The reason of an attempt's signal. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted'
  readonly why: Interruption
  constructor(why: Interruption, message: string) {
    super(message)
    this.why = why
  }
}

/** The way to cut one attempt off. */
export interface Interrupt {
  /** Null as long as nobody has. */
  readonly reason: Interrupted | null
  /** For the task. Made when it is first asked for: most tasks have ended before they need one. */
  readonly signal: AbortSignal
  /** The first reason stays. */
  abort(reason: Interrupted): void
  /** Is called once, at the abort, and not if that has been. */
  onAbort: (reason: Interrupted) => void
}

export function openInterrupt(): Interrupt {
  let controller: AbortController | undefined
  let reason: Interrupted | null = null
  const interrupt = {
    get reason() {
      return reason
    },
    get signal() {
      controller ??= new AbortController()
      if (reason !== null && !controller.signal.aborted) controller.abort(reason)
      return controller.signal
    },
    abort(why: Interrupted) {
      if (reason !== null) return
      reason = why
      interrupt.onAbort(why)
      controller?.abort(why)
    },
    onAbort: (_: Interrupted) => {},
  }
  return interrupt
}
