-- Primary keys, and what a live database needs to find people by database id, username, e-mail and group.
alter table users add primary key (id);
create unique index users_database_id on users (database_id);
create index users_username on users (username);
create index users_email on users (email);
alter table emails add primary key (user_id, email);
create index emails_email on emails (email);
alter table phones add primary key (user_id, number);
alter table memberships add primary key (user_id, group_id);
create index memberships_group on memberships (group_id, user_id);
alter table changes add primary key (sequence);
