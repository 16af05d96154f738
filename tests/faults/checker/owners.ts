import type { Violation } from './check.ts'
import type { History } from './history.ts'

/** Promise 8: an owner sees their own jobs, and learns nothing of anybody else's. */
export function checkOwners({ jobs, runs, asked, views, probes }: History): Violation[] {
  const ownerOf = new Map(jobs.map(job => [job.jobId, job.owner]))
  const violations: Violation[] = []
  for (const { owner, jobIds } of views) {
    const shown = new Set(jobIds)
    for (const jobId of shown)
      if (ownerOf.get(jobId) !== owner)
        violations.push(violation('foreign job shown', `${owner} was shown ${jobId}`))
    for (const { jobId, status, owner: asker } of asked)
      if (asker === owner && status === 201 && jobId !== null && !shown.has(jobId))
        violations.push(violation('own job hidden', `${owner} was not shown ${jobId}`))
  }
  for (const { owner, jobId, status } of probes)
    if (status !== 404)
      violations.push(
        violation('foreign job known', `${owner} asked for ${jobId}, and was answered ${status}`),
      )
  for (const run of runs)
    if (ownerOf.get(run.jobId) !== run.owner)
      violations.push(violation('run of another', `a run of ${run.jobId} belongs to ${run.owner}`))
  return violations
}

function violation(kind: string, message: string): Violation {
  return { promise: 8, kind, message }
}
