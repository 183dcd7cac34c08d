-- The name that a person goes by.
alter table users add column preferred_name text not null default '', add column preferred_name_owner smallint;
