-- digest: of what the person's rows say, 16 bytes for each row, in order. byte_digest: of their bytes, the quick way to it.
-- notes: the warnings of the row, which the next import tells again if it passes over the row.
alter table user_sources add column byte_digest bytea, add column notes jsonb;
create index user_sources_notes on user_sources (organization_id, source) where notes is not null;
