import {
  backoffKinds,
  misfirePolicies,
  onLostPolicies,
  overlapPolicies,
  priorities,
} from '@cronos/domain'
import { type Static, type TSchema, Type } from 'typebox'

/** A field that may be left out or null: both mean the default, in a patch only null does. */
const optional = <T extends TSchema>(schema: T, description: string, examples?: unknown[]) =>
  Type.Optional(
    Type.Union([schema, Type.Null()], {
      description,
      ...(examples === undefined ? {} : { examples }),
    }),
  )

const Priority = Type.Enum([...priorities])
const Overlap = Type.Enum([...overlapPolicies])
const Misfire = Type.Enum([...misfirePolicies])
const OnLost = Type.Enum([...onLostPolicies])
const BackoffKind = Type.Enum([...backoffKinds])
const Duration = Type.String()

const MAX_TAGS = 20
const Name = Type.String({ pattern: '\\S', maxLength: 200 })
const Tags = Type.Array(Type.String({ pattern: '\\S', maxLength: 64 }), { maxItems: MAX_TAGS })

const Retry = Type.Object(
  {
    maxAttempts: optional(Type.Integer({ minimum: 1, maximum: 1_000 }), 'Attempts of a run in all'),
    backoff: optional(BackoffKind, 'How the wait grows with each attempt'),
    base: optional(Duration, 'The first wait', ['PT1S']),
    cap: optional(Duration, 'No wait is longer', ['PT10M']),
    jitter: optional(
      Type.Number({ minimum: 0, maximum: 1 }),
      'The part of each wait that is left to chance',
    ),
  },
  { additionalProperties: true },
)

/** What a job may be asked to be treated like, when it is created and later. */
export const policyFields = {
  name: optional(Name, 'For people; need not be unique', ['nightly-report']),
  tags: optional(Tags, 'For filters', [['billing', 'eu']]),
  priority: optional(Priority, 'Of what is due, the more urgent goes first; NORMAL unless told'),
  timeout: optional(Duration, 'Of one attempt; PT5M unless told', ['PT30S']),
  retry: optional(Retry, 'How failed attempts are tried again'),
  overlap: optional(Overlap, 'A fire time comes while an earlier run is still going'),
  misfire: optional(Misfire, 'Fire times passed while nobody could serve them'),
  catchUpLimit: optional(
    Type.Integer({ minimum: 1, maximum: 10_000 }),
    'How many missed fire times catch_up runs at most, the latest ones',
  ),
  expireAfter: optional(Duration, 'A run not started by then is settled as expired', ['PT1H']),
  spread: optional(Duration, 'All fires are moved by an offset of the job, below this', ['PT10M']),
  onLost: optional(OnLost, 'The executor vanished in the middle of an attempt'),
  pauseAfterFailures: optional(
    Type.Integer({ minimum: 1, maximum: 1_000 }),
    'Runs in a row that failed for good, after which the job is paused',
  ),
}

export const PolicyPatch = Type.Object(policyFields)
export type PolicyPatch = Static<typeof PolicyPatch>

const nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()])

/** The policies of a job as they are in force. */
export const shownPolicies = {
  name: nullable(Type.String()),
  tags: Type.Array(Type.String()),
  priority: Priority,
  timeout: Duration,
  retry: Type.Object({
    maxAttempts: Type.Integer(),
    backoff: BackoffKind,
    base: Duration,
    cap: Duration,
    jitter: Type.Number(),
  }),
  overlap: Overlap,
  misfire: Misfire,
  catchUpLimit: Type.Integer(),
  expireAfter: nullable(Duration),
  spread: Duration,
  onLost: OnLost,
  pauseAfterFailures: nullable(Type.Integer()),
}
const Shown = Type.Object(shownPolicies)
export type ShownPolicies = Static<typeof Shown>
