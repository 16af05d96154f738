/** Why the machine cannot be made ready, in one line for the person who asked for it. */
export class SetupError extends Error {
  /** @override */
  name = 'SetupError'
}
