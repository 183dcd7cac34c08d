-- True of imports that used an announced change: the guard does not count their removals with later ones.
alter table imports add column is_announced boolean not null default false;
