-- No code stores an import as 'undone', or one that came by 'cli' or 'console'.
alter table imports drop constraint imports_status_check;
alter table imports add constraint imports_status_check
  check (status in ('receiving', 'planning', 'held', 'applied', 'planned', 'discarded', 'failed'));
alter table imports drop constraint imports_channel_check;
alter table imports add constraint imports_channel_check check (channel in ('api', 'sftp'));
