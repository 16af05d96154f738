import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { setTimeout as rest } from 'node:timers/promises'

const LOOPBACK = '127.0.0.1'
/** Below the ports that systems give to outgoing connections. */
const PORTS = { first: 20_000, count: 12_000 }

/** How often a port that is no lock of ours is looked at again before it is given up. */
const LOOKS_AT_STRANGER = 5
const LOOK_AGAIN_MS = 100

/**
 * Does the work while no other process does it for the same folder: two commands that are started at
 * once must not both install into it. The lock is a port that the folder's name leads to, since the
 * system frees it however its holder ends; a lock file would outlive a process that was killed.
 *
 * @template T
 * @param {string} folder
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function whileAlone(folder, work) {
  const port = portOf(folder)
  const name = hashOf(folder).toString('hex')
  for (let strangers = 0; ; ) {
    const letGo = await take(port, name)
    if (letGo !== null) {
      try {
        return await work()
      } finally {
        letGo()
      }
    }
    if ((await greetingUntilClosed(port, name)) === name) continue
    // A stranger has the port: whether we are alone cannot be told, and waiting would have no end.
    if (++strangers === LOOKS_AT_STRANGER) return work()
    await rest(LOOK_AGAIN_MS)
  }
}

/**
 * The port that is the lock of a folder.
 *
 * @param {string} folder
 */
export function portOf(folder) {
  return PORTS.first + (hashOf(folder).readUInt32BE(0) % PORTS.count)
}

/** @param {string} folder */
function hashOf(folder) {
  return createHash('sha256').update(folder).digest()
}

/**
 * @param {number} port
 * @param {string} name is told to those who ask
 * @returns {Promise<(() => void) | null>} lets the port go; null when another has it
 */
async function take(port, name) {
  /** @type {Set<import('node:net').Socket>} */
  const waiting = new Set()
  const server = createServer(socket => {
    waiting.add(socket)
    socket.on('error', () => {}) // who asked has gone
    socket.write(name)
  })
  try {
    server.listen({ host: LOOPBACK, port, exclusive: true })
    await once(server, 'listening')
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'EADDRINUSE') return null
    throw error
  }
  return () => {
    server.close()
    for (const socket of waiting) socket.destroy()
  }
}

/**
 * Waits until whoever has the port lets it go. A holder that does not give our name is not waited
 * for.
 *
 * @param {number} port
 * @param {string} name
 * @returns {Promise<string>} what the holder said
 */
function greetingUntilClosed(port, name) {
  return new Promise(resolve => {
    const socket = connect({ host: LOOPBACK, port })
    let heard = ''
    socket.setEncoding('utf8')
    socket.setTimeout(1_000, () => {
      if (heard !== name) socket.destroy()
    })
    socket.on('data', text => {
      heard += text
    })
    socket.on('error', () => {}) // `close` follows
    socket.on('close', () => resolve(heard))
  })
}
