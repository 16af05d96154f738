-- Where the ledger begins: fire times before the horizon may have lost what settled them, since
-- finished runs and skipped fire times are not kept for ever. Whoever deletes history moves the
-- horizon first, to an instant before which everything that is deleted lies.
create table if not exists ledger_horizon (
  only_row   boolean primary key default true check (only_row),
  horizon_at timestamptz not null default '-infinity'
);
insert into ledger_horizon default values on conflict do nothing;
