-- One row that the service writes now and then: it shows that changes can be made, and when the service last worked.
create table service_state (
  id smallint primary key check (id = 1),
  written_at timestamptz(6) not null
);
insert into service_state values (1, now());
grant select, update on service_state to muster_service;
