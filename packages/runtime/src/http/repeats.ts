import { createHash, type Hash } from 'node:crypto'
import { CronosError } from '@cronos/contract'
import type { ClaimedKey, KeptAnswer, KeyClaim, UserId } from '@cronos/domain'
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify'
import { withWarnings } from './warnings.ts'

/** Where the answers to requests with an `Idempotency-Key` are kept. */
export interface AnswerMemory {
  /** @param request tells requests apart: a hash of method, path and body */
  claim(owner: UserId, key: string, request: Uint8Array): Promise<ClaimedKey>
  /** Keeps the answer, unless the claim is no longer held or has one already. */
  keep(answer: KeptAnswer): Promise<void>
  /** Gives the key back, unless it has an answer: the next request with it is the first again. */
  release(claim: KeyClaim): Promise<void>
}

/** A request with an `Idempotency-Key` that is handled for the first time. */
export interface Repeatable {
  /**
   * The answer as it will go out, for a handler that stores it in the transaction which does what
   * was asked for. It must then answer just this.
   */
  answer(status: number, body: Readonly<Record<string, unknown>> | null): KeptAnswer
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Null for a request without a key. Only on POST routes with `access: userWith(…)`. */
    repeatable: Repeatable | null
  }
}

const KEY = /^[\x21-\x7e]{1,255}$/

/** Statuses of refusals that would be the same again; 2xx are kept too. */
const LASTING = new Set([400, 404, 409, 410, 412, 422])

/** What is known of a request that has a key. */
interface Keyed {
  readonly bodyHash: Hash
  claim: KeyClaim | null
  isPromised: boolean
}

const keyedRequests = new WeakMap<FastifyRequest, Keyed>()

/** Remembers what the body of a request with a key was, byte for byte. */
export function noteBody(request: FastifyRequest, body: Buffer): void {
  if (request.headers['idempotency-key'] === undefined) return
  keyedOf(request).bodyHash.update(body)
}

/**
 * Lets the POST routes of users be asked again with the same `Idempotency-Key`: what was asked for
 * is done once, and its answer comes again.
 */
export function answerRepeats(app: FastifyInstance, memory: AnswerMemory): void {
  app.decorateRequest('repeatable', null)
  app.addHook('onRoute', route => {
    if (!isRepeatable(route)) return
    route.preHandler = [
      async (request: FastifyRequest, reply: FastifyReply) => claimKey(memory, request, reply),
      ...[route.preHandler ?? []].flat(),
    ]
    route.onSend = [
      ...[route.onSend ?? []].flat(),
      async (request: FastifyRequest, reply: FastifyReply, payload: unknown) => {
        await settle(memory, request, reply.statusCode, payload)
        return payload
      },
    ]
  })
}

/** Whether requests to this route may carry a key. */
export function isRepeatable({ method, config }: RouteOptions): boolean {
  return config?.access?.kind === 'user' && [method].flat().includes('POST')
}

async function claimKey(
  memory: AnswerMemory,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<unknown> {
  const key = request.headers['idempotency-key']
  if (key === undefined) return undefined
  if (typeof key !== 'string' || !KEY.test(key))
    throw new CronosError(
      'INVALID_REQUEST',
      'Idempotency-Key must be 1 to 255 visible ASCII characters, given once',
    )
  const keyed = keyedOf(request)
  const hash = createHash('sha256').update(`${request.method} ${request.url}\n`)
  const owner = request.caller.userId
  const found = await memory.claim(owner, key, hash.update(keyed.bodyHash.digest()).digest())
  switch (found.kind) {
    case 'new':
      keyed.claim = found.claim
      request.repeatable = { answer: (status, body) => promise(request, keyed, status, body) }
      return undefined
    case 'answered':
      reply.code(found.status).header('idempotency-replayed', 'true')
      if (found.body === null) return reply.send()
      return reply.header('content-type', 'application/json; charset=utf-8').send(found.body)
    case 'under way':
      reply.header('retry-after', '1')
      throw new CronosError(
        'REQUEST_UNDER_WAY',
        'the first request with this Idempotency-Key is still under way, try again soon',
      )
    case 'other request':
      throw new CronosError(
        'IDEMPOTENCY_KEY_REUSED',
        'this Idempotency-Key came before with another method, path or body; take a new one',
      )
    default:
      return found satisfies never
  }
}

function promise(
  request: FastifyRequest,
  keyed: Keyed,
  status: number,
  body: Readonly<Record<string, unknown>> | null,
): KeptAnswer {
  keyed.isPromised = true
  const text = body === null ? null : JSON.stringify(withWarnings(request, body))
  return { claim: keyed.claim!, status, body: text }
}

/**
 * Keeps the answer of a request that was the first with its key. What was done is done: when its
 * answer cannot be kept it goes out nevertheless, and the claim ends by itself.
 */
async function settle(
  memory: AnswerMemory,
  request: FastifyRequest,
  status: number,
  payload: unknown,
): Promise<void> {
  const keyed = keyedRequests.get(request)
  if (keyed === undefined || keyed.claim === null) return
  const { claim, isPromised } = keyed
  keyed.claim = null
  const isDone = status >= 200 && status < 300
  if (isDone && isPromised) return
  const body = payload === undefined || payload === null ? null : payload
  const isKept = (isDone || LASTING.has(status)) && (body === null || typeof body === 'string')
  try {
    await (isKept ? memory.keep({ claim, status, body }) : memory.release(claim))
  } catch (error) {
    request.log.warn({ err: error, path: request.url }, 'an answer was not kept for its key')
  }
}

function keyedOf(request: FastifyRequest): Keyed {
  let keyed = keyedRequests.get(request)
  if (keyed === undefined) {
    keyed = { bodyHash: createHash('sha256'), claim: null, isPromised: false }
    keyedRequests.set(request, keyed)
  }
  return keyed
}
