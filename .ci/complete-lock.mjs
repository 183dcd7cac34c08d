// Completes package-lock.json after `npm install` from a registry that lacks packages for some platforms: npm leaves those
// optional packages out of the lock file, and `npm ci` then refuses it. The entries added here name version and platform
// alone, so that they are passed over where they don't fit and fetched where they do.
import { readFileSync, writeFileSync } from "node:fs";

const lock = JSON.parse(readFileSync("package-lock.json", "utf8"));
const systems = ["darwin", "linux", "win32", "android", "freebsd", "openharmony"];
const processors = ["arm64", "ia32", "x64", "arm", "ppc64", "riscv64", "s390x", "wasm32"];

for (const [path, entry] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    if (lock.packages[`node_modules/${name}`] || lock.packages[`${path}/node_modules/${name}`]) continue;
    const os = systems.filter((system) => name.includes(system));
    const cpu = processors.filter((processor) => name.includes(processor)).slice(0, 1);
    lock.packages[`node_modules/${name}`] = {
      version,
      ...(entry.dev ? { dev: true } : {}),
      optional: true,
      ...(os.length > 0 ? { os } : {}),
      ...(cpu.length > 0 ? { cpu } : {}),
    };
    process.stdout.write(`${name}@${version}\n`);
  }
}
lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([one], [other]) => (one < other ? -1 : 1)));
writeFileSync("package-lock.json", `${JSON.stringify(lock, null, 2)}\n`);
