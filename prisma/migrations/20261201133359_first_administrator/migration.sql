-- A link without a user sets up the first administrator, who does not exist yet.
alter table sign_in_links alter column user_id drop not null;
