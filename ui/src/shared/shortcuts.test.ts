import { expect, it } from "vitest";
import { ariaKeys, isCharacterAlone, matches, shortcutNames, shortcuts, strokesOf } from "./shortcuts";

const press = (init: KeyboardEventInit): KeyboardEvent => new KeyboardEvent("keydown", init);

it("control_is_command_on_macos_and_nowhere_else", () => {
  expect(matches("palette", press({ key: "k", ctrlKey: true }), false)).toBe(true);
  expect(matches("palette", press({ key: "k", metaKey: true }), true)).toBe(true);
  expect(matches("palette", press({ key: "k", ctrlKey: true }), true), "Control-K ends a line in the fields of macOS").toBe(false);
  expect(ariaKeys("palette", false)).toBe("Control+K");
  expect(ariaKeys("palette", true)).toBe("Meta+K");
});

it("nothing_more_may_be_held_down_than_the_table_says", () => {
  expect(matches("palette", press({ key: "k", ctrlKey: true, altKey: true }), false)).toBe(false);
  expect(matches("goTree", press({ key: "2", ctrlKey: true, shiftKey: true }), false)).toBe(false);
  expect(matches("question", press({ key: "/", ctrlKey: true }), false)).toBe(false);
});

it("a_character_is_the_same_wherever_a_keyboard_has_it", () => {
  expect(matches("shortcuts", press({ key: "?", shiftKey: true }), false)).toBe(true);
  expect(matches("question", press({ key: "/", shiftKey: true, code: "Digit7" }), false), "a German keyboard").toBe(true);
  expect(matches("goRecall", press({ key: "&", code: "Digit1", ctrlKey: true }), false), "a French keyboard").toBe(true);
  expect(matches("palette", press({ key: "л", code: "KeyK", ctrlKey: true }), false), "a Russian keyboard").toBe(true);
  expect(matches("palette", press({ key: "t", code: "KeyK", ctrlKey: true }), false), "a Dvorak keyboard has its own K").toBe(false);
});

it("macos_has_its_own_way_back", () => {
  expect(matches("back", press({ key: "ArrowLeft", altKey: true }), false)).toBe(true);
  expect(matches("back", press({ key: "ArrowLeft", altKey: true }), true), "it moves by a word there").toBe(false);
  expect(matches("back", press({ key: "[", metaKey: true }), true)).toBe(true);
});

it("no_stroke_does_two_things_in_one_place", () => {
  for (const mac of [false, true]) {
    for (const group of ["recall", "memory", "tree"] as const) {
      const strokes = shortcutNames
        .filter((name) => shortcuts[name].group === "everywhere" || shortcuts[name].group === group)
        .flatMap((name) => strokesOf(name, mac).map((stroke) => JSON.stringify(stroke)));
      expect(new Set(strokes).size).toBe(strokes.length);
    }
  }
});

it("few_characters_stand_alone", () => {
  expect(shortcutNames.filter(isCharacterAlone)).toEqual(["shortcuts", "question", "why", "runChecks", "copyReport", "timeline"]);
});
