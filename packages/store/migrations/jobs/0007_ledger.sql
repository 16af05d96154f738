-- Where the ledger begins: fire times before the horizon may have lost what settled them, since
-- finished runs and skipped fire times are not kept for ever. Whoever deletes history moves the
-- horizon first, to the latest instant before which anything is deleted.
create table ledger_horizon (
  one     boolean primary key default true check (one),
  horizon timestamptz(3) not null default '-infinity'
);
insert into ledger_horizon default values;
