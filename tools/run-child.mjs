import { spawn } from 'node:child_process'
import { constants } from 'node:os'

/** Ctrl-C reaches us from the terminal and again from npm, a moment later: that is one wish. */
const SAME_WISH_MS = 300

/**
 * Runs a program until it ends, with our input and output, and passes on the signals that we get.
 * It has a process group of its own, so that it hears of each wish once, from us only; a second
 * Ctrl-C comes through as a second one.
 *
 * @param {string} file
 * @param {readonly string[]} args
 * @param {Readonly<Record<string, string>>} defaults variables for it that ours win over
 * @returns {Promise<number>} its exit code; 128 and the signal's number where a signal ended it
 */
export function runChild(file, args, defaults = {}) {
  return new Promise((resolve, reject) => {
    const env = { ...defaults, ...process.env }
    const child = spawn(file, args, { stdio: 'inherit', detached: true, env })
    let passedOnAt = Number.NEGATIVE_INFINITY
    /** @param {NodeJS.Signals} signal */
    const passOn = signal => {
      const now = performance.now()
      if (child.pid === undefined || now - passedOnAt < SAME_WISH_MS) return
      passedOnAt = now
      try {
        process.kill(-child.pid, signal === 'SIGHUP' ? 'SIGTERM' : signal)
      } catch (error) {
        if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'ESRCH') throw error
        // It has just ended: `exit` follows.
      }
    }
    for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']))
      process.on(signal, passOn)
    child.once('error', reject)
    child.once('exit', (code, signal) =>
      resolve(signal === null ? (code ?? 1) : 128 + constants.signals[signal]),
    )
  })
}
