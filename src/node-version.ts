/** Imported first by main: an old Node.js says so itself, instead of failing somewhere in the middle. */
const leastMajor = 22;

const major = Number(process.versions.node.split(".", 1)[0]);
if (major < leastMajor) {
  process.stderr.write(
    `Muster needs Node.js ${leastMajor} or later, and this is ${process.versions.node}: start it with "npm start", which brings its own.\n`,
  );
  process.exit(1);
}
