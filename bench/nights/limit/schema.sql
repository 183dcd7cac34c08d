-- The smallest schema that holds the same facts as Muster: the limit's tables.
set client_min_messages = warning;
drop schema if exists lim cascade;
create schema lim;
set search_path = lim;
create sequence user_seq cache 1000;
create sequence change_seq cache 1000;
create table users (
  id          bigint not null default nextval('user_seq'),
  digest      bigint not null,             -- 64-bit hash of the input row: equal rows are not looked at again
  user_id     text not null,               -- the file's userID: the key that imports reconcile on
  database_id text, first_name text, last_name text, address text, custom_fields text, campus text
);
create table emails (id bigint not null, pos smallint not null, email text not null);
create table phones (id bigint not null, pos smallint not null, message_type smallint, number text not null, country text not null, carrier text, kind text);
create table groups (gid int generated always as identity primary key, name text not null unique);
create table memberships (id bigint not null, gid int not null);
create table imports (import_id bigint generated always as identity primary key, at timestamptz not null default now(), style text, rows bigint);
create table change_log (
  seq       bigint not null default nextval('change_seq'),
  id        bigint not null,
  import_id int not null,
  gid       int,                           -- for + and -
  op        "char" not null,               -- user: A added, R removed, U updated; membership: + joined, - left
  user_id   text                           -- for A, R and U
);
\ir indexes.sql
