import { t } from "../strings";
import type { AnswerHit } from "../wire/AnswerHit";
import { day, fileName } from "./format";

/** The quoted sentence and where it stands, as text to paste. */
export function citation(hit: AnswerHit): string {
  const quote = hit.text.slice(hit.quote.start, hit.quote.end).trim() || hit.text.trim();
  const { path, line_first, line_last } = hit.locator;
  const place = path === null ? t.typedIn : t.locator(fileName(path), line_first, line_last);
  const when = hit.happened_at === null ? t.unknownDate : day(hit.happened_at);
  return `“${quote}”\n— ${hit.title || t.memory.untitled}, ${place}, ${when}`;
}
