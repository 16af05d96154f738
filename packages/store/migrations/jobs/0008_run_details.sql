-- What runs tell while they go on, and what becomes of those that failed.

-- Lines that tasks logged. Written only by the run's holder: under its fence, while it is RUNNING.
create table run_logs (
  job_id       uuid not null,
  scheduled_at timestamptz(3) not null,
  fence        bigint not null,
  -- Its place in the attempt, from 1; with the fence it orders all lines of the run.
  line         int not null,
  attempt      int not null,
  owner        text not null,
  logged_at    timestamptz(3) not null,
  level        text not null check (level in ('DEBUG', 'INFO', 'WARN', 'ERROR')),
  message      text not null,
  fields       jsonb check (jsonb_typeof(fields) = 'object'),
  primary key (job_id, scheduled_at, fence, line)
);

-- How far a run has come: the latest word of its task, under the same fence.
create table run_progress (
  job_id       uuid not null,
  scheduled_at timestamptz(3) not null,
  fence        bigint not null,
  -- 0 to 1; null where the task did not say of how much.
  fraction     float8 check (fraction between 0 and 1),
  done         float8,
  total        float8,
  message      text,
  told_at      timestamptz(3) not null default now(),
  primary key (job_id, scheduled_at)
) with (fillfactor = 70);

-- Replays that were asked for under a key: asking again answers the same run.
create table replay_keys (
  job_id       uuid not null,
  -- The run that was replayed, and the one that it became, by their fire times.
  replay_of    timestamptz(3) not null,
  request_key  text not null,
  scheduled_at timestamptz(3) not null,
  created_at   timestamptz not null default now(),
  primary key (job_id, replay_of, request_key)
);

-- Serves an owner's list of dead letters, newest first. A run that succeeds does not touch it.
create index runs_done_failed_by_owner
  on runs_done (owner, finished_at desc, job_id desc, scheduled_at desc)
  where status = 'FAILED';

-- Serves the tailing of attempts that have just ended. They are appended in that order, so a block
-- range index does.
create index attempts_by_end on attempts using brin (ended_at)
  with (pages_per_range = 32, autosummarize = on);

-- Serves the tailing of jobs that were changed. A job that was only created is not in it.
create index job_definitions_changed on job_definitions (updated_at)
  where updated_at <> created_at;

-- Runs that failed for good, with the payload that they had: their own, else the one that was in
-- force in their version of the job.
create view dead_letters as
select r.job_id,
       r.scheduled_at,
       r.owner,
       d.name as job_name,
       d.state as job_state,
       r.reason,
       r.attempt as attempts,
       r.finished_at as failed_at,
       r.error,
       r.replay_of,
       r.replayed_at,
       r.dismissed_at,
       coalesce(
         r.payload,
         (select o.payload
            from old_payloads o
           where o.job_id = r.job_id and o.version >= r.job_version
           order by o.version
           limit 1),
         d.payload) as payload
  from runs_done r
 cross join lateral (
   -- One look-up a letter: a page of them is read in the order of its index, never all of them.
   select j.name, j.state, j.payload
     from job_definitions j
    where j.job_id = r.job_id and j.state <> 'DELETED'
   offset 0) d
 where r.status = 'FAILED';
