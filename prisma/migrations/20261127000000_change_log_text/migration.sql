-- The change log tells documents that this service has written, as they are. The type json reads each of them through once
-- more when it is stored: that took a third of appending it. Statements that look into a document cast it.
alter table changes
  alter column changed drop default,
  alter column memberships drop default;
alter table changes
  alter column changed type text,
  alter column memberships type text;
alter table changes
  alter column changed set default '{}',
  alter column memberships set default '[]';
