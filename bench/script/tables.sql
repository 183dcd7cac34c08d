-- The tables of schema.prisma, as Prisma's own `db push` would make them.
create table "User" (
  "id" serial primary key, "databaseId" text not null unique, "username" text not null unique, "firstName" text not null,
  "lastName" text not null, "address" text not null, "customFields" text not null, "location" text not null,
  "showAllGroups" boolean not null
);
create table "Email" (
  "userId" integer not null references "User" ("id") on delete cascade on update cascade, "email" text not null,
  primary key ("userId", "email")
);
create index "Email_email_idx" on "Email" ("email");
create table "Phone" (
  "userId" integer not null references "User" ("id") on delete cascade on update cascade, "number" text not null,
  primary key ("userId", "number")
);
create table "Membership" (
  "userId" integer not null references "User" ("id") on delete cascade on update cascade, "groupId" text not null,
  primary key ("userId", "groupId")
);
create index "Membership_groupId_idx" on "Membership" ("groupId");
