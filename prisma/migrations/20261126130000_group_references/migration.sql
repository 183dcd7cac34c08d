-- What refers to a group, by the group: without these every group that is deleted costs a look at all groups and at all
-- links of locations.

create index groups_parent on groups (organization_id, parent_group_id) where parent_group_id is not null;
create index location_groups_group on location_groups (organization_id, group_id);
