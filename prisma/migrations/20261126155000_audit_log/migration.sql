-- Who decided and set what, and when: the audit log. It is appended to and read; the owner's connection deletes what has
-- been kept long enough.

create table audit_entries (
  organization_id integer not null references organizations (id) on delete cascade,
  id              uuid not null,
  at              timestamptz(6) not null,
  action          text collate "C" not null,
  actor           text not null,
  -- what it was done to: an id or a name of the API
  subject         text,
  details         jsonb not null default '{}',
  primary key (organization_id, id)
);
create index audit_entries_at on audit_entries (organization_id, at, id);

alter table audit_entries enable row level security;
create policy organization on audit_entries
  using (organization_id = (select nullif(current_setting('muster.organization', true), '')::integer));
grant select, insert on audit_entries to muster_service;

-- A UUID, version 7 (RFC 9562), of a time: its milliseconds lead, the rest is random.
create function time_ordered_uuid(at timestamptz) returns uuid
  language sql volatile parallel safe
  as $$ select encode(set_bit(set_bit(
    overlay(uuid_send(gen_random_uuid()) placing substring(int8send(floor(extract(epoch from at) * 1000)::bigint) from 3) from 1 for 6),
    52, 1), 53, 1), 'hex')::uuid $$;
