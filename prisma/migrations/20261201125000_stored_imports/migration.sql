-- Imports whose body is in the database are finished by whichever process works on it: they survive a restart.

alter table imports
  -- when the whole body was in the database; null: it is received, and processed, by the request of its sender
  add column stored_at timestamptz(6),
  -- how often a process has begun to work on it
  add column runs      smallint not null default 0,
  -- the encoding's label in the content type
  add column charset   text,
  -- it came as data of a form, from which clients may remove line ends
  add column may_lack_line_ends boolean not null default false;
create index imports_waiting on imports (stored_at, id) where status = 'planning' and stored_at is not null;

-- A packed body (gzip, ZIP) is kept as it was sent; what it contains is kept beside it.
alter table import_bodies add column is_packed boolean not null default false;
alter table import_bodies drop constraint import_bodies_pkey;
alter table import_bodies add primary key (organization_id, import_id, is_packed, number);

-- Whether the process that shows its presence under this number is there (src/store/presence.ts)
create function process_is_present(number integer) returns boolean
  language sql stable
  as $$
    select exists (
      select from pg_locks where locktype = 'advisory' and granted and objsubid = 2
        and database = (select oid from pg_database where datname = current_database())
        and classid = hashtext('muster process')::oid and objid = number::oid
    )
  $$;

-- Gives a process the oldest import that waits: nobody works on it, and no earlier one of its source is under way.
-- Row-level security hides the imports of all organizations from the service, so that this runs as their owner.
create function claim_stored_import(claimant integer, its_imports uuid[], its_organizations integer[])
  returns table (organization_id integer, id uuid)
  language sql volatile security definer set search_path = public, pg_temp
  as $$
    update imports set process = claimant, runs = imports.runs + 1
    from (
      select waiting.organization_id, waiting.id from imports waiting
      where waiting.status = 'planning' and waiting.stored_at is not null
        and waiting.id <> all(its_imports) and waiting.organization_id <> all(its_organizations)
        and (waiting.process is null or waiting.process = claimant or not process_is_present(waiting.process))
        and not exists (
          select from imports earlier
          where earlier.organization_id = waiting.organization_id and earlier.source = waiting.source
            and earlier.status = 'planning' and earlier.stored_at is not null
            and (earlier.stored_at, earlier.id) < (waiting.stored_at, waiting.id))
      order by waiting.stored_at, waiting.id limit 1 for update skip locked
    ) next
    where imports.organization_id = next.organization_id and imports.id = next.id
    returning imports.organization_id, imports.id
  $$;
revoke all on function claim_stored_import(integer, uuid[], integer[]) from public;
grant execute on function claim_stored_import(integer, uuid[], integer[]) to muster_service;
