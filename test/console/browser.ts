import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { after } from "node:test";
import { fileURLToPath } from "node:url";
import { AxeBuilder } from "@axe-core/playwright";
import { type Browser, chromium, type Page } from "playwright-core";

const program = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);
const consoleDirectory = fileURLToPath(new URL("../../dist/console/", import.meta.url));

/** The options of a test's service that serves the built console. */
export const withConsole = { consoleDirectory };

/** False, or the reason why tests in a browser cannot run here. */
export const skipWithoutBrowser = reasonToSkip();

function reasonToSkip(): string | false {
  if (program === undefined) return "No browser is installed: apt-get install chromium";
  return existsSync(`${consoleDirectory}/index.html`) ? false : "The console is not built: npm run build:console";
}

/** A page of a person who signed in, and what went wrong in it. */
export interface ConsolePage {
  readonly page: Page;
  /** Fails if the page reported an error, or breaks a rule of accessibility seriously. */
  check(): Promise<void>;
}

/** A browser for the tests of one file; it ends with them. */
export function useBrowser(): { open(): Promise<Page>; signIn(link: string): Promise<ConsolePage> } {
  let browser: Promise<Browser> | undefined;
  after(async () => (await browser)?.close());
  const launch = () =>
    // Chromium's sandbox refuses to work as root.
    chromium.launch({ executablePath: program!, args: process.getuid?.() === 0 ? ["--no-sandbox"] : [] });
  const open = async () => {
    browser ??= launch();
    const context = await (await browser).newContext();
    const page = await context.newPage();
    page.setDefaultTimeout(20_000);
    return page;
  };
  return {
    open,
    async signIn(link) {
      const page = await open();
      const errors: string[] = [];
      page.on("pageerror", ({ message }) => errors.push(message));
      page.on("console", (line) => {
        if (line.type() === "error" && !/status of (401|409|412)/.test(line.text())) errors.push(line.text());
      });
      await page.goto(link);
      await page.getByRole("button", { name: "Sign in" }).click();
      await page.getByRole("navigation").waitFor();
      return { page, check: () => checkPage(page, errors) };
    },
  };
}

async function checkPage(page: Page, errors: readonly string[]): Promise<void> {
  assert.deepEqual(errors, []);
  const { violations } = await new AxeBuilder({ page }).analyze();
  const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  assert.deepEqual(
    serious.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`),
    [],
  );
}
