-- The nightly merge in purge style: what is in the file is added or replaces what is there; who is not in it goes. The
-- CSV comes on standard input. To be run as one transaction.

-- The data lie on a solid state disk, and mostly in memory.
set local random_page_cost = 1.1;
truncate staging;
\copy staging from pstdin with (format csv, null '\N')

-- People who are new, or whose row is not the one that came last time. All the others cost nothing from here on.
create temporary table person on commit drop as
select coalesce(u.id, nextval('users_id_seq')) as id, u.id is null as is_new,
  s.database_id, s.username, s.first_name, s.last_name, lower(split_part(s.email, ';', 1)) as email, s.address,
  string_to_array(s.custom_fields, '|') as custom_fields, s.location, s.show_all_groups = '1' as show_all_groups,
  string_to_array(lower(s.email), ';') as emails,
  case when s.phone = '' then '{}' when strpos(s.phone, ';') = 0 then array[read_phone(s.phone)]
    else array(select read_phone(token) from string_to_table(s.phone, ';') token) end as phones,
  string_to_array(s.groups, ';') as groups,
  digest(s) as digest
from staging s left join users u using (database_id)
where u.digest is distinct from digest(s);

-- People who have gone. Those without any group stay.
create temporary table gone on commit drop as
select u.id from users u
where not exists (select from staging s where s.database_id = u.database_id)
  and exists (select from memberships m where m.user_id = u.id);

-- The log
create temporary table before_image on commit drop as
select u.id, row_to_json(u) as image
from (
  select u.id, u.database_id, u.username, u.first_name, u.last_name, u.email, u.address, u.custom_fields, u.location,
    u.show_all_groups,
    array(select e.email from emails e where e.user_id = u.id) as emails,
    array(select concat_ws('|', p.number, p.carrier, p.message_type, p.label) from phones p where p.user_id = u.id) as phones,
    array(select m.group_id from memberships m where m.user_id = u.id) as groups
  from users u
  where u.id in (select id from person where not is_new union all select id from gone)
) u;
insert into changes (user_id, "from", "to")
select a.id, b.image, row_to_json(a)
from (
  select id, database_id, username, first_name, last_name, email, address, custom_fields, location, show_all_groups,
    emails, phones, groups
  from person
) a left join before_image b using (id);
insert into changes (user_id, "from") select id, b.image from gone join before_image b using (id);

-- Away with what has gone
delete from emails e using gone where e.user_id = gone.id;
delete from phones p using gone where p.user_id = gone.id;
delete from memberships m using gone where m.user_id = gone.id;
delete from users u using gone where u.id = gone.id;
delete from emails e using person n where e.user_id = n.id and not n.is_new and e.email <> all (n.emails);
delete from phones p using person n where p.user_id = n.id and not n.is_new
  and concat_ws('|', p.number, p.carrier, p.message_type, p.label) <> all (n.phones);
delete from memberships m using person n where m.user_id = n.id and not n.is_new and m.group_id <> all (n.groups);

-- In with what is new
update users u set username = n.username, first_name = n.first_name, last_name = n.last_name, email = n.email,
  address = n.address, custom_fields = n.custom_fields, location = n.location, show_all_groups = n.show_all_groups,
  digest = n.digest
from person n where u.id = n.id and not n.is_new;
insert into users (id, database_id, username, first_name, last_name, email, address, custom_fields, location,
  show_all_groups, digest)
select id, database_id, username, first_name, last_name, email, address, custom_fields, location, show_all_groups, digest
from person where is_new;

insert into emails (user_id, email) select id, unnest(emails) from person where is_new;
insert into emails (user_id, email) select id, unnest(emails) from person where not is_new on conflict do nothing;

insert into phones (user_id, number, carrier, message_type, label)
select id, split_part(phone, '|', 1), split_part(phone, '|', 2), split_part(phone, '|', 3)::smallint, split_part(phone, '|', 4)
from (select id, unnest(phones) as phone from person where is_new) n;
insert into phones (user_id, number, carrier, message_type, label)
select id, split_part(phone, '|', 1), split_part(phone, '|', 2), split_part(phone, '|', 3)::smallint, split_part(phone, '|', 4)
from (select id, unnest(phones) as phone from person where not is_new) n on conflict do nothing;

insert into memberships (user_id, group_id) select id, unnest(groups) from person where is_new;
insert into memberships (user_id, group_id) select id, unnest(groups) from person where not is_new on conflict do nothing;
