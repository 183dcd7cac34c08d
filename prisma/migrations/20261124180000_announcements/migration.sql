-- What people are to be told: written in the transaction that gives the reason, and told by a loop of the service

create table announcements (
  organization_id integer not null references organizations (id) on delete cascade,
  id              uuid not null default gen_random_uuid(),
  kind            text not null check (kind in ('import_held', 'import_refused', 'first_roster', 'source_overdue')),
  source          smallint not null,
  -- of an overdue source: its last one
  import_id       uuid not null,
  subject         text not null,
  body            text not null,
  attempts        integer not null default 0,
  created_at      timestamptz(6) not null,
  next_attempt_at timestamptz(6) not null,
  -- null: not yet
  told_at         timestamptz(6),
  primary key (organization_id, id),
  unique (organization_id, kind, import_id)
);
create index announcements_due on announcements (next_attempt_at) where told_at is null;

alter table announcements enable row level security;
create policy organization on announcements
  using (organization_id = (select nullif(current_setting('muster.organization', true), '')::integer));
grant select, insert on announcements to muster_service;
