-- Only the owner of a table may have its statistics renewed. Without them, lists and exports take minutes after a first
-- load, until autovacuum has come by. A table that autovacuum works on is left to it.
create function analyze_directory() returns void
  language plpgsql volatile security definer set search_path = public, pg_temp
  as $$ begin
    analyze (skip_locked) users, user_sources, user_emails, user_phones, memberships, groups, locations, changes;
  end $$;
revoke execute on function analyze_directory() from public;
grant execute on function analyze_directory() to muster_service;
