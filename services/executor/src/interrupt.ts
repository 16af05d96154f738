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
export class Interrupt {
  #reason: Interrupted | null = null
  #controller: AbortController | undefined
  /** Is called once, at the abort, and not if that has been. */
  onAbort: ((reason: Interrupted) => void) | null = null

  /** Null as long as nobody has. */
  get reason(): Interrupted | null {
    return this.#reason
  }

  /** For the task. Made when it is first asked for: most tasks have ended before they need one. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController()
    const { signal } = this.#controller
    if (this.#reason !== null && !signal.aborted) this.#controller.abort(this.#reason)
    return signal
  }

  /** The first reason stays. */
  abort(reason: Interrupted): void {
    if (this.#reason !== null) return
    this.#reason = reason
    this.onAbort?.(reason)
    this.#controller?.abort(reason)
  }
}
