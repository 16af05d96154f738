/** A service that has started. Disposing of it stops it, and resolves when it has stopped. */
export interface StartedService extends AsyncDisposable {
  readonly name: string
  /** Resolves after a stop that was asked for; rejects with what broke the service. */
  readonly done: Promise<void>
}
