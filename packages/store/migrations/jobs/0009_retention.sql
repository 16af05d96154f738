-- What goes after a while, and until when the ledger can still answer.

-- Serves retention, which begins with what finished first, and whoever follows what finishes.
create index runs_done_finished on runs_done (finished_at);
-- Serves retention.
create index skipped_settled on skipped (settled_at);

-- Fire times before this instant may have lost their records to retention. It moves before they go.
create table if not exists ledger_horizon (
  only_row   boolean primary key default true check (only_row),
  horizon_at timestamptz not null default '-infinity'
);
insert into ledger_horizon default values on conflict do nothing;
