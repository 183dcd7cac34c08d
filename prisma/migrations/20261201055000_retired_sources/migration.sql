-- When a source was retired; null: it is in use. The row stays, because imports and changes contain its number.
alter table sources add column retired_at timestamptz(6);
-- A retirement is an import without a file: it is planned, judged, held and approved like one.
alter table imports drop constraint imports_kind_check;
alter table imports add constraint imports_kind_check check (kind in ('users', 'groups', 'locations', 'retirement'));
