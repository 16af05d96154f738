-- A one-time job that was paused while its run was going on has ended with that run: its status is
-- what the run became, not PAUSED.
-- The jobs as their owners see them. Status, next fire and attempts are derived, never stored.
create or replace view jobs as
select 'job_' || d.job_id as job_id,
       d.job_id as id,
       d.job_type,
       d.execution_mode,
       d.cron_expression,
       d.payload,
       case
         when d.state <> 'ACTIVE'
              and (d.state <> 'PAUSED' or d.job_type = 'RECURRING' or live.count > 0) then d.state
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
