import type { Socket } from 'node:net'
import { type ErrorStyle, errorBody } from '@cronos/contract'

/** What Node's parser says of bytes that are no request, as a status. */
const STATUS: Readonly<Record<string, readonly [status: number, line: string]>> = {
  HPE_HEADER_OVERFLOW: [431, '431 Request Header Fields Too Large'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, '408 Request Timeout'],
}

/**
 * Answers bytes that are no HTTP request in the style of the service's other errors, and closes the
 * connection: nobody knows where the next request would begin.
 */
export function answerMalformed(style: ErrorStyle) {
  return (error: NodeJS.ErrnoException, socket: Socket): void => {
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy()
      return
    }
    const [status, line] = STATUS[error.code ?? ''] ?? [400, '400 Bad Request']
    const message = 'the request must be well formed HTTP that arrives in time'
    const body = JSON.stringify(errorBody(style, status, message, '', new Date()))
    socket.end(
      `HTTP/1.1 ${line}\r\nContent-Type: application/json; charset=utf-8\r\n` +
        `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
    )
  }
}
