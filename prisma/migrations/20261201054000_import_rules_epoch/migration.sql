-- The organization's epoch of settings when an import ended. A repeat of the import is a repeat only if it is still the same.
alter table imports add column rules_epoch bigint;
