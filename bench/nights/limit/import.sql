-- One roster file reconciled with the stored state, set-based, in one transaction; the indexes stay in place.
--   psql -v file=/path/day1.csv -v style=active -f import.sql      style: append | active
-- append: add and update only. active: also remove users that are not in the file.
-- Memberships, e-mails and phones of a user in the file become exactly what the file says.
-- The CSV has no header row.
\set ON_ERROR_STOP on
\set QUIET on
set search_path = lim;
set client_min_messages = warning;
set work_mem = '256MB';
set maintenance_work_mem = '512MB';
set temp_buffers = '512MB';
set jit = off;
set random_page_cost = 1.1;
begin;
create temp table s (first_name text, last_name text, email text, user_id text, phone text, group_id text, database_id text, address text, custom_fields text, campus text, show_all_groups text) on commit drop;
\set copy_cmd '\\copy s from ' :'file' ' with (format csv)'
:copy_cmd
select count(*) as n_rows, exists (select from s group by user_id having count(*) > 1) as bad, not exists (select from users) as first_load, :'style' = 'active' as is_active from s \gset
\if :bad
  \echo 'the file has a userID twice'
  \q
\endif
insert into imports (style, rows) values (:'style', :n_rows) returning import_id \gset

-- 1. rows that are new or differ, by digest
\if :first_load
create temp table d on commit drop as select nextval('user_seq') as id, true as is_new, false as attr, hash_record_extended(s, 0) as digest, s.* from s;
\set any_d true
\set any_new true
\set any_old false
\else
create temp table d on commit drop as
  select coalesce(u.id, nextval('user_seq')) as id, u.id is null as is_new,
         u.id is not null and (u.database_id, u.first_name, u.last_name, u.address, u.custom_fields, u.campus) is distinct from (s.database_id, s.first_name, s.last_name, s.address, s.custom_fields, s.campus) as attr,
         hash_record_extended(s, 0) as digest, s.*
  from s left join users u using (user_id)
  where u.digest is distinct from hash_record_extended(s, 0);
select count(*) > 0 as any_d, count(*) filter (where is_new) > 0 as any_new, count(*) filter (where not is_new) > 0 as any_old from d \gset

-- 2. users that left the roster (active style)
\if :is_active
create temp table gone on commit drop as select u.id, u.user_id from users u where not exists (select from s where s.user_id = u.user_id);
select count(*) > 0 as any_gone from gone \gset
\if :any_gone
analyze gone;
with x as (delete from memberships m using gone g where m.id = g.id returning m.id, m.gid)
  insert into change_log (import_id, op, id, gid) select :import_id, '-', id, gid from x;
insert into change_log (import_id, op, id, user_id) select :import_id, 'R', id, user_id from gone;
delete from emails e using gone g where e.id = g.id;
delete from phones p using gone g where p.id = g.id;
delete from users u using gone g where u.id = g.id;
\endif
\endif
\endif

\if :any_d
-- 3. new users
analyze d (id);
\if :any_new
insert into users (id, digest, user_id, database_id, first_name, last_name, address, custom_fields, campus)
  select id, digest, user_id, database_id, first_name, last_name, address, custom_fields, campus from d where is_new;
insert into change_log (import_id, op, id, user_id) select :import_id, 'A', id, user_id from d where is_new;
\endif

-- 4. the wanted e-mails, phones and memberships of the rows in d
create temp table we on commit drop as
  select d.id, t.email, min(t.pos)::smallint as pos from d, string_to_table(d.email, ';') with ordinality t(email, pos) where t.email <> '' group by 1, 2;
create temp table wp on commit drop as
  select distinct on (d.id, p[1], coalesce(p[4], '')) d.id, p[1] as number, p[2] as carrier, p[3]::smallint as message_type, coalesce(p[4], '') as country, p[5] as kind, t.pos::smallint as pos
  from d, string_to_table(d.phone, ';') with ordinality t(raw, pos), string_to_array(t.raw, '|') p where t.raw <> '' order by d.id, p[1], coalesce(p[4], ''), t.pos;
create temp table wg on commit drop as select d.id, t.name from d, string_to_table(d.group_id, ';') t(name) where t.name <> '';
insert into groups (name) select name from (select distinct name from wg) n where not exists (select from groups g where g.name = n.name);
create temp table wm on commit drop as select distinct wg.id, g.gid from wg join groups g using (name);
analyze we (id); analyze wp (id); analyze wm (id);

-- 5. differences against the rows that existed
\if :any_old
create temp table o on commit drop as select id, user_id, attr from d where not is_new;
analyze o;
create temp table touched on commit drop as select id from o where attr;
with x as (delete from emails e using o where e.id = o.id and not exists (select from we w where w.id = e.id and w.email = e.email) returning e.id) insert into touched select id from x;
with x as (delete from phones p using o where p.id = o.id and not exists (select from wp w where w.id = p.id and (w.number, w.country, w.carrier, w.message_type, w.kind) = (p.number, p.country, p.carrier, p.message_type, p.kind)) returning p.id)
  insert into touched select id from x;
with x as (delete from memberships m using o where m.id = o.id and not exists (select from wm w where w.id = m.id and w.gid = m.gid) returning m.id, m.gid)
  insert into change_log (import_id, op, id, gid) select :import_id, '-', id, gid from x;
delete from we w using o where w.id = o.id and exists (select from emails e where e.id = w.id and e.email = w.email);
delete from wp w using o where w.id = o.id and exists (select from phones p where p.id = w.id and p.number = w.number and p.country = w.country);
delete from wm w using o where w.id = o.id and exists (select from memberships m where m.id = w.id and m.gid = w.gid);
insert into touched select o.id from o where exists (select from we where we.id = o.id) or exists (select from wp where wp.id = o.id);
update users u set database_id = d.database_id, first_name = d.first_name, last_name = d.last_name, address = d.address, custom_fields = d.custom_fields, campus = d.campus, digest = d.digest
  from d where not d.is_new and u.id = d.id;
insert into change_log (import_id, op, id, user_id) select :import_id, 'U', o.id, o.user_id from o where o.id in (select id from touched);
\endif

-- 6. insertions
insert into emails (id, email, pos) select id, email, pos from we;
insert into phones (id, number, country, carrier, message_type, kind, pos) select id, number, country, carrier, message_type, kind, pos from wp;
insert into memberships (id, gid) select id, gid from wm;
insert into change_log (import_id, op, id, gid) select :import_id, '+', id, gid from wm;
\endif
\if :first_load
analyze users, emails, phones, memberships, groups;
\endif
commit;
