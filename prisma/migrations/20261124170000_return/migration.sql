-- The return of people who were deleted: by which they are known again

alter table user_tombstones
  add column username_normalized text collate "C",
  add column email_normalized    text collate "C";
update user_tombstones set
  username_normalized = state -> 'user' ->> 'username_normalized',
  email_normalized = state -> 'user' ->> 'email_normalized';
create index user_tombstones_username on user_tombstones (organization_id, username_normalized) where username_normalized is not null;
create index user_tombstones_email on user_tombstones (organization_id, email_normalized) where email_normalized is not null;
create index user_tombstones_deleted on user_tombstones (organization_id, deleted_at);
