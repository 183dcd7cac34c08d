-- No import is ever stored as 'applying': it becomes 'applied' in the transaction that applies it.
alter table imports drop constraint imports_status_check;
alter table imports add constraint imports_status_check
  check (status in ('receiving', 'planning', 'held', 'applied', 'planned', 'discarded', 'failed', 'undone'));
