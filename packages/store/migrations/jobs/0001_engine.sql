-- What users asked for. Not written per run: what a job's runs did is read from its runs.
create table job_definitions (
  job_id          uuid primary key,
  job_type        text not null check (job_type in ('ONE_TIME', 'RECURRING')),
  execution_mode  text check (execution_mode in ('IMMEDIATE', 'SCHEDULED')),
  cron_expression text,
  time_zone       text not null default 'UTC',
  -- What becomes of a fire time that a change of the clock drops or repeats.
  dst_gap         text not null default 'skip' check (dst_gap in ('skip', 'shift')),
  dst_overlap     text not null default 'both' check (dst_overlap in ('both', 'first', 'second')),
  payload         jsonb not null check (jsonb_typeof(payload) = 'object'),
  -- 0 CRITICAL, 1 HIGH, 2 NORMAL, 3 LOW
  priority        smallint not null default 2 check (priority between 0 and 3),
  max_attempts    int not null check (max_attempts >= 1),
  timeout_ms      int not null default 300000 check (timeout_ms > 0),
  version         int not null default 1,
  state           text not null default 'ACTIVE'
                  check (state in ('ACTIVE', 'PAUSED', 'CANCELLED', 'FAILED', 'DELETED')),
  failure_reason  text,
  failed_at       timestamptz(3),
  created_at      timestamptz(3) not null,
  updated_at      timestamptz(3) not null,
  created_by      text not null,
  check ((job_type = 'RECURRING') = (cron_expression is not null)),
  check ((job_type = 'ONE_TIME') = (execution_mode is not null)),
  check (state <> 'FAILED' or (failure_reason is not null and failed_at is not null))
);

-- Serves the list of an owner's jobs, newest first.
create index job_definitions_by_owner on job_definitions (created_by, created_at desc, job_id desc);
-- Serves what looks for jobs that are held or ended, which are few among many.
create index job_definitions_not_active on job_definitions (state, job_id) where state <> 'ACTIVE';

-- Every run: one fire of one job. Read under this name, written by partition.
create table runs (
  job_id       uuid not null,
  -- The fire time cut to milliseconds; with the job it names the run.
  scheduled_at timestamptz(3) not null,
  -- The exact instant; nothing starts before it.
  due_at       timestamptz not null,
  -- When a scheduler must look at the run again. Null in an unfinished run: held, and `hold` says why.
  wake_at      timestamptz,
  deadline_at  timestamptz,
  claimed_at   timestamptz,
  started_at   timestamptz,
  finished_at  timestamptz,
  -- When the dead letter was published.
  dlt_at       timestamptz,
  -- Grows with each dispatch; a write of an executor that carries an old one changes nothing.
  fence        bigint not null default 0,
  job_version  int not null default 1,
  attempt      int not null default 0,
  max_attempts int not null,
  -- Dispatches of the attempt to come that no start has answered yet.
  dispatches   int not null default 0,
  -- Attempts whose executor vanished.
  lost         int not null default 0,
  priority     smallint not null default 2,
  done         boolean not null default false,
  recurring    boolean not null,
  status       text not null,
  reason       text not null default 'FIRE' check (reason in ('FIRE', 'MANUAL', 'REPLAY', 'CATCH_UP')),
  hold         text check (hold in ('PAUSED', 'UNKNOWN')),
  owner        text not null,
  executor     text,
  -- The version of the time zone data that a recurring fire was planned with.
  tzdata       text,
  replay_of    timestamptz(3),
  error        jsonb,
  output       jsonb,
  primary key (job_id, scheduled_at, done),
  check (case when done
    then status in ('SUCCEEDED', 'FAILED', 'CANCELLED') and finished_at is not null
    else status in ('PENDING', 'DISPATCHED', 'RUNNING') and (wake_at is null) = (hold is not null)
  end),
  check (status <> 'FAILED' or error is not null),
  check (status <> 'RUNNING' or (executor is not null and deadline_at is not null))
) partition by list (done);

-- Unfinished runs: small, hot, and the queue itself.
create table runs_live partition of runs for values in (false)
  with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 1000);

-- Finished runs: append-only history.
create table runs_done partition of runs for values in (true);

-- Serves the claim, the count of what is dispatched, and the next wake-up: one scan a priority.
create index runs_live_wake on runs_live (priority, wake_at) where wake_at is not null;
-- Serves the publishing of dead letters that are not yet published.
create index runs_done_dead_letters on runs_done (finished_at)
  where status = 'FAILED' and dlt_at is null;

-- Attempts that were not their run's last: the last one is told by the run itself.
create table attempts (
  job_id       uuid not null,
  scheduled_at timestamptz(3) not null,
  attempt      int not null,
  fence        bigint not null,
  executor     text,
  started_at   timestamptz,
  ended_at     timestamptz not null,
  outcome      text not null check (outcome in ('FAILED', 'LOST', 'HANDED_BACK')),
  error        jsonb,
  primary key (job_id, scheduled_at, attempt, fence)
);

-- Fire times that were settled without a run of their own; a long span is one row.
create table skipped (
  job_id     uuid not null,
  from_at    timestamptz(3) not null,
  to_at      timestamptz(3) not null,
  count      bigint not null check (count > 0),
  policy     text not null,
  -- The run that stands for them, where one does.
  into_run   timestamptz(3),
  settled_at timestamptz not null default now(),
  primary key (job_id, from_at),
  check (from_at <= to_at)
);

-- Each version of a job's trigger: what was expected of the job, and when.
create table triggers (
  job_id          uuid not null,
  version         int not null,
  cron_expression text,
  time_zone       text not null default 'UTC',
  dst_gap         text not null default 'skip',
  dst_overlap     text not null default 'both',
  run_at          timestamptz,
  state           text not null default 'ACTIVE',
  valid_from      timestamptz not null,
  valid_to        timestamptz,
  primary key (job_id, version)
);

-- One row an executor process, written with its heartbeat.
create table executors (
  id                text primary key,
  slots             int not null,
  free              int not null,
  tasks             text[] not null,
  starts_per_second real not null default 0,
  started_at        timestamptz not null default now(),
  seen_at           timestamptz not null
) with (fillfactor = 50);

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
         else coalesce(last.status, 'SCHEDULED')
       end as status,
       coalesce(live.next_fire_at, live.due_at, last.due_at, d.created_at) as next_run_at,
       case
         when live.running then live.attempts
         when live.count > 0 and d.job_type = 'RECURRING' then 0
         else coalesce(outcome.attempt, last.attempt, 0)
       end as attempts,
       coalesce(d.failure_reason,
         case when outcome.status = 'FAILED' then outcome.error ->> 'message' end) as failure_reason,
       coalesce(d.failed_at,
         case when outcome.status = 'FAILED' then outcome.finished_at end) as failed_at,
       d.created_at,
       d.updated_at,
       d.created_by,
       d.time_zone,
       d.dst_gap,
       d.dst_overlap,
       d.priority,
       d.max_attempts,
       d.version
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
 where d.state <> 'DELETED';
