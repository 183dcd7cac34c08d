-- Numbers that unsubscribed and addresses that bounced. They belong to the organization, not to a person: no import, no
-- removal and no return of a person touches them.

create table opt_outs (
  organization_id integer not null references organizations (id) on delete cascade,
  id              uuid not null,
  kind            text not null check (kind in ('email', 'phone')),
  -- as people's are compared: an address in lower case, a number in E.164 without an extension
  address         text collate "C" not null,
  reason          text not null check (reason in ('unsubscribed', 'bounced')),
  actor           text not null,
  created_at      timestamptz(6) not null,
  primary key (organization_id, id),
  unique (organization_id, kind, address)
);

alter table opt_outs enable row level security;
create policy organization on opt_outs
  using (organization_id = (select nullif(current_setting('muster.organization', true), '')::integer));
grant select, insert, delete on opt_outs to muster_service;
