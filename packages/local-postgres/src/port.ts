import { createServer } from 'node:net'

/** The only address that PostgreSQL listens on: nobody outside this machine reaches it. */
export const LOOPBACK = '127.0.0.1'

/** A port that nobody uses now; the system chooses. */
export function freePort(): Promise<number> {
  return probe(0)
}

export async function isFree(port: number): Promise<boolean> {
  try {
    await probe(port)
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EADDRINUSE' || code === 'EACCES') return false
    throw error
  }
}

function probe(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen({ host: LOOPBACK, port }, () => {
      const address = server.address()
      const taken = typeof address === 'object' && address !== null ? address.port : port
      server.close(() => resolve(taken))
    })
  })
}
