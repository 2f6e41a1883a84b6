import { render } from "@testing-library/svelte";
import { describe, expect, it } from "vitest";
import type { Locator } from "../wire/Locator";
import type { Span } from "../wire/Span";
import { headingsAbove } from "./headings";
import { bareWords, isMarkdown, MARKDOWN_UNITS_MAX, markdownSetting, type Look } from "./markdown";
import Marked from "./Marked.svelte";

const looksLike = (text: string, look: Look["look"]): string[] =>
  markdownSetting(text)
    .looks.filter((one) => one.look === look)
    .toSorted((a, b) => a.start - b.start)
    .map(({ start, end }) => text.slice(start, end));

const kinds = (text: string): string[] => markdownSetting(text).lines.map(({ kind, level, depth, quotes }) => [kind, level || "", "·".repeat(depth), ">".repeat(quotes)].join(""));

const spanOf = (text: string, words: string): Span => ({ start: text.indexOf(words), end: text.indexOf(words) + words.length });

const shown = (text: string, more: { matches?: Span[]; quote?: Span; current?: Span; within?: Span } = {}): HTMLElement =>
  render(Marked, { text, markdown: true, ...more }).container;

describe("how Markdown is set", () => {
  it("headings_lists_tasks_quotes_code_and_rules_are_told_line_by_line", () => {
    expect(kinds("# A\n\n## B ##\ntext\n")).toEqual(["heading1", "blank", "heading2", "text"]);
    expect(kinds("Title\n=====\n"), "a line below a heading is a sign").toEqual(["heading1", "signs1"]);
    expect(kinds("- a\n  - [ ] b\n    more\n  - [x] c\n\n2. d")).toEqual(["bullet·", "todo··", "text··", "done··", "blank", "text·"]);
    expect(kinds("> a\n>\n> > b")).toEqual(["text>", "blank>", "text>>"]);
    expect(kinds("```js\n# no heading\n\n- no item\n```\n***")).toEqual(["signs", "code", "code", "code", "signs", "rule"]);
    expect(kinds("| a | b |\n|---|---|\n| 1 | 2 |")).toEqual(["table", "table", "table"]);
  });

  it("nested_marks_each_have_their_look", () => {
    const text = "a ***b `c` ~~d~~***";
    expect(looksLike(text, "strong")).toEqual(["**b `c` ~~d~~**"]);
    expect(looksLike(text, "emphasis")).toEqual(["***b `c` ~~d~~***"]);
    expect(looksLike(text, "hidden")).toEqual(["*", "**", "`", "`", "~~", "~~", "**", "*"]);
    expect(looksLike("1. **x** \\* y", "number")).toEqual(["1."]);
  });

  it("unclosed_marks_stay_as_they_stand", () => {
    for (const text of ["**not closed", "a `b", "[words](https://a.example", "2 * 3 * 4", "snake_case_name", "#hashtag", "~~x"]) {
      expect(bareWords(text), "nothing of it is hidden").toBe(text);
    }
  });

  it("brackets_alone_are_no_link", () => {
    expect(bareWords("as said [1], [citation needed], [[Note]] and [](https://a.example)")).toBe("as said [1], [citation needed], [[Note]] and [](https://a.example)");
    expect(looksLike('see [the *survey*](https://a.example/x "t").', "hidden")).toEqual(["[", "*", "*", '](https://a.example/x "t")']);
  });

  it("nothing_of_a_table_or_a_picture_is_hidden", () => {
    expect(looksLike("| a | `b` |\n|---|---|\n| **1** | 2 |\n\n![alt](a.png)", "hidden")).toEqual([]);
  });

  it("a_megabyte_is_set_as_it_stands_without_being_read", () => {
    const text = "**a** [b](c) `d` - e\n".repeat(50_000);
    expect(text.length).toBeGreaterThan(1_000_000);
    expect(markdownSetting(text), "reading its signs takes tens of seconds").toEqual({ lines: [], looks: [] });
    const knotty = "[*_".repeat(400);
    expect(knotty.length, "as long as a passage can be").toBe(1_200);
    const times = Array.from({ length: 5 }, () => {
      const began = performance.now();
      markdownSetting(knotty);
      return performance.now() - began;
    });
    expect(Math.min(...times), "the knottiest passage is no long task").toBeLessThan(50);
    expect(MARKDOWN_UNITS_MAX, "every passage is read").toBeGreaterThanOrEqual(2_400);
  });
});

describe("what is shown", () => {
  const text = "## The *big* beech 🌳\n\nSee **the [survey](https://a.example/1987)**:\n\n- [x] girth `5.42 m`\n  once more\n> said\n\n```\n  x = 1\n```\n| a | b |\n|---|---|\n\nשלום **עולם**\n";

  it("is_the_text_to_the_letter_signs_included", () => {
    expect(shown(text).textContent).toBe(text);
    expect(shown(text, { quote: spanOf(text, "beech 🌳\n\nSee"), matches: [spanOf(text, "big"), spanOf(text, "girth")] }).textContent).toBe(text);
  });

  it("places_stay_exact_among_the_signs", () => {
    const matches = ["big", "🌳", "survey", "5.42 m", "עולם"].map((words) => spanOf(text, words));
    const container = shown(text, { matches, quote: spanOf(text, "See **the [survey]") });
    expect([...container.querySelectorAll("mark")].map((mark) => mark.textContent)).toEqual(["big", "🌳", "survey", "5.42 m", "עולם"]);
    expect([...container.querySelectorAll("[data-quoted]")].map((quoted) => quoted.textContent).join("")).toBe("See the ");
    expect(container.querySelectorAll(".heading mark.emphasis, mark.strong.link, mark.code").length, "a match keeps the look of where it stands").toBe(3);
  });

  it("a_hidden_sign_is_shown_where_something_in_it_is_found", () => {
    const at = spanOf(text, "1987");
    const container = shown(text, { matches: [at], current: at });
    expect(container.querySelector("[data-found]")?.textContent).toBe("1987");
    expect([...container.querySelectorAll(".hidden")].some((hidden) => hidden.textContent?.includes("a.example"))).toBe(false);
    expect([...shown(text).querySelectorAll(".hidden")].some((hidden) => hidden.textContent?.includes("a.example"))).toBe(true);
  });

  it("a_stretch_keeps_the_looks_of_the_whole", () => {
    const within = spanOf(text, "once more\n> said");
    const container = shown(text, { within });
    expect(container.textContent).toBe(`… once more\n> said\u00a0…`);
    expect([...container.querySelectorAll(".line")].map((line) => line.classList.contains("quote"))).toEqual([false, true]);
  });

  it("each_line_runs_in_its_own_direction_and_code_from_left_to_right", () => {
    const lines = [...shown(text).querySelectorAll(".line")];
    expect(lines.find((line) => line.textContent?.startsWith("שלום"))?.getAttribute("dir")).toBe("auto");
    expect(lines.find((line) => line.textContent?.includes("x = 1"))?.getAttribute("dir")).toBe("ltr");
  });

  it("holds_no_link_and_no_element_of_the_document", () => {
    const container = shown("[a](https://a.example) <b>b</b> <https://b.example> ![c](https://c.example/c.png) <script>d</script>");
    expect(container.querySelectorAll("a, b, img, script").length).toBe(0);
    expect(container.textContent).toContain("<b>b</b>");
  });

  it("plain_text_stays_as_it_is", () => {
    const { container } = render(Marked, { text, markdown: false, matches: [spanOf(text, "big")] });
    expect(container.textContent).toBe(text);
    expect(container.querySelectorAll("span").length).toBe(0);
  });
});

describe("what is written in Markdown", () => {
  const at = (path: string | null): Locator => ({ path, line_first: 1, line_last: 1 });

  it("is_told_by_a_file_s_name_and_never_by_a_sign_in_it", () => {
    for (const path of ["/a/b.md", "C:\\a\\B.MD", "/a.zip/b.markdown", "/a/b.mkd"]) expect(isMarkdown(at(path), null), path).toBe(true);
    for (const path of ["/a/b.txt", "/a/b.py", "/a/b.md.txt", "/a/md", "/a/b.html", null]) expect(isMarkdown(at(path), null), String(path)).toBe(false);
  });

  it("is_what_a_chat_service_says_and_not_what_is_typed_to_it", () => {
    expect(isMarkdown(at("/a/chatgpt:6f2a"), "ChatGPT")).toBe(true);
    expect(isMarkdown(at("/a/chatgpt:6f2a"), "You"), "code is pasted there as it is").toBe(false);
  });
});

describe("headings above a passage", () => {
  it("leave_out_the_title_and_what_the_passage_begins_with_itself", () => {
    const passage = { headings: ["Trees", "North **slope**", "The `big` one"], text: "### The `big` one ###\n\nIt is old." };
    expect(headingsAbove(passage, "Trees", true)).toEqual(["North slope"]);
    expect(headingsAbove({ ...passage, text: "It is old." }, "Trees", true)).toEqual(["North slope", "The big one"]);
    expect(headingsAbove({ headings: ["# a"], text: "b" }, "c", false), "only Markdown has signs").toEqual(["# a"]);
  });
});
