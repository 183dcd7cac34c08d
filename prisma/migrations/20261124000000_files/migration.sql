-- What was sent, as long as response files need it, and what became of each row.

alter table imports
  -- the key that sent it, so that a repeat of the same bytes can be answered with this import
  add column api_key_id uuid,
  -- how the file turned out to be written: format, encoding, delimiter …
  add column reading    jsonb,
  -- the field mapping it was read by; null: the documented columns
  add column mapping    jsonb,
  -- the rows by what became of them: {"added": "{[1,100)}", …}; all others are unchanged
  add column outcomes   jsonb;
create index imports_sha256 on imports (organization_id, sha256) where sha256 is not null;

-- The bodies of imports, compressed (Zstandard), in pieces
create table import_bodies (
  organization_id integer not null,
  import_id       uuid not null,
  number          integer not null,
  data            bytea not null,
  primary key (organization_id, import_id, number),
  foreign key (organization_id, import_id) references imports (organization_id, id) on delete cascade
);
-- It is compressed already
alter table import_bodies alter column data set storage external;

alter table import_bodies enable row level security;
create policy organization on import_bodies
  using (organization_id = (select nullif(current_setting('muster.organization', true), '')::integer));
grant select, insert, update, delete on import_bodies to muster_service;
