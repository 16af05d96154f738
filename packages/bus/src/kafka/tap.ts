import type { API, Connection, ResponseParser, Writer } from '@platformatic/kafka'

/** What is put in the place of the client's own. */
interface Replacement {
  readonly createRequest?: () => Writer
  readonly parseAnswer?: ResponseParser<unknown>
}

/**
 * An API of the client whose requests are written, or whose answers are read, in another way. The
 * version that the broker and the client agreed on stays, and with it the rest of the request.
 *
 * @param call is given the arguments of each call, and a function that makes it
 */
export function tapped<Arguments extends unknown[], Answer>(
  api: API<Arguments, Answer>,
  call: (args: Arguments, send: (replacement: Replacement) => void) => void,
): API<Arguments, Answer> {
  const { key, version, async } = api
  const tappedApi = (connection: Connection, ...args: unknown[]) => {
    call(args as Arguments, replacement => {
      api(throughTap(connection, replacement), ...(args as never))
    })
  }
  return Object.assign(tappedApi, { key, version, async }) as unknown as API<Arguments, Answer>
}

/** An API uses nothing of a connection but `send`. */
function throughTap(
  connection: Connection,
  { createRequest, parseAnswer }: Replacement,
): Connection {
  const send: Connection['send'] = (key, version, create, parse, inRequest, inAnswer, callback) =>
    connection.send(
      ...([key, version, createRequest ?? create] as const),
      (parseAnswer ?? parse) as typeof parse,
      ...([inRequest, inAnswer, callback] as const),
    )
  return { send } as Connection
}
