import { parse, type AST } from "svelte/compiler";
import { expect, it } from "vitest";

const components = import.meta.glob<string>("./**/*.svelte", { query: "?raw", import: "default", eager: true });
/** Attributes whose text is read out or shown. */
const SPOKEN = new Set(["aria-label", "aria-description", "aria-roledescription", "aria-valuetext", "title", "placeholder", "alt", "label"]);
const isWord = (text: string): boolean => /\p{L}{2,}/u.test(text);

it("every_word_of_the_window_stands_in_the_catalogue", () => {
  expect(Object.keys(components).length).toBeGreaterThan(30);
  const strays: string[] = [];
  for (const [path, source] of Object.entries(components)) {
    const visit = (node: unknown): void => {
      if (Array.isArray(node)) return node.forEach(visit);
      if (typeof node !== "object" || node === null) return;
      const { type } = node as { type?: string };
      if (type === "Text") {
        const { data } = node as AST.Text;
        if (isWord(data)) strays.push(`${path}: ${data.trim()}`);
        return;
      }
      if (type === "Attribute") {
        const { name, value } = node as AST.Attribute;
        if (!SPOKEN.has(name) || value === true) return;
      }
      // Scripts and styles hold no text of the page; expressions take theirs from the catalogue.
      if (type === "Script" || type === "StyleSheet" || type === "Comment") return;
      for (const child of Object.values(node)) visit(child);
    };
    visit(parse(source, { modern: true }).fragment);
  }
  expect(strays).toEqual([]);
});

it("styles_name_no_side_of_the_page", () => {
  // Left and right change places where people read from right to left; start and end go with them.
  const sided = /(?:^|[\s;{])((?:margin|padding|border)-(?:left|right)|(?:left|right)|text-align\s*:\s*(?:left|right)|float)\s*:/m;
  const strays = Object.entries(components).flatMap(([path, source]) => {
    const style = /<style>([\s\S]*)<\/style>/.exec(source)?.[1] ?? "";
    const found = sided.exec(style);
    return found === null ? [] : [`${path}: ${found[1]}`];
  });
  expect(strays).toEqual([]);
});
