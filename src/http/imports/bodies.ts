import { fileTypes } from "./receive.ts";

const exampleXml = `<?xml version="1.0" encoding="UTF-8"?>
<users type="array">
  <user>
    <firstName>Jane</firstName>
    <lastName>Doe</lastName>
    <email>jane.doe@example.edu</email>
    <userID>jdoe</userID>
    <phone>+1 212 555 0123||3|1|cell</phone>
    <groupID>CRS-0001;CRS-0002|4</groupID>
    <databaseID>900123456</databaseID>
    <campusName>Main</campusName>
  </user>
</users>
`;
const exampleCsv = `firstName,lastName,email,userID,phone,groupID,databaseID
Jane,Doe,jane.doe@example.edu,jdoe,+1 212 555 0123||3|1|cell,CRS-0001;CRS-0002|4,900123456
`;
const exampleJson = `{
  "users": [
    {
      "firstName": "Jane", "lastName": "Doe", "email": "jane.doe@example.edu", "userID": "jdoe",
      "phone": ["+1 212 555 0123||3|1|cell"], "groupID": ["CRS-0001", "CRS-0002|4"], "databaseID": "900123456"
    }
  ]
}
`;

/** One example by content type, of a document that can be written in each format. */
export const examplesByType = (xml: string, json: string, csv: string): Readonly<Record<string, string>> => ({
  "application/xml": xml,
  "text/xml": xml,
  "application/json": json,
  "text/json": json,
  "text/plain": csv,
  "text/csv": csv,
  "application/csv": csv,
  "text/tab-separated-values": csv.replaceAll(",", "\t"),
});

/** How files are described in the contract. */
export const rosterBody = {
  contentTypes: fileTypes,
  description:
    'A roster: XML (`<users type="array">` with a `<user>` for each person), CSV, or JSON; text and forms with one ' +
    "file are told by their content. `Content-Encoding: gzip` is taken.",
  examples: examplesByType(exampleXml, exampleJson, exampleCsv),
};

/** How files of groups are described. */
export const groupsBody = {
  contentTypes: fileTypes,
  description:
    'Groups: XML (`<groups type="array">` with a `<group>` for each), CSV, or JSON. Without a header row CSV has the columns ' +
    "name, category, type, privacy, description. At most 16 MiB and 100,000 groups.",
  examples: examplesByType(
    `<groups type="array">
  <group><groupID>CRS-BIO-101</groupID><name>Biology 101</name><category>9</category><type>2</type><privacy>2</privacy></group>
  <group><action>purge</action><groupID>CRS-BIO-100</groupID></group>
</groups>
`,
    `{
  "groups": [
    { "groupID": "CRS-BIO-101", "name": "Biology 101", "category": 9, "type": 2, "privacy": 2 },
    { "action": "purge", "groupID": "CRS-BIO-100" }
  ]
}
`,
    `action,groupID,name,category,type,privacy
,CRS-BIO-101,Biology 101,9,2,2
purge,CRS-BIO-100,,,,
`,
  ),
};

/** How files of locations are described. */
export const locationsBody = {
  contentTypes: fileTypes,
  description:
    'Locations: XML (`<locations type="array">` with a `<location>` for each, or `campuses` and `campus`), CSV with the ' +
    "columns action, name and groupID, or JSON. At most 16 MiB and 100,000 locations.",
  examples: examplesByType(
    `<locations type="array">
  <location><name>Main</name><groupID>CRS-BIO-101;ALERTS</groupID></location>
  <location><action>delete</action><name>Old Campus</name></location>
</locations>
`,
    `{
  "locations": [
    { "name": "Main", "groupID": ["CRS-BIO-101", "ALERTS"] },
    { "action": "delete", "name": "Old Campus" }
  ]
}
`,
    `action,name,groupID
,Main,CRS-BIO-101;ALERTS
delete,Old Campus,
`,
  ),
};
