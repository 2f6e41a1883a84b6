import { fireEvent, render, screen } from "@testing-library/svelte";
import { expect, it, vi } from "vitest";
import { AppState } from "./app.svelte";
import { Failures } from "./failures";
import { FakePlatform } from "./platform/fake";
import Root from "./Root.svelte";

it("a_part_that_can_not_be_shown_is_told_and_can_be_shown_again", async () => {
  const platform = new FakePlatform("full");
  const told = vi.spyOn(platform, "pageFailed");
  const app = new AppState(platform);
  await app.start();
  const broken = vi.spyOn(app, "mayAsk", "get").mockImplementation(() => {
    throw new TypeError("Anna");
  });
  render(Root, { app, failures: new Failures(platform) });
  expect(await screen.findByTestId("broken")).toBeTruthy();
  expect(told).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ kind: "boundary", name: "TypeError" }));
  broken.mockReturnValue(false);
  await fireEvent.click(screen.getByTestId("broken-again"));
  expect(await screen.findByTestId("question-box")).toBeTruthy();
});
