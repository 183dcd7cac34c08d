import { settingsSchema, styles } from "../../src/organizations/settings.ts";
import { sourceSettingsSchema } from "../../src/organizations/source-settings.ts";
import type { ImportContext } from "../../src/reconcile/setup/context.ts";
import { importContext, type Setup } from "../../src/reconcile/setup/setup.ts";
import { styleRules } from "../../src/reconcile/setup/style-rules.ts";

/** The import that a statement belongs to. */
export const importRun = { id: crypto.randomUUID(), actor: "test", sourceName: "students", at: new Date(0) };

/** Returns an import's setup. Settings of the organization are as given, else the defaults. */
export function importSetup(style: Setup["style"], name: string, settings: object = {}): Setup {
  const source = { number: 4, rank: 2, name, announcedChange: null, ...sourceSettingsSchema.parse({}) };
  return {
    source,
    sources: [
      { number: 3, rank: 1 },
      { number: 4, rank: 2 },
      { number: 5, rank: 3 },
    ],
    style,
    rules: styleRules(style),
    settings: settingsSchema.parse(settings),
    unusualGroups: [],
    rowsEpoch: 1,
    isFirstOfSource: false,
    state: "",
  };
}

/** Contexts in which statements of an import differ, by a description. */
export function importContexts(): [string, ImportContext][] {
  const spared = [
    { protectManual: true, protectSelfRegistered: true, requireEmail: true, requireGroup: true },
    { protectManual: false, protectSelfRegistered: false, requireEmail: false, requireGroup: false },
  ];
  return styles.flatMap((style) =>
    ["default", "students"].flatMap((name) =>
      spared.flatMap((settings) =>
        [false, true].flatMap((knowsNobody) =>
          [false, true].map((holdsRemovals): [string, ImportContext] => [
            JSON.stringify({ style, name, ...settings, knowsNobody, holdsRemovals }),
            {
              ...importContext(1, importSetup(style, name, settings), 7, knowsNobody),
              holdsRemovals,
              ownsPrimaryEmail: holdsRemovals,
            },
          ]),
        ),
      ),
    ),
  );
}
