import { ControlJobs, JobsControlled } from '@cronos/contract'
import { type HttpApp, userWith } from '@cronos/runtime'
import type { Pool } from '@cronos/store'
import { type BulkControl, bulkControls, controlMany } from './bulk-controls.ts'
import type { ControlsConfig, ControlsDeps } from './controls.ts'

const SUMMARIES: Readonly<Record<BulkControl, string>> = {
  pause: 'Hold many jobs',
  resume: 'Let many paused jobs go on',
  trigger: 'Run many jobs now',
  cancel: 'Cancel many jobs that are SCHEDULED or PAUSED',
  delete: 'Delete many jobs with their runs',
}

/** What a user may do with many jobs at once, named by their ids or by a filter. */
export function addBulkControlRoutes(
  app: HttpApp,
  deps: ControlsDeps & { readonly reads: Pool },
  config: ControlsConfig,
): void {
  for (const control of bulkControls)
    app.post(
      `/api/v1/jobs/bulk/${control}`,
      {
        config: { access: userWith('jobs.update') },
        schema: {
          tags: ['controls'],
          summary: `${SUMMARIES[control]}; tells what was done and what was not`,
          body: ControlJobs,
          response: { 200: JobsControlled },
        },
      },
      request => controlMany(deps, config, request.caller.userId, control, request.body),
    )
}
