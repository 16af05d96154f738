-- Serves the list of an owner's runs, latest fire time first: read backwards. Runs finish nearly in the
-- order of their fire times, so each is written at the end of its owner's part, not in front of it.
drop index runs_done_by_owner;
create index runs_done_by_owner on runs_done (owner, scheduled_at, job_id);
