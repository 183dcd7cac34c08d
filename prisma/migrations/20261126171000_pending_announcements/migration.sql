-- Who decides is told of what waits, in one mail for several items, and reminded of what waits long.

alter table announcements
  alter column source drop not null,
  alter column import_id drop not null,
  -- who is told, at the primary e-mail; null: those whom the setting announceTo names
  add column user_id bigint,
  drop constraint announcements_kind_check,
  add constraint announcements_kind_check check (
    kind in ('import_held', 'import_refused', 'first_roster', 'source_overdue', 'pending_new', 'pending_reminder')),
  add constraint announcements_about check ((import_id is null) = (user_id is not null));

-- What those who decide were told. Only the owner's connection works with it: it mails for all organizations.
create table decider_notices (
  organization_id integer not null references organizations (id) on delete cascade,
  user_id         bigint not null,
  told_at         timestamptz(6) not null,
  -- when the newest item was submitted that they were told of
  told_until      timestamptz(6) not null,
  reminded_at     timestamptz(6),
  primary key (organization_id, user_id)
);
alter table decider_notices enable row level security;
create policy organization on decider_notices
  using (organization_id = (select nullif(current_setting('muster.organization', true), '')::integer));
