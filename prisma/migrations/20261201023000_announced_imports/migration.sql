-- True of imports that used an announced change: the guard does not count their removals with later ones.
alter table imports add column is_announced boolean not null default false;
-- True of imports that passed the guard only because they restored earlier values: the next one restores nothing of theirs.
alter table imports add column is_restoration boolean not null default false;
