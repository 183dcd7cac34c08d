-- The organization's last sequence when an import ended. A repeat of the import is a repeat only if it still is the last.
alter table imports add column head_sequence bigint;
