import type { Route } from "../../shared/route";
import { t } from "../../strings";
import type { ComponentCode } from "../../wire/ComponentCode";

export interface Lead {
  to: Route;
  text: string;
}

const words = t.doctor.leads;

/** The place where something about a check is done by hand. */
const leads: Partial<Record<ComponentCode, Lead>> = {
  store: { to: { place: "settings", section: "backup" }, text: words.backup },
  integrity: { to: { place: "settings", section: "backup" }, text: words.backup },
  space: { to: { place: "settings", section: "storage" }, text: words.storage },
  jobs: { to: { place: "activity" }, text: words.activity },
  tree: { to: { place: "activity" }, text: words.activity },
  coverage: { to: { place: "sources" }, text: words.sources },
  long_reads: { to: { place: "settings", section: "limits" }, text: words.limits },
  backup: { to: { place: "settings", section: "backup" }, text: words.backup },
  kept_aside: { to: { place: "settings", section: "backup" }, text: words.backup },
  watched_folders: { to: { place: "sources" }, text: words.sources },
  sources: { to: { place: "sources" }, text: words.sources },
  place: { to: { place: "settings", section: "place" }, text: words.place },
};

export const leadOf = (code: ComponentCode): Lead | null => leads[code] ?? null;
