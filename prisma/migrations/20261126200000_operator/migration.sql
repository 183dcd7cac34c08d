-- The organization that the first start made: MUSTER_ADMIN_KEY is its key. Organizations can be deleted by now, and
-- without this mark the key of a deleted one would open the next.
alter table organizations add column is_first boolean not null default false;
update organizations set is_first = true where id = (select min(id) from organizations);
create unique index organizations_first on organizations (is_first) where is_first;
