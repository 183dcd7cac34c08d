-- Counts the changes of settings and groups that may give an unchanged row another meaning. The epoch of rules counts all.
alter table organizations add column rows_epoch bigint not null default 1;
update organizations set rows_epoch = rules_epoch;
