-- What tasks leave behind, and what they work from.

-- Files that a run made. Written only by the run's holder: under its fence, while it is RUNNING.
create table artifacts (
  job_id       uuid not null,
  scheduled_at timestamptz(3) not null,
  name         text not null check (name <> '' and name !~ '[/\\[:cntrl:]]'),
  owner        text not null,
  content_type text not null,
  -- 20 MiB
  bytes        bytea not null check (octet_length(bytes) <= 20971520),
  -- Of the attempt that wrote it.
  fence        bigint not null,
  created_at   timestamptz(3) not null default now(),
  primary key (job_id, scheduled_at, name)
);
-- PDF is compressed already, and a file is read whole.
alter table artifacts alter column bytes set storage external;

-- Mails that were caught because no SMTP server is configured: one a run.
create table mails (
  job_id       uuid not null,
  scheduled_at timestamptz(3) not null,
  owner        text not null,
  message_id   text not null,
  sender       text not null,
  recipients   text[] not null,
  subject      text not null,
  text         text not null,
  html         text not null,
  -- The message as a server would have got it. 20 MiB
  raw          bytea not null check (octet_length(raw) <= 20971520),
  created_at   timestamptz(3) not null default now(),
  primary key (job_id, scheduled_at)
);
-- Serves the list of an owner's mails, newest first.
create index mails_by_owner on mails (owner, created_at desc, job_id desc, scheduled_at desc);

-- Texts that `send_email` names in `payload.template`.
create table mail_templates (
  owner      text not null,
  name       text not null check (name <> ''),
  subject    text,
  body       text not null,
  updated_at timestamptz(3) not null default now(),
  primary key (owner, name)
);

-- Reports that `generate_report` names in `payload.template`.
create table report_definitions (
  owner      text not null,
  name       text not null check (name <> ''),
  definition jsonb not null check (jsonb_typeof(definition) = 'object'),
  updated_at timestamptz(3) not null default now(),
  primary key (owner, name)
);

-- Serves reports: finds the history of a period. History is appended nearly in the order of fire
-- times, so a block range index does, and costs the finish next to nothing.
create index runs_done_by_fire_time on runs_done using brin (scheduled_at)
  with (pages_per_range = 32, autosummarize = on);
