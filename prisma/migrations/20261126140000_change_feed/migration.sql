-- Reading the change log: how far it was cut off, where a time stands in it, and who is told that it grew.

-- The last entry that was deleted because it had been kept long enough; 0: none. Whoever deletes entries counts this up
-- in the same transaction, so that a reader whose place is gone is told so.
alter table feed_heads
  add pruned_sequence bigint not null default 0,
  add pruned_at       timestamptz(6) not null default '-infinity';

-- The last change until a moment, that moment included; before the first one, what was cut off last. Numbers have no gap
-- and times increase with them, so that halving finds it by the key alone: an index by time would make every import
-- dearer.
create function last_change_until(organization integer, moment timestamptz) returns bigint
  language plpgsql stable parallel safe
  as $$
declare
  low    bigint;
  high   bigint;
  middle bigint;
begin
  select pruned_sequence, last_sequence into low, high from feed_heads where organization_id = organization;
  while low < high loop
    middle := (low + high + 1) / 2;
    if (select at <= moment from changes where organization_id = organization and sequence = middle) then
      low := middle;
    else
      high := middle - 1;
    end if;
  end loop;
  return low;
end
$$;

-- Whoever waits for changes hears of them at the commit, whichever code appended them.
create function notify_changes() returns trigger
  language plpgsql
  as $$
begin
  perform pg_notify('muster_changes', new.organization_id::text);
  return null;
end
$$;
create trigger notify_changes after update of last_sequence on feed_heads
  for each row when (old.last_sequence <> new.last_sequence) execute function notify_changes();
