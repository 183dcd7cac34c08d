-- The guard: imports that are held, what became of them, and changes that were announced

alter table imports
  -- why an import is held, or would be (dry run): {"scope": …, "reasons": […], "waiting": {…}}
  add column hold     jsonb,
  -- who decided about a held import, and how: {"outcome": …, "decidedBy": …, "at": …}
  add column decision jsonb;
create index imports_held on imports (organization_id, source) where status = 'held';

-- Row 0 stands for people whom the file does not name: of them there can be many notes
alter table import_rows alter column number type integer;

alter table groups
  -- imports that take more percent of its members away are held; null: as the source is set
  add column guard_percent smallint check (guard_percent between 0 and 100);

alter table sources
  -- {"percent": …, "from": …, "until": …, "announcedBy": …, "usedBy": …}
  add column announced_change jsonb;
