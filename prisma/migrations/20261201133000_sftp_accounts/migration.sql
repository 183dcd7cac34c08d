-- Logins of the SFTP server, and the way from an import to the account that sent its file.

create table sftp_accounts (
  organization_id   integer not null references organizations (id) on delete cascade,
  id                uuid not null,
  -- the login, unique over the service while it is not revoked
  name              text not null,
  source            smallint,
  style             text check (style in ('normal', 'active-roster', 'purge')),
  -- in the format of OpenSSH, "type base64 comment"
  public_keys       text[] not null,
  -- argon2id in PHC's format; null: no password opens it
  password_hash     text,
  allowed_addresses text[] not null,
  legacy_algorithms boolean not null,
  -- [{"folder": …, "source": …, "style": …}]
  folders           jsonb not null,
  created_at        timestamptz(6) not null,
  expires_at        timestamptz(6),
  last_used_at      timestamptz(6),
  revoked_at        timestamptz(6),
  primary key (organization_id, id)
);
create unique index sftp_accounts_name on sftp_accounts (name) where revoked_at is null;

alter table sftp_accounts enable row level security;
create policy organization on sftp_accounts
  using (organization_id = (select nullif(current_setting('muster.organization', true), '')::integer));
grant select, insert, update on sftp_accounts to muster_service;

-- Asked before the organization is known, as find_api_key is.
create function find_sftp_account(login text) returns setof sftp_accounts
  language sql stable security definer set search_path = public, pg_temp
  as $$ select * from sftp_accounts where name = login and revoked_at is null $$;
revoke execute on function find_sftp_account(text) from public;
grant execute on function find_sftp_account(text) to muster_service;

-- An account sees the files that it sent: caller_id is its id.
create index imports_caller on imports (organization_id, caller_id, created_at) where channel = 'sftp';
