import { formatInstant, type Instant, type RunKey, type UserId, uuidOf } from '@cronos/domain'
import type { Db } from '../db.ts'
import type { FencedKey } from '../runs/keys.ts'
import { sql } from '../sql.ts'

/** No artifact is larger, in bytes: 20 MiB. */
export const MAX_ARTIFACT_BYTES = 20 * 1024 * 1024

/** A file that a run made. */
export interface Artifact {
  /** A file name: no slashes, no control characters. Unique in its run. */
  readonly name: string
  readonly contentType: string
  readonly bytes: Uint8Array
}

export interface ArtifactInfo {
  readonly name: string
  readonly contentType: string
  /** In bytes. */
  readonly size: number
  readonly createdAt: Instant
}

/**
 * Keeps an artifact with its run, in place of one of that name from an earlier attempt, if the run
 * is still RUNNING under this fence. The run is locked meanwhile, so that nobody takes it over
 * between the check and the write.
 *
 * Served by the primary keys of `runs_live` and `artifacts`.
 *
 * @returns whether it was kept; false means that somebody else holds the run now
 * @throws when the artifact is larger than `MAX_ARTIFACT_BYTES`
 */
export async function saveArtifact(db: Db, run: FencedKey, artifact: Artifact): Promise<boolean> {
  const { name, contentType, bytes } = artifact
  const { rowCount } = await db.query(sql`
    with held as (
      select q.job_id, q.scheduled_at, q.owner, q.fence
        from runs_live q
       where q.job_id = ${uuidOf(run.jobId)}
         and q.scheduled_at = ${formatInstant(run.scheduledAt)}::timestamptz(3)
         and not q.done
         and q.fence = ${run.fence}
         and q.status in ('RUNNING', 'DISPATCHED')
         for share)
    insert into artifacts (job_id, scheduled_at, name, owner, content_type, bytes, fence)
    select job_id, scheduled_at, ${name}, owner, ${contentType}, ${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)}::bytea, fence
      from held
        on conflict (job_id, scheduled_at, name) do update
           set content_type = excluded.content_type, bytes = excluded.bytes,
               fence = excluded.fence, created_at = excluded.created_at
         where artifacts.fence <= excluded.fence`)
  return rowCount > 0
}

/** Null when there is none of that name, or the run is not this owner's. By the primary key. */
export async function readArtifact(
  db: Db,
  owner: UserId,
  run: RunKey,
  name: string,
): Promise<(Artifact & ArtifactInfo) | null> {
  const { rows } = await db.query<Artifact & ArtifactInfo>(sql`
    select name, content_type as "contentType", bytes, octet_length(bytes) as size,
           created_at as "createdAt"
      from artifacts
     where job_id = ${uuidOf(run.jobId)}
       and scheduled_at = ${formatInstant(run.scheduledAt)}::timestamptz(3)
       and name = ${name}
       and owner = ${owner}`)
  return rows[0] ?? null
}

/** What this owner's run left, by name. Served by the primary key. */
export async function listArtifacts(db: Db, owner: UserId, run: RunKey): Promise<ArtifactInfo[]> {
  const { rows } = await db.query<ArtifactInfo>(sql`
    select name, content_type as "contentType", octet_length(bytes) as size,
           created_at as "createdAt"
      from artifacts
     where job_id = ${uuidOf(run.jobId)}
       and scheduled_at = ${formatInstant(run.scheduledAt)}::timestamptz(3)
       and owner = ${owner}
     order by name`)
  return rows
}
