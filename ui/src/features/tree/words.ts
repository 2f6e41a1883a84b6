import { bareWords } from "../../shared/markdown";
import type { TreeRow } from "../../wire/TreeRow";

/** A summary's title is its first sentence, taken from what it read with the signs in it. */
export const titleOf = ({ kind, title }: TreeRow): string => (kind === "summary" ? bareWords(title) : title);

export const previewOf = ({ preview }: TreeRow): string => bareWords(preview);
