-- What the folders of an SFTP account show of an import.

alter table imports
  -- the folder in upload, in small letters; null: upload itself, or the file did not come by SFTP
  add column folder          text,
  -- bytes of the body as it was sent
  add column stored_bytes    bigint,
  -- bytes of the response file while the import has the status beside it
  add column response_bytes  bigint,
  add column response_status text,
  add column response_name   text;

-- Addresses from which some account may log in with algorithms that are not secure any more. Asked before anybody is known.
create function find_legacy_networks() returns table (network text)
  language sql stable security definer set search_path = public, pg_temp
  as $$
    select distinct unnest(allowed_addresses) from sftp_accounts where legacy_algorithms and revoked_at is null
  $$;
revoke execute on function find_legacy_networks() from public;
grant execute on function find_legacy_networks() to muster_service;
