-- When the event of the latest attempt was handed to the bus. The scheduler estimates it by the
-- database's clock, the event carries it, and the start of the attempt writes it.
alter table runs add column published_at timestamptz;
