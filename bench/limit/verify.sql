-- Rows and checksums of the tables, as the generator reckons them: the sum of the first 32 bits of each row's MD5.
with row_texts (name, content) as (
  select 'users', concat_ws(e'\t', database_id, username, first_name, last_name, email, address,
    array_to_string(custom_fields, '|'), location, show_all_groups::integer)
  from users
  union all
  select 'emails', concat_ws(e'\t', database_id, e.email) from emails e join users on id = user_id
  union all
  select 'phones', concat_ws(e'\t', database_id, number, message_type, label) from phones join users on id = user_id
  union all
  select 'memberships', concat_ws(e'\t', database_id, group_id) from memberships join users on id = user_id
)
select name, count(*)::float8 as rows, sum(('x' || left(md5(content), 8))::bit(32)::bigint)::float8 as checksum
from row_texts group by name
union all
select 'changes', count(*)::float8, null from changes;
