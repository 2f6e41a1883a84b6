import { day } from "../../shared/format";
import type { NameRow } from "../../wire/NameRow";

/** What it is called, days in the person's own way. */
export const calledOf = ({ kind, name }: Pick<NameRow, "kind" | "name">): string => (kind === "date" && /^\d{4}-\d{2}-\d{2}$/.test(name) ? day(name) : name);
