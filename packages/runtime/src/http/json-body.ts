import { CronosError } from '@cronos/contract'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { noteBody } from './repeats.ts'
import { findUnstorable } from './storable.ts'

const JSON_TYPE = /^application\/(?:[\w.-]+\+)?json\s*(?:;|$)/i

/**
 * Reads bodies as JSON and nothing else. Any other content type is read too before it is refused,
 * so that a body over the limit is a 413 whatever it claims to be.
 */
export function readJsonBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(JSON_TYPE, { parseAs: 'buffer' }, readJson)
  app.addContentTypeParser('*', { parseAs: 'buffer' }, refuseOtherTypes)
}

async function readJson(request: FastifyRequest, body: Buffer): Promise<unknown> {
  const { headers } = request
  const encoding = headers['content-encoding'] ?? 'identity'
  if (encoding !== 'identity')
    throw new CronosError('NOT_JSON', `the body must not be compressed, got ${encoding}`)
  noteBody(request, body)
  return parseJson(body)
}

async function refuseOtherTypes({ headers }: FastifyRequest): Promise<never> {
  const type = headers['content-type']
  const got = type === undefined ? 'got none' : `got ${type.slice(0, 100)}`
  throw new CronosError('NOT_JSON', `Content-Type must be application/json, ${got}`)
}

/**
 * @returns undefined for an empty body: whether one is needed is the route's to say
 * @throws {CronosError} INVALID_REQUEST
 */
async function parseJson(body: Buffer): Promise<unknown> {
  if (body.length === 0) return undefined
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
  } catch (cause) {
    const isText = cause instanceof SyntaxError
    const message = isText ? 'the body must be valid JSON' : 'the body must be UTF-8'
    throw new CronosError('INVALID_REQUEST', message, { cause })
  }
  const problem = await findUnstorable(value)
  if (problem !== null) throw new CronosError('INVALID_REQUEST', problem)
  return value
}
