import type { Violation } from './check.ts'
import type { Asked, History, JobRecord } from './history.ts'

/** Promise 1: what was acknowledged is stored, as it was asked for; and no right request fails. */
export function checkAcknowledged({ asked, jobs, cancels, moves }: History): Violation[] {
  const byId = new Map(jobs.map(job => [job.jobId, job]))
  return [
    ...asked.flatMap(each => [...checkStored(each, byId), ...checkTaken(each)]),
    ...[...asked, ...cancels, ...moves].flatMap(checkAnswer),
  ]
}

function checkStored(asked: Asked, byId: ReadonlyMap<string, JobRecord>): Violation[] {
  if (asked.status !== 201) return []
  const { name, owner, jobId } = asked
  const stored = jobId === null ? undefined : byId.get(jobId)
  if (stored === undefined)
    return [violation('job lost', `${name} was acknowledged as ${jobId}, and is not there`)]
  if (stored.name === name && stored.owner === owner) return []
  return [violation('job changed', `${jobId} was asked for as ${name} of ${owner}, and is another`)]
}

/** All that is asked for is right: it may not be possible just now, but never is it refused. */
function checkTaken({ name, status }: Asked): Violation[] {
  if (status === null || status < 400 || status >= 500) return []
  return [violation('job refused', `${name} was refused with ${status}`)]
}

/** 503 says that something is away; a 500 says that nobody had thought of it. */
function checkAnswer({ status, sentAt }: { status: number | null; sentAt: number }): Violation[] {
  if (status === null || status < 500 || status === 503) return []
  return [violation('server error', `a request of ${sentAt} was answered ${status}`)]
}

function violation(kind: string, message: string): Violation {
  return { promise: 1, kind, message }
}
