import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, gzip } from "node:zlib";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

const outDir = join(import.meta.dirname, "../../dist/console");

/** Compresses the built assets once, so that the service does not compress them for each request. */
function compressAssets(): Plugin {
  const compressors = { br: promisify(brotliCompress), gz: promisify(gzip) };
  return {
    name: "compress-assets",
    apply: "build",
    async closeBundle() {
      const assets = join(outDir, "assets");
      for (const name of await readdir(assets)) {
        const content = await readFile(join(assets, name));
        for (const [extension, compress] of Object.entries(compressors)) {
          await writeFile(join(assets, `${name}.${extension}`), await compress(content));
        }
      }
    },
  };
}

export default defineConfig({
  root: import.meta.dirname,
  plugins: [react(), compressAssets()],
  // The service replaces the placeholder by a nonce for each answer (src/http/console-pages/).
  html: { cspNonce: "__NONCE__" },
  build: { outDir, emptyOutDir: true, assetsInlineLimit: 0, target: "es2022", chunkSizeWarningLimit: 800 },
  server: {
    proxy: Object.fromEntries(["/v1", "/sign-in", "/docs"].map((path) => [path, "http://127.0.0.1:8080"])),
  },
});
