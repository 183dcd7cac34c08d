import { type CSSVariablesResolver, createTheme, type MantineColorsTuple } from "@mantine/core";

/** The green of the sign-in pages. Shade 8 on white has a contrast of 9 : 1. */
const green: MantineColorsTuple = [
  "#f0fdf4",
  "#dcfce7",
  "#bbf7d0",
  "#86efac",
  "#4ade80",
  "#22a455",
  "#15803d",
  "#166534",
  "#14532d",
  "#0b3a1e",
];

/** Look of the console: the system's font, clear contrasts, and focus rings that keyboards need. */
export const theme = createTheme({
  primaryColor: "green",
  primaryShade: { light: 7, dark: 6 },
  colors: { green },
  fontFamily: "system-ui, -apple-system, Segoe UI, Roboto, Helvetica, Arial, sans-serif",
  headings: { fontWeight: "650" },
  defaultRadius: "md",
  cursorType: "pointer",
  focusRing: "auto",
});

/** Colours with a contrast of at least 4.5 : 1, which Mantine's own dimmed text and red lack on white. */
export const contrasts: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    "--mantine-color-dimmed": "#5c636a",
    "--mantine-color-red-text": "#c92a2a",
    "--mantine-color-orange-light-color": "#a8380a",
  },
  dark: { "--mantine-color-dimmed": "#a6adb4", "--mantine-color-red-text": "#ff8787" },
});
