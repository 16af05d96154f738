import { randomUUID } from 'node:crypto'
import type { ClaimedKey, KeptAnswer, KeyClaim, UserId } from '@cronos/domain'
import type { Db } from '../db.ts'
import { prepared } from '../sql.ts'

/**
 * Whoever claimed a key has this long to answer. After that its process is taken for dead, and the
 * same request may be carried out by another; a claim that was taken over can store nothing.
 */
const LEASE_S = 60

/**
 * Claims the key of a request, unless it has an answer or somebody is at work on it. Keys are
 * forgotten after a day. Served by the primary key.
 */
export async function claimKey(
  db: Db,
  owner: UserId,
  key: string,
  request: Uint8Array,
): Promise<ClaimedKey> {
  const token = randomUUID()
  const { rows: claimed } = await db.query(prepared('claim-key')`
    insert into idempotency as i (owner, key, request, token, lease_until)
    values (${owner}, ${key}, ${request}::bytea, ${token}::uuid,
            now() + interval '1 second' * ${LEASE_S}::int)
    on conflict (owner, key) do update
       set request = excluded.request, token = excluded.token, lease_until = excluded.lease_until,
           status = null, body = null, created_at = now()
     where i.created_at < now() - interval '1 day'
        or (i.status is null and i.lease_until < now() and i.request = excluded.request)
    returning true as claimed`)
  if (claimed.length > 0) return { kind: 'new', claim: { owner, key, token } }
  const { rows } = await db.query<Found>(prepared('read-key')`
    select request = ${request}::bytea as same, status, body
      from idempotency
     where owner = ${owner} and key = ${key}`)
  const found = rows[0]
  if (found === undefined) return { kind: 'under way' } // given back in between
  if (!found.same) return { kind: 'other request' }
  const { status, body } = found
  return status === null ? { kind: 'under way' } : { kind: 'answered', status, body }
}

interface Found {
  readonly same: boolean
  readonly status: number | null
  readonly body: string | null
}

/**
 * Keeps the answers whose claims are still held and have none. In the transaction that does what was
 * asked for, answer and deed are there together or not at all: a caller that gets a smaller number
 * than it gave must undo the deed, which somebody else has taken over. Served by the primary key.
 *
 * @returns how many were kept
 */
export async function keepAnswers(db: Db, answers: readonly KeptAnswer[]): Promise<number> {
  const { rowCount } = await db.query(prepared('keep-answers')`
    update idempotency i
       set status = answer.status, body = answer.body
      from unnest(
        ${answers.map(({ claim }) => claim.owner)}::text[],
        ${answers.map(({ claim }) => claim.key)}::text[],
        ${answers.map(({ claim }) => claim.token)}::uuid[],
        ${answers.map(({ status }) => status)}::smallint[],
        ${answers.map(({ body }) => body)}::text[])
        as answer (owner, key, token, status, body)
     where i.owner = answer.owner and i.key = answer.key and i.token = answer.token
       and i.status is null`)
  return rowCount
}

/** Gives a key back that has no answer. Served by the primary key. */
export async function releaseKey(db: Db, { owner, key, token }: KeyClaim): Promise<void> {
  await db.query(prepared('release-key')`
    delete from idempotency
     where owner = ${owner} and key = ${key} and token = ${token}::uuid and status is null`)
}

/**
 * Forgets keys that are older than a day, at most `limit` of them. Served by `idempotency_by_age`.
 *
 * @returns how many were forgotten
 */
export async function forgetKeys(db: Db, limit: number): Promise<number> {
  const { rowCount } = await db.query(prepared('forget-keys')`
    delete from idempotency
     where ctid = any(array(
       select ctid from idempotency
        where created_at < now() - interval '1 day'
        order by created_at
        limit ${limit}::int
          for update skip locked))`)
  return rowCount
}
