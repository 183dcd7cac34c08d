-- Who may do more than a member: few, and asked for by themselves.
create index memberships_roles on memberships (organization_id, user_id, group_id) where role > 0;
