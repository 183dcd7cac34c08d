-- What is under way knows by whom: it can be told from what somebody left who is gone.

-- the number under which the process that works on it shows its presence; null: of an earlier version
alter table imports add column process integer;

alter table idempotency_keys
  -- the request that is being done under the key; whoever takes over has another one
  add column claim uuid,
  -- renewed while the request is being done; null, or over: whoever comes may take over
  add column claimed_until timestamptz(6),
  -- set in the transaction of what the request changes: it is not done again, whatever becomes of its answer
  add column is_done boolean not null default false,
  -- the import that the request made
  add column import_id uuid;
