import { render, screen } from "@testing-library/svelte";
import { expect, it } from "vitest";
import { CharacterKeys } from "../../state/keys.svelte";
import ShortcutSheet from "./ShortcutSheet.svelte";

async function row(mac: boolean, name: string): Promise<HTMLElement> {
  render(ShortcutSheet, { open: true, keys: new CharacterKeys(), onclose: () => {}, mac });
  const rows = await screen.findAllByTestId("shortcut");
  const found = rows.find(({ dataset }) => dataset["shortcut"] === name);
  if (found === undefined) throw new Error(`the sheet has no row for ${name}`);
  return found;
}

const caps = (found: HTMLElement): string[] => [...found.querySelectorAll("kbd [aria-hidden]")].map(({ textContent }) => textContent);

it("control_is_shown_as_control", async () => {
  expect(caps(await row(false, "palette"))).toEqual(["Ctrl", "K"]);
});

it("control_is_shown_as_command_on_macos_and_a_sign_is_said_as_a_word", async () => {
  const found = await row(true, "palette");
  expect(caps(found)).toEqual(["⌘", "K"]);
  expect(found.querySelector("kbd .visually-hidden")?.textContent.trim()).toBe("Command");
});
