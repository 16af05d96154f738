-- The trace context of the request that asked for the run, where there was one: its events carry it.
alter table runs add column traceparent text;
