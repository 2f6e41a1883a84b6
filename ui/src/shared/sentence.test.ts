import { expect, test } from "vitest";
import { sentence } from "./sentence";

test("a clause becomes a sentence", () => {
  expect(sentence("the disk is full")).toBe("The disk is full.");
  expect(sentence("is empty. Nothing to do.")).toBe("Is empty. Nothing to do.");
  expect(sentence("")).toBe("");
  expect(sentence("öffnen")).toBe("Öffnen.");
});
