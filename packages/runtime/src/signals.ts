/**
 * Resolves with the first of these signals that the process gets. A second one ends the process at
 * once: whoever asks twice does not want to wait.
 */
export function onSignals(...signals: readonly NodeJS.Signals[]): Promise<NodeJS.Signals> {
  return new Promise(resolve => {
    let asked = false
    for (const signal of signals)
      process.on(signal, () => {
        if (asked) process.exit(1)
        asked = true
        resolve(signal)
      })
  })
}
