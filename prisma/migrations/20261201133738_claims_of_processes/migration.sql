-- The process that claimed a key. If it is not present any more, nobody waits for the end of its claim.
alter table idempotency_keys add column process integer;
