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
