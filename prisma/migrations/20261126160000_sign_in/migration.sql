-- People who sign in: by a token of the organization's OpenID provider, or by a link that works once and makes a session.

-- The provider is set by who runs the service: it makes the service fetch an address. One pair names one organization.
alter table organizations
  add column oidc_issuer   text collate "C",
  add column oidc_audience text collate "C",
  add unique (oidc_issuer, oidc_audience),
  add check ((oidc_issuer is null) = (oidc_audience is null));

create table sign_in_links (
  organization_id integer not null references organizations (id) on delete cascade,
  id              uuid not null,
  user_id         bigint not null,
  -- SHA-256 of what stands in the link, which is shown once and stored nowhere
  token_hash      bytea not null unique,
  actor           text not null,
  created_at      timestamptz(6) not null,
  expires_at      timestamptz(6) not null,
  primary key (organization_id, id)
);
create index sign_in_links_user on sign_in_links (organization_id, user_id);

create table sessions (
  organization_id integer not null references organizations (id) on delete cascade,
  id              uuid not null,
  user_id         bigint not null,
  -- SHA-256 of the cookie's value
  token_hash      bytea not null unique,
  created_at      timestamptz(6) not null,
  last_used_at    timestamptz(6) not null,
  expires_at      timestamptz(6) not null,
  primary key (organization_id, id)
);
create index sessions_user on sessions (organization_id, user_id);

alter table sign_in_links enable row level security;
create policy organization on sign_in_links
  using (organization_id = (select nullif(current_setting('muster.organization', true), '')::integer));
alter table sessions enable row level security;
create policy organization on sessions
  using (organization_id = (select nullif(current_setting('muster.organization', true), '')::integer));
grant select, insert, update, delete on sign_in_links, sessions to muster_service;

-- Asked before the organization is known, as find_api_key is.
create function find_sign_in_link(hash bytea) returns setof sign_in_links
  language sql stable security definer set search_path = public, pg_temp
  as $$ select * from sign_in_links where token_hash = hash $$;
create function find_session(hash bytea) returns setof sessions
  language sql stable security definer set search_path = public, pg_temp
  as $$ select * from sessions where token_hash = hash $$;
create function find_organizations_of_issuer(issuer text, audiences text[])
  returns table (organization_id integer, audience text)
  language sql stable security definer set search_path = public, pg_temp
  as $$ select id, oidc_audience from organizations where oidc_issuer = issuer and oidc_audience = any(audiences) $$;
revoke execute on function find_sign_in_link(bytea), find_session(bytea), find_organizations_of_issuer(text, text[]) from public;
grant execute on function find_sign_in_link(bytea), find_session(bytea), find_organizations_of_issuer(text, text[]) to muster_service;

-- A caller is an API key or a person by now.
alter table idempotency_keys rename column api_key_id to caller_id;
alter table imports rename column api_key_id to caller_id;
