-- What waits for somebody's decision: topics and requests to join a group, and what was decided. Both outlive their group
-- and their people, as history; that nothing goes on waiting without them, a trigger sees to
-- (docs/decisions/017-settling-what-waits.md).

create table topics (
  organization_id integer not null references organizations (id) on delete cascade,
  id              uuid not null,
  group_id        text collate "C" not null,
  author_id       bigint not null,
  subject         text not null,
  body            text not null,
  channels        text[] not null check (cardinality(channels) > 0 and channels <@ array['email', 'sms', 'voice']),
  -- after this moment it is not to be published any more; null: whenever
  publish_before  timestamptz(6),
  status          text not null check (status in ('pending', 'published', 'rejected', 'withdrawn', 'expired', 'settled')),
  -- who sent it
  actor           text not null,
  version         bigint not null default 1,
  created_at      timestamptz(6) not null,
  updated_at      timestamptz(6) not null,
  primary key (organization_id, id)
);
create index topics_group on topics (organization_id, group_id, created_at, id);
create index topics_pending on topics (organization_id, created_at, id) where status = 'pending';
create index topics_publish_before on topics (organization_id, publish_before) where status = 'pending' and publish_before is not null;

create table membership_requests (
  organization_id integer not null references organizations (id) on delete cascade,
  id              uuid not null,
  group_id        text collate "C" not null,
  user_id         bigint not null,
  message         text not null default '',
  status          text not null check (status in ('pending', 'approved', 'rejected', 'withdrawn', 'settled')),
  actor           text not null,
  version         bigint not null default 1,
  created_at      timestamptz(6) not null,
  updated_at      timestamptz(6) not null,
  primary key (organization_id, id)
);
create index membership_requests_group on membership_requests (organization_id, group_id, created_at, id);
create index membership_requests_pending on membership_requests (organization_id, created_at, id) where status = 'pending';
create unique index membership_requests_once on membership_requests (organization_id, group_id, user_id) where status = 'pending';

-- What became of topics and requests. Appended to, never rewritten. (Held imports keep theirs with the import.)
create table decisions (
  organization_id integer not null references organizations (id) on delete cascade,
  -- of the topic, or of the request
  item_id         uuid not null,
  number          smallint not null,
  outcome         text not null check (outcome in ('approved', 'rejected', 'withdrawn', 'expired', 'settled')),
  -- the person, by name; null: nobody decided, the cause says why it is so
  decided_by      text,
  reason          text,
  cause           text check (cause in ('public_group', 'publish_before_passed', 'user_deleted', 'author_deleted', 'group_deleted', 'already_member')),
  actor           text not null,
  at              timestamptz(6) not null,
  primary key (organization_id, item_id, number)
);

do $$
declare
  guarded text;
begin
  foreach guarded in array array['topics', 'membership_requests', 'decisions'] loop
    execute format('alter table %I enable row level security', guarded);
    execute format(
      'create policy organization on %I using (organization_id = (select nullif(current_setting(''muster.organization'', true), '''')::integer))',
      guarded);
  end loop;
end
$$;
grant select, insert, update on topics, membership_requests to muster_service;
grant select, insert on decisions to muster_service;

-- The pending topics and requests that nobody needs to decide about any more, and why. Sub-selects look at the keys, one by
-- one, whatever the planner believes: a join might read all users for the sake of one request.
create function settled_items(organization integer)
  returns table (type text, id uuid, cause text, created_at timestamptz)
  language sql stable
  as $$
    select 'topic', id, case when author is null then 'author_deleted' else 'group_deleted' end, created_at
    from (
      select t.id, t.created_at,
        (select 1 from users u where u.organization_id = organization and u.id = t.author_id) as author,
        (select 1 from groups g where g.organization_id = organization and g.group_id = t.group_id) as its_group
      from topics t where t.organization_id = organization and t.status = 'pending'
    ) topic
    where author is null or its_group is null
    union all
    select 'membershipRequest', id,
      case when asker is null then 'user_deleted' when its_group is null then 'group_deleted' else 'already_member' end, created_at
    from (
      select r.id, r.created_at,
        (select 1 from users u where u.organization_id = organization and u.id = r.user_id) as asker,
        (select 1 from groups g where g.organization_id = organization and g.group_id = r.group_id) as its_group,
        (select 1 from memberships m
          where m.organization_id = organization and m.user_id = r.user_id and m.group_id = r.group_id) as membership
      from membership_requests r where r.organization_id = organization and r.status = 'pending'
    ) request
    where asker is null or its_group is null or membership is not null
  $$;

-- Whoever deletes people or groups, or makes members, appends to the change log, and so moves the head: at the commit of
-- whatever did, what waits for nothing is settled. It is told in the log after its cause, as the same actor's.
create function settle_pending() returns trigger
  language plpgsql
  as $$
begin
  if not exists (select from topics where organization_id = new.organization_id and status = 'pending')
    and not exists (select from membership_requests where organization_id = new.organization_id and status = 'pending')
  then
    return null;
  end if;
  -- Once a transaction, for its last move.
  if new.last_sequence <> (select last_sequence from feed_heads where organization_id = new.organization_id) then
    return null;
  end if;
  with head as materialized (
    select c.actor, c.source, c.import_id, greatest(clock_timestamp(), new.last_at + interval '1 microsecond') as base
    from changes c where c.organization_id = new.organization_id and c.sequence = new.last_sequence
  ), item as materialized (
    select s.*, row_number() over (order by s.created_at, s.id) as number
    from settled_items(new.organization_id) s
  ), topic as (
    update topics t set status = 'settled', version = t.version + 1, updated_at = head.base
    from item, head where t.organization_id = new.organization_id and t.id = item.id and item.type = 'topic'
  ), request as (
    update membership_requests r set status = 'settled', version = r.version + 1, updated_at = head.base
    from item, head where r.organization_id = new.organization_id and r.id = item.id and item.type = 'membershipRequest'
  ), decision as (
    insert into decisions (organization_id, item_id, number, outcome, cause, actor, at)
    select new.organization_id, item.id, 1, 'settled', item.cause, head.actor, head.base from item, head
  ), written as (
    insert into changes (organization_id, sequence, at, type, action, id, source, import_id, actor, changed)
    select new.organization_id, new.last_sequence + item.number, head.base + (item.number - 1) * interval '1 microsecond',
      item.type, 'updated', item.id::text, head.source, head.import_id, head.actor,
      json_build_object(
        'status', json_build_object('from', 'pending', 'to', 'settled'),
        'decisions', json_build_object('from', '[]'::json, 'to', json_build_array(json_build_object(
          'outcome', 'settled', 'decidedBy', null, 'reason', null, 'cause', item.cause, 'actor', head.actor,
          'at', timestamp_text(head.base)))))
    from item, head
  )
  update feed_heads
  set last_sequence = new.last_sequence + items.count, last_at = head.base + (items.count - 1) * interval '1 microsecond'
  from head, (select count(*) as count from item) items
  where feed_heads.organization_id = new.organization_id and items.count > 0;
  return null;
end
$$;
create constraint trigger settle_pending after update of last_sequence on feed_heads
  deferrable initially deferred
  for each row when (old.last_sequence <> new.last_sequence) execute function settle_pending();
