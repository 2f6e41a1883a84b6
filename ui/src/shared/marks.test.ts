import { describe, expect, it } from "vitest";
import { excerpt, pieces } from "./marks";

const joined = (text: string, ...rest: [Parameters<typeof pieces>[1], Parameters<typeof pieces>[2]]): string =>
  pieces(text, ...rest)
    .map((piece) => piece.text)
    .join("");

describe("pieces", () => {
  it("marks_words_after_an_emoji_at_the_right_place", () => {
    const text = "🦉🦉 an owl left";
    const start = text.indexOf("owl");
    const marked = pieces(text, null, [{ start, end: start + 3 }]).filter(({ matched }) => matched);
    expect(marked.map((piece) => piece.text), "spans count UTF-16 units, as slice does").toEqual(["owl"]);
  });

  it("marks_chinese_and_japanese_words_at_the_right_place", () => {
    const text = "朝早く糺の森を歩いた。森は静か。";
    const marked = pieces(text, { start: 0, end: 11 }, [
      { start: 5, end: 6 },
      { start: 11, end: 12 },
    ]);
    expect(marked.filter(({ matched }) => matched).map((piece) => piece.text)).toEqual(["森", "森"]);
    expect(marked.filter(({ quoted }) => quoted).map((piece) => piece.text).join(""), "the quote is the first sentence").toBe(
      "朝早く糺の森を歩いた。",
    );
  });

  it("never_cuts_a_character_in_two", () => {
    const cut = pieces("a🌸b", null, [{ start: 2, end: 3 }]);
    expect(() => cut.map(({ text }) => encodeURIComponent(text)), "a lone half can't be encoded").not.toThrow();
  });

  it("leaves_the_text_whole_whatever_the_spans", () => {
    const text = "two big beeches 🌳 stand";
    expect(joined(text, { start: 4, end: 999 }, [{ start: 0, end: 7 }, { start: 3, end: 5 }, { start: 9, end: 2 }])).toBe(text);
  });
});

describe("excerpt", () => {
  it("keeps_the_quote_and_its_matches_in_a_long_passage", () => {
    const text = `${"before ".repeat(120)}The beech is old. ${"after ".repeat(120)}`;
    const start = text.indexOf("The beech");
    const quote = { start, end: start + 17 };
    const short = excerpt(text, quote);
    expect(short.end - short.start, "a list shows little of a long passage").toBeLessThan(500);
    const shown = pieces(text, quote, [{ start: start + 4, end: start + 9 }, { start: 0, end: 6 }], short);
    expect(shown.filter(({ quoted }) => quoted).map((piece) => piece.text).join("")).toBe("The beech is old.");
    expect(shown.filter(({ matched }) => matched).map((piece) => piece.text), "what lies outside is not marked").toEqual(["beech"]);
    expect(shown.map((piece) => piece.text).join(""), "the pieces are the stretch").toBe(text.slice(short.start, short.end));
  });

  it("leaves_a_short_passage_alone", () => {
    expect(excerpt("Short.", { start: 0, end: 6 })).toEqual({ start: 0, end: 6 });
  });
});
