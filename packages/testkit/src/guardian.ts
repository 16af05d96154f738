import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { GuardianMessage } from './guarded.ts'

/** A process that owns a server for the tests. Disposing of it stops both. */
export interface Guardian<Address> extends AsyncDisposable {
  readonly address: Address
  /** Resolves when the guardian has done what it was asked for; one command at a time. */
  command(name: string): Promise<void>
}

/**
 * Starts a guardian and waits until its server is up. It stops the server and removes its data when
 * this process ends, be it by `kill -9`, and does not keep this process from ending.
 *
 * @param program calls `guard`
 * @throws with what the guardian says when it cannot start the server
 */
export async function startGuardian<Address>(
  program: URL,
  options: object,
): Promise<Guardian<Address>> {
  const child = spawn(process.execPath, [fileURLToPath(program), JSON.stringify(options)], {
    detached: true, // Ctrl-C ends the tests; the guardian then sees its pipe close
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const handles = [child, child.stdin as unknown as Socket, child.stdout as unknown as Socket]
  const { address } = await answer()
  for (const handle of handles) handle.unref()

  return {
    address: address as Address,
    async command(name) {
      for (const handle of handles) handle.ref()
      child.stdin.write(`${name}\n`)
      await answer()
      for (const handle of handles) handle.unref()
    },
    async [Symbol.asyncDispose]() {
      child.ref()
      child.stdin.end()
      await exited
    },
  }

  async function answer(): Promise<{ readonly address?: unknown }> {
    const { done, value } = await lines.next()
    if (done) throw new Error('the guardian of a test server ended without a word')
    const message: GuardianMessage = JSON.parse(value)
    if (message === 'obeyed') return {}
    if ('error' in message) throw new Error(message.error)
    return message
  }
}
