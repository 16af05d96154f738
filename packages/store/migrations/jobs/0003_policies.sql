-- What jobs ask for beyond their trigger, and what their history needs to stay explainable.

alter table job_definitions
  add column name                 text check (name <> ''),
  add column tags                 text[] not null default '{}',
  -- An interval instead of a cron expression: fires at the anchor and each so many ms after it.
  add column every_ms             bigint check (every_ms >= 1000),
  add column anchor_at            timestamptz(3),
  -- A recurring job fires from the first of these instants on, and before the second.
  add column start_at             timestamptz(3),
  add column end_at               timestamptz(3),
  add column backoff              text not null default 'exponential'
    check (backoff in ('exponential', 'linear', 'fixed')),
  -- Null: as the executor is configured.
  add column backoff_base_ms      bigint check (backoff_base_ms >= 0),
  add column backoff_cap_ms       bigint check (backoff_cap_ms >= 0),
  add column backoff_jitter       real not null default 0.5 check (backoff_jitter between 0 and 1),
  add column overlap              text not null default 'skip'
    check (overlap in ('skip', 'queue', 'allow')),
  add column misfire              text not null default 'run_once'
    check (misfire in ('run_once', 'skip', 'catch_up')),
  add column catch_up_limit       int not null default 100 check (catch_up_limit >= 1),
  add column expire_after_ms      bigint check (expire_after_ms >= 1),
  add column spread_ms            bigint not null default 0 check (spread_ms >= 0),
  add column on_lost              text not null default 'retry' check (on_lost in ('retry', 'hold')),
  add column pause_after_failures int check (pause_after_failures >= 1),
  -- While PAUSED: since when, and what whoever paused it had to say.
  add column paused_at            timestamptz(3),
  add column pause_note           text,
  drop constraint job_definitions_check,
  add constraint job_definitions_trigger check (
    (job_type = 'RECURRING') = (cron_expression is not null or every_ms is not null)
    and (cron_expression is null or every_ms is null)
    and (every_ms is null) = (anchor_at is null)),
  add constraint job_definitions_window check (start_at < end_at),
  add constraint job_definitions_pause check ((state = 'PAUSED') = (paused_at is not null));

alter table runs
  -- Not started by then: settled as expired. Null: never.
  add column expires_at   timestamptz,
  -- Somebody asked to cancel the run while it was RUNNING: its executor has until then to end it.
  add column cancel_at    timestamptz,
  -- Who asked for a MANUAL run or a REPLAY: a user's id.
  add column requested_by text,
  -- A replay with a payload of its own; null for the job's.
  add column payload      jsonb check (jsonb_typeof(payload) = 'object'),
  -- The latest replay of a dead letter, by its fire time; and when somebody dropped the letter.
  add column replayed_at  timestamptz(3),
  add column dismissed_at timestamptz;

alter table attempts
  drop constraint attempts_outcome_check,
  add constraint attempts_outcome_check
    check (outcome in ('FAILED', 'LOST', 'HANDED_BACK', 'CANCELLED'));

alter table skipped
  add constraint skipped_policy_check check (policy in ('MISFIRE', 'OVERLAP', 'EXPIRED', 'PAUSED'));

alter table triggers
  add column every_ms  bigint,
  add column anchor_at timestamptz(3),
  add column start_at  timestamptz(3),
  add column end_at    timestamptz(3),
  -- Of a pause.
  add column note      text,
  -- Who made this version: a user's id; null for Cronos itself.
  add column made_by   text;

-- Payloads that were replaced, so that a replay can have the one its run had: each was in force up
-- to and with this version of the job.
create table old_payloads (
  job_id  uuid not null,
  version int not null,
  payload jsonb not null,
  primary key (job_id, version)
);

drop view jobs;
-- The jobs as their owners see them. Status, next fire and attempts are derived, never stored.
create view jobs as
select 'job_' || d.job_id as job_id,
       d.job_id as id,
       d.job_type,
       d.execution_mode,
       d.cron_expression,
       d.payload,
       case
         when d.state <> 'ACTIVE' then d.state
         when live.running then 'RUNNING'
         when live.count > 0 then 'SCHEDULED'
         when last.status = 'SUCCEEDED' or d.job_type = 'RECURRING' then 'COMPLETED'
         when last.status is null and skip.policy is not null then 'FAILED'
         else coalesce(last.status, 'SCHEDULED')
       end as status,
       coalesce(live.next_fire_at, live.due_at, last.due_at, skip.to_at, d.created_at)
         as next_run_at,
       case
         when live.running then live.attempts
         when live.count > 0 and d.job_type = 'RECURRING' then 0
         else coalesce(outcome.attempt, last.attempt, 0)
       end as attempts,
       coalesce(d.failure_reason,
         case
           when outcome.status = 'FAILED' then outcome.error ->> 'message'
           when last.status is null and live.count = 0 then case skip.policy
             when 'EXPIRED' then 'expired: it had not started within expireAfter'
             when 'MISFIRE' then 'skipped by the misfire policy: it was not served in time'
             else 'skipped by policy: ' || lower(skip.policy)
           end
         end) as failure_reason,
       coalesce(d.failed_at,
         case
           when outcome.status = 'FAILED' then outcome.finished_at
           when last.status is null and live.count = 0 then skip.settled_at
         end) as failed_at,
       d.created_at,
       d.updated_at,
       d.created_by,
       d.time_zone,
       d.dst_gap,
       d.dst_overlap,
       d.priority,
       d.max_attempts,
       d.version,
       d.name,
       d.tags,
       d.every_ms,
       d.anchor_at,
       d.start_at,
       d.end_at,
       d.timeout_ms,
       d.backoff,
       d.backoff_base_ms,
       d.backoff_cap_ms,
       d.backoff_jitter,
       d.overlap,
       d.misfire,
       d.catch_up_limit,
       d.expire_after_ms,
       d.spread_ms,
       d.on_lost,
       d.pause_after_failures,
       d.paused_at,
       d.pause_note
  from job_definitions d
  cross join lateral (
    select count(*) as count,
           coalesce(bool_or(r.status <> 'PENDING' or r.attempt > 0), false) as running,
           max(r.due_at) filter (where r.status = 'PENDING' and r.attempt = 0 and r.reason = 'FIRE')
             as next_fire_at,
           min(r.due_at) as due_at,
           max(r.attempt) as attempts
      from runs_live r
     where r.job_id = d.job_id) live
  left join lateral (
    select r.status, r.due_at, r.attempt
      from runs_done r
     where r.job_id = d.job_id
     order by r.scheduled_at desc
     limit 1) last on true
  left join lateral (
    select r.status, r.attempt, r.error, r.finished_at
      from runs_done r
     where r.job_id = d.job_id and r.status in ('SUCCEEDED', 'FAILED')
     order by r.scheduled_at desc
     limit 1) outcome on true
  left join lateral (
    select s.policy, s.to_at, s.settled_at
      from skipped s
     where s.job_id = d.job_id and d.job_type = 'ONE_TIME'
     order by s.from_at desc
     limit 1) skip on true
 where d.state <> 'DELETED';
