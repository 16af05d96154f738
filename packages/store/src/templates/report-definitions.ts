import type { UserId } from '@cronos/domain'
import type { Db } from '../db.ts'
import { prepared, sql } from '../sql.ts'

/** A report kept under a name. What a definition may hold is the report task's to say. */
export interface ReportDefinition {
  readonly name: string
  readonly definition: Record<string, unknown>
}

/** Null where this owner has none of that name. Served by the primary key. */
export async function findReportDefinition(
  db: Db,
  owner: UserId,
  name: string,
): Promise<ReportDefinition | null> {
  const { rows } = await db.query<ReportDefinition>(prepared('find-report-definition')`
    select name, definition from report_definitions where owner = ${owner} and name = ${name}`)
  return rows[0] ?? null
}

/** Keeps a definition, in place of the one that had its name. */
export async function putReportDefinition(
  db: Db,
  owner: UserId,
  { name, definition }: ReportDefinition,
): Promise<void> {
  await db.query(sql`
    insert into report_definitions (owner, name, definition)
    values (${owner}, ${name}, ${JSON.stringify(definition)}::jsonb)
        on conflict (owner, name) do update
           set definition = excluded.definition, updated_at = now()`)
}
