-- Serves the settling of a run that others had been settled into.
create index skipped_into on skipped (job_id, into_run) where into_run is not null;
