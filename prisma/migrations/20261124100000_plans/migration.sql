-- What an import would do, item by item: of dry runs

create table plan_items (
  organization_id integer not null,
  import_id       uuid not null,
  number          integer not null,
  type            text not null check (type in ('user', 'group', 'location')),
  action          text not null check (action in ('add', 'update', 'remove')),
  -- null: a person who would be added has none yet
  id              text collate "C",
  database_id     text collate "C",
  username        text,
  -- of the file
  row             integer,
  -- as in the change log
  changed         json not null default '{}',
  memberships     json not null default '[]',
  primary key (organization_id, import_id, number),
  foreign key (organization_id, import_id) references imports (organization_id, id) on delete cascade
);

alter table plan_items enable row level security;
create policy organization on plan_items
  using (organization_id = (select nullif(current_setting('muster.organization', true), '')::integer));
grant select, insert, update, delete on plan_items to muster_service;
