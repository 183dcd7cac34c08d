-- Processes remember for a moment whose a key is. They hear at the commit that something about keys has changed, whoever
-- changed it; the time of use is none of that.
create function notify_api_keys() returns trigger
  language plpgsql
  as $$
begin
  perform pg_notify('muster_api_keys', '');
  return null;
end
$$;
create trigger notify_api_keys
  after insert or delete or update of
    name, services, key_hash, source, expires_at, revoked_at, allowed_addresses, previous_hash, previous_until
  on api_keys for each statement execute function notify_api_keys();
