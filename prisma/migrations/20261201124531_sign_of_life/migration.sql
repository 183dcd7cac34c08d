-- The last time by the database's clock at which the service was at work and the clocks were plausible. A clock that is
-- far from it must not delete or date anything.
alter table service_state add column alive_at timestamptz(6);
