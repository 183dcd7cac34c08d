-- Set if the import planned nothing at all: how its file was read. The very same file, read the same way, then has the same
-- report, as long as nothing changes.
alter table imports add column settled_as text;
