-- Answers to requests with an Idempotency-Key, for a day: the same request gets the same answer.
create table idempotency (
  owner       text not null,
  key         text not null check (key <> ''),
  -- Tells requests apart: SHA-256 of method, path and body.
  request     bytea not null,
  -- Of the handling of the request that may store its answer, which no other may until then.
  token       uuid not null,
  lease_until timestamptz not null,
  -- The answer; null while the request is under way.
  status      smallint,
  body        text,
  created_at  timestamptz not null default now(),
  primary key (owner, key),
  check (body is null or status is not null)
);
-- Serves the removal of what is older than a day.
create index idempotency_by_age on idempotency (created_at);

-- Serves the search of an owner's jobs by the beginning of their name. Jobs without one cost nothing.
create index job_definitions_by_name
  on job_definitions (created_by, lower(name) text_pattern_ops, created_at desc, job_id desc)
  where name is not null;
-- Serves the search by tags. Entries are written at once: a list of pending ones would have to be
-- read by each search, and emptied by some unlucky creation.
create index job_definitions_by_tag on job_definitions using gin (tags) with (fastupdate = off)
  where tags <> '{}';
-- Serves the list of an owner's runs, latest fire time first.
create index runs_done_by_owner on runs_done (owner, scheduled_at desc, job_id desc);
