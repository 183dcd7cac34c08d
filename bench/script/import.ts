// The script that a campus would write itself: the whole document through fast-xml-parser, one upsert a person.
// Usage: DATABASE_URL=… node bench/script/import.ts file.xml
import { readFile } from "node:fs/promises";
import { PrismaPg } from "@prisma/adapter-pg";
import { XMLParser } from "fast-xml-parser";

// The client is generated before the measurement (schema.prisma); there is no type of it before.
const { PrismaClient } = await import(new URL("generated/client.ts", import.meta.url).href);
const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString: process.env.DATABASE_URL }) });
const parser = new XMLParser({ parseTagValue: false, isArray: (name) => name === "user" });
const { users } = parser.parse(await readFile(process.argv[2]!, "utf8"));

for (const user of users.user as Record<string, string>[]) {
  const scalars = {
    username: user.userID,
    firstName: user.firstName,
    lastName: user.lastName,
    address: user.address,
    customFields: user.customFields,
    location: user.campusName,
    showAllGroups: user.showAllGroups === "1",
  };
  const emails = user.email!.split(";").map((email) => ({ email: email.toLowerCase() }));
  const phones = user.phone!.split(";").map((phone) => ({ number: `+1${phone.split("|")[0]}` }));
  const memberships = user.groupID!.split(";").map((groupId) => ({ groupId }));
  await prisma.user.upsert({
    where: { databaseId: user.databaseID },
    create: {
      databaseId: user.databaseID,
      ...scalars,
      emails: { create: emails },
      phones: { create: phones },
      memberships: { create: memberships },
    },
    update: {
      ...scalars,
      emails: { deleteMany: {}, create: emails },
      phones: { deleteMany: {}, create: phones },
      memberships: { deleteMany: {}, create: memberships },
    },
  });
}
await prisma.$disconnect();
