import { said } from "../../shared/format";
import type { NameRow } from "../../wire/NameRow";

/** What it is called, days in the person's own way. */
export const calledOf = ({ kind, name }: Pick<NameRow, "kind" | "name">): string => (kind === "date" ? said(name) : name);
