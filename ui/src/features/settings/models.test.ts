import { fireEvent, render, screen } from "@testing-library/svelte";
import { expect, it } from "vitest";
import { FakeModels } from "../../platform/fake/models";
import { ModelsState } from "../../state/models.svelte";
import { handPlatform, modelsOf, settle, unavailable } from "../../testing/platform";
import { openWindow } from "../../testing/window";
import type { ModelChosen } from "../../wire/ModelChosen";
import { t } from "../../strings";
import type { ModelRole } from "../../wire/ModelRole";
import type { Models as Value } from "../../wire/Models";
import Models from "./Models.svelte";

const chosenOf = (part: Partial<ModelChosen> = {}): ModelChosen => ({ address: "http://localhost:11434/v1", host: "localhost:11434", model: "little", here: true, encrypted: false, agreed: false, untried: false, key: null, trouble: null, ...part });

const elsewhere = { address: "https://api.example/v1", host: "api.example", here: false, encrypted: true } as const;

async function shown(value: Value) {
  const platform = handPlatform();
  const state = new ModelsState(platform);
  render(Models, { state });
  const loading = state.load();
  platform.next("models").answer(value);
  await loading;
  await settle();
  return { platform, state };
}

const type = (testid: string, value: string): Promise<boolean> => fireEvent.input(screen.getByTestId(testid), { target: { value } });

it("a_server_is_named_then_asked_for_its_models_and_one_of_them_is_chosen", async () => {
  const { platform } = await shown(modelsOf());
  expect(screen.getByTestId("models-built-in")).not.toBeNull();
  await fireEvent.click(screen.getAllByTestId("model-usual")[0]!);
  expect((screen.getByTestId("model-server") as HTMLInputElement).value).toBe("localhost:11434");
  await fireEvent.click(screen.getByTestId("model-server-save"));
  const choosing = platform.next("model_choose");
  expect(choosing.params).toEqual({ role: "summaries", address: "localhost:11434", model: "" });
  choosing.answer(modelsOf({ summaries: chosenOf({ model: "" }) }));
  await settle();
  expect((screen.getByTestId("model-test") as HTMLButtonElement).disabled, "there is no model to be tried").toBe(true);
  await fireEvent.click(screen.getByTestId("model-list"));
  platform.next("model_names").answer({ names: ["larger", "little"] });
  await settle();
  const select = screen.getByTestId("model-name") as HTMLSelectElement;
  expect([...select.options].map(({ text }) => text)).toEqual(["Choose a model", "larger", "little"]);
  await fireEvent.change(select, { target: { value: "little" } });
  expect(platform.next("model_choose").params).toEqual({ role: "summaries", address: "http://localhost:11434/v1", model: "little" });
});

it("a_model_that_the_server_does_not_list_stays_to_be_chosen", async () => {
  const { platform } = await shown(modelsOf({ summaries: chosenOf({ model: "mine" }) }));
  await fireEvent.click(screen.getByTestId("model-list"));
  platform.next("model_names").answer({ names: ["little"] });
  await settle();
  const select = screen.getByTestId("model-name") as HTMLSelectElement;
  expect([select.value, select.options.length]).toEqual(["mine", 2]);
});

it("the_models_of_one_server_are_never_offered_for_another", async () => {
  const { platform, state } = await shown(modelsOf({ summaries: chosenOf() }));
  await fireEvent.click(screen.getByTestId("model-list"));
  platform.next("model_names").answer({ names: ["little"] });
  await settle();
  const choosing = state.choose("server", "localhost:1", "");
  platform.next("model_choose").answer(modelsOf({ summaries: chosenOf({ address: "http://localhost:1/v1", model: "" }) }));
  await choosing;
  await settle();
  expect(screen.getByTestId("model-name").tagName).toBe("INPUT");
});

it("a_key_is_handed_over_once_and_shown_to_nobody", async () => {
  const { platform } = await shown(modelsOf({ summaries: chosenOf(elsewhere) }));
  const field = screen.getByTestId("model-key") as HTMLInputElement;
  expect(field.type).toBe("password");
  await type("model-key", "sk-123");
  await fireEvent.click(screen.getByTestId("model-key-save"));
  const keeping = platform.next("model_key_set");
  expect(keeping.params).toEqual({ role: "summaries", key: "sk-123" });
  expect(field.value, "it leaves the page at once").toBe("");
  keeping.answer(modelsOf({ summaries: chosenOf({ ...elsewhere, key: "file" }) }));
  await settle();
  expect(screen.queryByTestId("model-key")).toBeNull();
  expect(screen.getByTestId("model-key-kept").textContent, "where it lies is said").toContain("a file that you alone may read");
  expect(document.body.innerHTML).not.toContain("sk-123");
  await fireEvent.click(screen.getByTestId("model-key-remove"));
  expect(platform.next("model_key_set").params).toEqual({ role: "summaries", key: null });
});

it("a_yes_names_the_computer_and_is_a_yes_to_the_address_that_was_shown", async () => {
  const { platform } = await shown(modelsOf({ summaries: chosenOf(elsewhere) }));
  const box = screen.getByTestId("model-agree") as HTMLInputElement;
  expect(box.closest("label")!.textContent).toContain("leave for api.example");
  await fireEvent.click(box);
  const agreeing = platform.next("model_agree");
  expect(agreeing.params).toEqual({ role: "summaries", address: "https://api.example/v1", on: true });
  agreeing.fail({ code: "busy", message: "another address is chosen by now", hint: null });
  await settle();
  expect(screen.getByTestId("models-failed").textContent).toContain("Another address");
  expect(box.checked, "the box says what is the case").toBe(false);
});

it("this_computer_needs_no_yes_and_has_no_limits", async () => {
  await shown(modelsOf({ summaries: chosenOf() }));
  expect(screen.getByTestId("model-here")).not.toBeNull();
  expect(screen.queryByTestId("model-agree")).toBeNull();
  expect(screen.queryByTestId("model-calls")).toBeNull();
});

it("a_way_that_is_not_encrypted_is_told", async () => {
  await shown(modelsOf({ summaries: chosenOf({ ...elsewhere, encrypted: false }) }));
  expect(screen.getByTestId("model-open").textContent).toContain("not encrypted");
});

it("a_trial_says_in_plain_words_whether_it_works_and_can_be_stopped", async () => {
  const { platform } = await shown(modelsOf({ summaries: chosenOf() }));
  await fireEvent.click(screen.getByTestId("model-test"));
  await fireEvent.click(screen.getByTestId("model-stop"));
  platform.next("model_trial_cancel").answer({});
  platform.next("model_test").fail({ code: "cancelled", message: "it was called off", hint: null });
  await settle();
  platform.next("models").answer(modelsOf({ summaries: chosenOf() }));
  await settle();
  expect(screen.queryByTestId("models-failed"), "who has stopped it knows").toBeNull();
  await fireEvent.click(screen.getByTestId("model-test"));
  platform.next("model_test").fail({ code: "unavailable", message: "nothing takes calls at this address", hint: "start the server" });
  await settle();
  platform.next("models").answer(modelsOf({ summaries: chosenOf() }));
  await settle();
  expect(screen.getByTestId("models-failed").textContent).toContain("Start the server");
  await fireEvent.click(screen.getByTestId("model-test"));
  platform.next("model_test").answer({ took_ms: 1240 });
  await settle();
  platform.next("models").answer(modelsOf({ summaries: chosenOf() }));
  await settle();
  expect(screen.getByTestId("model-works").textContent).toContain("1.2 s");
  expect(screen.queryByTestId("models-failed")).toBeNull();
});

it("limits_are_whole_numbers_and_say_what_has_left_today", async () => {
  const { platform } = await shown(modelsOf({ summaries: chosenOf(elsewhere), calls_today: 3, bytes_today: 12_000 }));
  expect(screen.getByTestId("model-today").textContent).toContain("3 calls");
  const save = screen.getByTestId("model-limits-save") as HTMLButtonElement;
  expect(save.disabled, "nothing was changed").toBe(true);
  for (const wrong of ["", "-1", "1.5", "many", "100001"]) {
    await type("model-calls", wrong);
    expect(save.disabled, wrong).toBe(true);
  }
  await type("model-calls", "20");
  await type("model-megabytes", "2");
  await fireEvent.click(save);
  expect(platform.next("model_limits_set").params).toEqual({ calls_max: 20, bytes_max: 2_000_000 });
});

it("a_model_that_is_away_says_why_and_what_happens_meanwhile", async () => {
  const trouble = { cause: "the server failed (status 500)", next: "it is tried again by itself", since: "2026-11-20T09:00:00Z", until: "2026-11-20T09:10:00Z" };
  await shown(modelsOf({ summaries: chosenOf({ trouble }) }));
  expect(screen.getByTestId("models-trouble").textContent).toContain("The server failed (status 500). It is tried again by itself.");
});

it("what_can_not_be_asked_can_be_asked_again", async () => {
  const platform = handPlatform();
  const state = new ModelsState(platform);
  render(Models, { state });
  const loading = state.load();
  platform.next("models").fail(unavailable);
  await loading;
  await fireEvent.click(await screen.findByRole("button", { name: "Try again" }));
  platform.next("models").answer(modelsOf());
  expect(await screen.findByTestId("models-built-in")).not.toBeNull();
});

it("the_privacy_section_says_where_texts_go", async () => {
  const { app } = await openWindow("service", "#/settings/privacy");
  await expect.poll(() => app.models.leavesFor).toEqual([{ role: "summaries", host: "api.a-service-of-models.example" }]);
  await expect.poll(() => screen.queryByTestId("what-leaves")?.textContent).toContain("Texts of your memories go to api.a-service-of-models.example when summaries are made. Nothing else leaves");
  await fireEvent.click(screen.getByTestId("model-agree"));
  await expect.poll(() => screen.queryByTestId("what-leaves")?.textContent).toBe("Nothing leaves this computer.");
});

it("each_role_has_a_server_of_its_own_and_what_it_is_for_is_said", async () => {
  const { platform } = await shown(modelsOf({ summaries: chosenOf(), embeddings: chosenOf({ ...elsewhere, untried: true }) }));
  await fireEvent.change(screen.getByTestId("model-role"), { target: { value: "embeddings" } });
  expect((screen.getByTestId("model-server") as HTMLInputElement).value).toBe(elsewhere.address);
  expect(screen.getByTestId("model-agree").closest("label")!.textContent).toContain("All passages, with who said them and on which day, and each question, are sent to api.example");
  expect(document.body.textContent).toContain("used once it has passed");
  await fireEvent.click(screen.getByTestId("model-test"));
  const testing = platform.next("model_test");
  expect(testing.params).toEqual({ role: "embeddings" });
  testing.answer({ took_ms: 80 });
  await settle();
  platform.next("models").answer(modelsOf({ embeddings: chosenOf({ ...elsewhere, agreed: true }) }));
  await settle();
  expect(document.body.textContent).not.toContain("used once it has passed");
  await fireEvent.change(screen.getByTestId("model-role"), { target: { value: "reranking" } });
  expect(screen.queryByTestId("models-built-in"), "none is chosen for it").not.toBeNull();
  expect(screen.queryByTestId("model-works"), "that was another").toBeNull();
  await type("model-server", "localhost:8080");
  await fireEvent.click(screen.getByTestId("model-server-save"));
  expect(platform.next("model_choose").params).toEqual({ role: "reranking", address: "localhost:8080", model: "" });
});

it("texts_leave_for_each_role_as_it_was_chosen_and_agreed_to", async () => {
  const { platform, state } = await shown(modelsOf({ summaries: chosenOf(), embeddings: chosenOf({ ...elsewhere, agreed: true }), reranking: chosenOf(elsewhere) }));
  expect(state.leavesFor, "here, agreed to, and not agreed to").toEqual([{ role: "embeddings", host: "api.example" }]);
  void state.load();
  platform.next("models").answer(modelsOf({ embeddings: chosenOf({ ...elsewhere, agreed: true, untried: true }) }));
  await settle();
  expect(state.leavesFor, "it is not used yet").toEqual([]);
});

it("while_a_test_runs_nothing_of_what_is_tested_can_be_changed", async () => {
  const { platform } = await shown(modelsOf({ embeddings: chosenOf({ ...elsewhere, key: "file" }) }));
  await fireEvent.change(screen.getByTestId("model-role"), { target: { value: "embeddings" } });
  await type("model-server", "localhost:1");
  await type("model-name", "other");
  await type("model-calls", "7");
  const changes = ["model-role", "model-server-save", "model-name-save", "model-key-replace", "model-key-remove", "model-agree", "model-clear", "model-limits-save"];
  const disabled = (): string[] => changes.filter((one) => (screen.getByTestId(one) as HTMLButtonElement).disabled);
  expect(disabled()).toEqual([]);
  await fireEvent.click(screen.getByTestId("model-test"));
  expect(disabled()).toEqual(changes);
  platform.next("model_test").answer({ took_ms: 80 });
  await settle();
  platform.next("models").answer(modelsOf({ embeddings: chosenOf({ ...elsewhere, key: "file" }) }));
  await settle();
  expect(disabled()).toEqual([]);
});

it("what_leaves_and_what_happens_without_a_model_is_said_of_each_role", async () => {
  const trouble = { cause: "it took too long to answer", next: "wait", since: "2026-11-20T09:00:00Z", until: "2026-11-20T09:10:00Z" };
  const one = chosenOf({ ...elsewhere, agreed: true, trouble });
  await shown(modelsOf({ summaries: one, embeddings: one, reranking: one }));
  for (const [role, leaves, meanwhile] of [
    ["summaries", "Let texts of my memories leave", "what is built in makes them"],
    ["embeddings", "Let my questions and texts of my memories leave", "found by their words alone"],
    ["reranking", "Let my questions and texts of my memories leave", "keeps its order"],
  ] as const) {
    await fireEvent.change(screen.getByTestId("model-role"), { target: { value: role } });
    expect(screen.getByTestId("model-agree").closest("label")!.textContent).toContain(leaves);
    expect(screen.getByTestId("models-trouble").textContent).toContain(meanwhile);
  }
  expect(t.privacy.leaves(null, [{ role: "embeddings", host: "api.example" }], false)).toContain("Your questions and texts of your memories go to api.example");
});

it("a_made_up_server_has_one_key_and_stays_tried_as_a_real_one_does", async () => {
  const fake = new FakeModels("", () => {}, () => false);
  const choose = (role: ModelRole, model: string): Value => fake.choose({ role, address: "https://api.example", model });
  choose("summaries", "little");
  fake.setKey({ role: "summaries", key: "sk-123" });
  expect(choose("embeddings", "little").embeddings).toMatchObject({ key: "keychain", untried: true });
  await fake.test({ role: "embeddings" });
  expect(choose("embeddings", "little").embeddings!.untried, "nothing is other").toBe(false);
  expect(choose("embeddings", "larger").embeddings!.untried).toBe(true);
  expect(fake.setKey({ role: "embeddings", key: null }).summaries!.key).toBeNull();
});
