import { expect, it } from "vitest";
import type { TreeRow } from "../../wire/TreeRow";
import { previewOf, titleOf } from "./words";

const row = (kind: TreeRow["kind"], title: string, preview: string): TreeRow => ({ id: "a", kind, title, preview, children: 0, passages: 1, first_happened_at: null, last_happened_at: null, degraded: false });

it("shows the words of a summary without the signs in them", () => {
  const summary = row("summary", "- Under **Recall**, answers come", "Give it a [folder](a/b.md) of `notes`.");
  expect([titleOf(summary), previewOf(summary)]).toEqual(["Under Recall, answers come", "Give it a folder of notes."]);
  expect(previewOf(row("chunk", "", "5. Under **Sources** the ledger"))).toBe("5. Under Sources the ledger");
});

it("leaves the names of files and folders as they are", () => {
  expect(titleOf(row("chunk", "__init__.md · 5*3*2", ""))).toBe("__init__.md · 5*3*2");
  expect(titleOf(row("source", "**drafts**", "/home/ada/**drafts**"))).toBe("**drafts**");
});
