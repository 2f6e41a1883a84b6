import { t } from "../strings";
import type { ComponentCode } from "../wire/ComponentCode";
import type { NameKind } from "../wire/NameKind";

/** The steps of the introduction. */
export const welcomeSteps = ["begin", "bring", "ask"] as const;
export type WelcomeStep = (typeof welcomeSteps)[number];

/** The sections of the settings, in their order. */
export const settingsSections = ["place", "storage", "backup", "models", "privacy", "looks", "keyboard", "window", "limits", "about"] as const;
export type SettingsSection = (typeof settingsSections)[number];

/** The kinds of what is named, in their order. */
export const nameKinds: readonly NameKind[] = ["person", "organisation", "place", "email", "link", "handle", "tag", "date", "money"];

/** What the doctor's place can be opened at: what has happened, or one check. */
export type DoctorAt = "timeline" | ComponentCode;

function doctorAt(name: string | undefined): DoctorAt | null {
  if (name === "timeline") return name;
  return name !== undefined && Object.hasOwn(t.doctor.codes, name) ? (name as ComponentCode) : null;
}

/** The filters of Recall, none of them set. */
export const noFilters = { source: "", from: "", to: "", kind: "", author: "", tag: "" };
export type Filters = typeof noFilters;
const filters = Object.keys(noFilters) as (keyof Filters)[];

/** The places of the window and their addresses. */
export type Route =
  | { place: "welcome"; step: WelcomeStep }
  | ({ place: "recall"; question: string } & Filters)
  | { place: "tree"; id: string | null }
  | { place: "memory"; id: string }
  | { place: "people"; id?: string; kind?: NameKind; part?: string; page?: number }
  | { place: "sources" }
  | { place: "import"; batch: string }
  | { place: "activity" }
  | { place: "doctor"; at?: DoctorAt }
  | { place: "settings"; section?: SettingsSection };

export type Place = Route["place"];

export const recallHome: Extract<Route, { place: "recall" }> = { place: "recall", question: "", ...noFilters };

/** Reads an address. What it does not know leads home. */
export function parseRoute(hash: string): Route {
  const address = hash.replace(/^#\/?/, "");
  // A question may hold question marks itself; only the first one parts path and query.
  const mark = address.indexOf("?");
  const path = mark < 0 ? address : address.slice(0, mark);
  const query = mark < 0 ? "" : address.slice(mark + 1);
  const [first, second, third] = path.split("/").map(decode);
  switch (first) {
    case "welcome":
      return { place: "welcome", step: welcomeSteps.find((step) => step === second) ?? "begin" };
    case "tree":
      return { place: "tree", id: second || null };
    case "memory":
      return second ? { place: "memory", id: second } : recallHome;
    case "people":
      return second ? { place: "people", id: second } : namesAt(new URLSearchParams(query));
    case "sources":
      return second === "import" && third ? { place: "import", batch: third } : { place: "sources" };
    case "activity":
      return { place: "activity" };
    case "doctor": {
      const at = doctorAt(second);
      return at === null ? { place: "doctor" } : { place: "doctor", at };
    }
    case "settings": {
      const section = settingsSections.find((name) => name === second);
      return section === undefined ? { place: "settings" } : { place: "settings", section };
    }
    default: {
      const values = new URLSearchParams(query);
      const route = { ...recallHome, question: values.get("q") ?? "" };
      for (const name of filters) route[name] = values.get(name) ?? "";
      return route;
    }
  }
}

export function href(route: Route): string {
  switch (route.place) {
    case "welcome":
      return route.step === "begin" ? "#/welcome" : `#/welcome/${route.step}`;
    case "recall": {
      const values = new URLSearchParams();
      if (route.question) values.set("q", route.question);
      for (const name of filters) if (route[name]) values.set(name, route[name]);
      return values.size > 0 ? `#/recall?${values}` : "#/recall";
    }
    case "tree":
      return route.id === null ? "#/tree" : `#/tree/${encodeURIComponent(route.id)}`;
    case "memory":
      return `#/memory/${encodeURIComponent(route.id)}`;
    case "people": {
      if (route.id !== undefined) return `#/people/${encodeURIComponent(route.id)}`;
      const values = new URLSearchParams();
      if (route.kind !== undefined && route.kind !== "person") values.set("kind", route.kind);
      if (route.part) values.set("q", route.part);
      if (route.page !== undefined && route.page > 1) values.set("page", String(route.page));
      return values.size > 0 ? `#/people?${values}` : "#/people";
    }
    case "sources":
      return "#/sources";
    case "import":
      return `#/sources/import/${encodeURIComponent(route.batch)}`;
    case "activity":
      return "#/activity";
    case "doctor":
      return route.at === undefined ? "#/doctor" : `#/doctor/${route.at}`;
    case "settings":
      return route.section === undefined ? "#/settings" : `#/settings/${route.section}`;
  }
}

function namesAt(values: URLSearchParams): Route {
  const kind = nameKinds.find((name) => name === values.get("kind"));
  const part = values.get("q") ?? "";
  const page = Number(values.get("page"));
  return { place: "people", ...(kind !== undefined && { kind }), ...(part !== "" && { part }), ...(Number.isSafeInteger(page) && page > 1 && { page }) };
}

export const nameHref = (id: string): string => href({ place: "people", id });
export const memoryHref = (id: string): string => href({ place: "memory", id });
export const treeHref = (id: string): string => href({ place: "tree", id });

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
