import { fireEvent, render, screen } from "@testing-library/svelte";
import { expect, it } from "vitest";
import { NetworkState } from "../../state/network.svelte";
import { handPlatform, networkOf, settle, unavailable, type HandPlatform } from "../../testing/platform";
import { openWindow } from "../../testing/window";
import { commandsOf } from "../../commands";
import type { Network } from "../../wire/Network";
import type { NetworkCall } from "../../wire/NetworkCall";
import type { NetworkHost } from "../../wire/NetworkHost";
import NetworkCalls from "./NetworkCalls.svelte";

const callOf = (part: Partial<NetworkCall> = {}): NetworkCall => ({
  at: "2026-11-20T08:00:00Z",
  host: "reports.example",
  purpose: "crash_report",
  outcome: "answered",
  status: 200,
  sent_bytes: 4_000,
  received_bytes: 300,
  ...part,
});

const hostOf = (part: Partial<NetworkHost> = {}): NetworkHost => ({
  host: "reports.example",
  purpose: "crash_report",
  calls: 3,
  last_at: "2026-11-20T08:00:00Z",
  sent_bytes: 12_000,
  received_bytes: 900,
  uncounted: 0,
  ...part,
});

const called = (part: Partial<Network> = {}): Network => networkOf({ since: "2026-11-12T08:00:00Z", hosts: [hostOf()], calls_in_all: 3, ...part });

async function shown(network: Network): Promise<{ platform: HandPlatform; state: NetworkState }> {
  const platform = handPlatform();
  const state = new NetworkState(platform);
  render(NetworkCalls, { state });
  const loading = state.load();
  platform.next("network").answer(network);
  await loading;
  await settle();
  return { platform, state };
}

const said = (): string => screen.getByTestId("network-said").textContent ?? "";

it("the_first_sentence_says_what_has_left", async () => {
  const { platform, state } = await shown(networkOf());
  expect(said()).toBe("No other computer was called in the last 90 days.");
  expect(screen.queryByRole("table"), "there is nothing to list").toBeNull();
  const tell = async (network: Network): Promise<string> => {
    const loading = state.load();
    platform.next("network").answer(network);
    await loading;
    await settle();
    return said();
  };
  expect(await tell(called())).toMatch(/^Since .*2026.*: 3 calls to reports\.example, 12 KB sent\.$/);
  const two = [hostOf({ uncounted: 1 }), hostOf({ host: "other.example", calls: 1 })];
  expect(await tell(called({ hosts: two }))).toContain("4 calls to 2 addresses, at least 24 KB sent.");
  expect(await tell(networkOf({ unread_lines: 2 })), "who can't read all of it does not say nothing").toBe("No call to another computer is known.");
  expect(screen.getByTestId("network-unread").textContent).toContain("2 lines");
});

it("the_calls_of_one_computer_are_read_when_it_is_opened_and_more_when_asked", async () => {
  const { platform, state } = await shown(called({ hosts: [hostOf({ calls: 70 })] }));
  const opener = screen.getByTestId("network-open");
  expect(opener.getAttribute("aria-expanded")).toBe("false");
  await fireEvent.click(opener);
  const first = platform.next("network");
  expect(first.params).toEqual({ host: "reports.example", purpose: "crash_report", offset: 0, limit: 50 });
  const calls = Array.from({ length: 70 }, () => callOf());
  calls[0] = callOf({ outcome: "no_end", status: null, sent_bytes: null, received_bytes: null });
  first.answer(called({ hosts: [hostOf({ calls: 70 })], calls: calls.slice(0, 50), calls_in_all: 70 }));
  const rows = await screen.findAllByTestId("network-call");
  expect(rows).toHaveLength(50);
  expect(rows[0]?.textContent).toContain("its end was not noted");
  expect(rows[0]?.textContent).toContain("not known");
  expect(rows[1]?.textContent).toContain("answered (200)");
  expect(opener.getAttribute("aria-expanded")).toBe("true");
  expect(screen.getByTestId("network-more").textContent).toBe("Show 20 more");
  await fireEvent.click(screen.getByTestId("network-more"));
  const second = platform.next("network");
  expect(second.params).toMatchObject({ limit: 100 });
  second.answer(called({ calls, calls_in_all: 70 }));
  await expect.poll(() => screen.getAllByTestId("network-call").length).toBe(70);
  expect(screen.queryByTestId("network-more")).toBeNull();

  const again = state.load();
  expect(platform.next("network").params, "what comes later is read as far").toMatchObject({ host: "reports.example", limit: 100 });
  await fireEvent.click(opener);
  expect(screen.queryByTestId("network-call")).toBeNull();
  expect(platform.pending, "closing asks nothing").toEqual([]);
  void again;
});

it("the_calls_of_one_computer_are_never_listed_under_another", async () => {
  const hosts = [hostOf(), hostOf({ host: "other.example" })];
  const { platform } = await shown(called({ hosts }));
  const openers = screen.getAllByTestId("network-open");
  await fireEvent.click(openers[0]!);
  platform.next("network").answer(called({ hosts, calls: [callOf(), callOf(), callOf()] }));
  expect(await screen.findAllByTestId("network-call")).toHaveLength(3);
  await fireEvent.click(openers[1]!);
  expect(screen.queryByTestId("network-call"), "while they are read").toBeNull();
  platform.next("network").fail(unavailable);
  await settle();
  expect(screen.queryByTestId("network-call"), "and when they can't be").toBeNull();
});

it("the_switch_says_what_is_the_case", async () => {
  const { platform, state } = await shown(networkOf());
  const box = screen.getByTestId("offline") as HTMLInputElement;
  await fireEvent.click(box);
  const turning = platform.next("offline_set");
  expect(turning.params).toEqual({ on: true });
  expect(box.disabled).toBe(true);
  turning.fail(unavailable);
  await settle();
  platform.next("network").answer(networkOf());
  expect((await screen.findByTestId("offline-failed")).textContent).toContain("could not be kept");
  await expect.poll(() => box.checked).toBe(false);
  await fireEvent.click(box);
  platform.next("offline_set").answer(networkOf({ offline: true }));
  await settle();
  platform.next("network").answer(networkOf({ offline: true }));
  await expect.poll(() => state.offline).toBe(true);
  expect(box.checked).toBe(true);
  expect(screen.queryByTestId("offline-failed")).toBeNull();
});

it("a_choice_that_can_not_be_read_can_be_made_anew", async () => {
  const { platform } = await shown(networkOf({ offline: true, unreadable: true }));
  expect((screen.getByTestId("offline") as HTMLInputElement).checked).toBe(true);
  await fireEvent.click(screen.getByTestId("stay-offline"));
  expect(platform.next("offline_set").params).toEqual({ on: true });
});

it("a_list_that_can_not_be_read_is_not_an_empty_one", async () => {
  const { platform } = await shown(networkOf({ problem: "permission denied" }));
  expect(screen.queryByTestId("network-said")).toBeNull();
  expect(screen.getByRole("alert").textContent).toContain("permission denied");
  await fireEvent.click(screen.getByTestId("offline"));
  expect(platform.next("offline_set").params, "the switch does without it").toEqual({ on: true });
});

it("what_can_not_be_asked_can_be_asked_again", async () => {
  const platform = handPlatform();
  const state = new NetworkState(platform);
  render(NetworkCalls, { state });
  const loading = state.load();
  platform.next("network").fail(unavailable);
  await loading;
  await fireEvent.click(await screen.findByRole("button", { name: "Try again" }));
  platform.next("network").answer(networkOf());
  await expect.poll(() => screen.queryByTestId("network-said")).not.toBeNull();
});

it("the_palette_goes_offline_and_the_window_shows_it", async () => {
  const { app } = await openWindow("reports", "#/recall");
  await expect.poll(() => app.network.network).not.toBeNull();
  const run = (id: string): void => commandsOf(app).find((command) => command.id === id)?.run();
  expect(screen.queryByTestId("offline-sign")).toBeNull();
  run("go-offline");
  const sign = await screen.findByTestId("offline-sign");
  expect(sign.getAttribute("href")).toBe("#/settings/privacy");
  await expect.poll(() => app.toasts.shown.at(-1)?.text).toBe("Oldgrowth is offline.");
  await expect.poll(() => app.reports.reports?.offline).toBe(true);
  run("go-online");
  await expect.poll(() => screen.queryByTestId("offline-sign")).toBeNull();
  await expect.poll(() => app.toasts.shown.at(-1)?.text).toBe("Oldgrowth is online.");
});
