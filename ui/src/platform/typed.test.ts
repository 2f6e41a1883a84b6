import { expect, it } from "vitest";
import { handPlatform } from "../testing/platform";
import type { Platform } from "./index";

/** Never run: the type check proves each line. An expected error that does not come is itself an error. */
export function misuse(platform: Platform): void {
  void platform.call("status", {});
  // @ts-expect-error a method that does not exist
  void platform.call("statsu", {});
  // @ts-expect-error an argument that is missing
  void platform.call("show", {});
  // @ts-expect-error an argument of the wrong type
  void platform.call("show", { id: 7 });
  // @ts-expect-error an argument that the method does not take
  void platform.call("show", { id: "a", limit: 3 });
  // @ts-expect-error an answer that has no such field
  void platform.call("ledger", {}).then((ledger) => ledger.hits);
  // @ts-expect-error nothing that a window can do
  void platform.act("zoom");
  // @ts-expect-error a command that no menu names
  void platform.onCommand((id) => id === "nots");
  // @ts-expect-error a kind of dialog that does not exist
  void platform.pickPaths("folders");
}

it("a_wrong_call_does_not_pass_the_type_check", () => {
  expect(typeof misuse(handPlatform()), "the lines above are checked by ui:check").toBe("undefined");
});
