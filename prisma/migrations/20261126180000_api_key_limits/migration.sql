-- From where a key may be used, and keys that are replaced without a gap.

alter table api_keys
  -- addresses and networks (CIDR) in their canonical form; none: from everywhere
  add allowed_addresses     text[] not null default '{}',
  -- the key before the last rotation, which goes on working for a while
  add previous_hash         bytea unique,
  add previous_until        timestamptz(6),
  add previous_last_used_at timestamptz(6),
  add rotated_at            timestamptz(6);

-- Both keys of a rotation are found. (An operator may put the old one in force again as a key of its own: that one counts.)
create or replace function find_api_key(hash bytea) returns setof api_keys
  language sql stable security definer set search_path = public, pg_temp
  as $$ select * from api_keys where key_hash = hash or previous_hash = hash order by key_hash = hash desc limit 1 $$;
