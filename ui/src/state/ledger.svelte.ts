import { toWireError } from "../errors";
import type { Platform } from "../platform";
import { Latest } from "../shared/latest";
import type { Ledger } from "../wire/Ledger";
import type { SourceRow } from "../wire/SourceRow";
import type { WireError } from "../wire/WireError";

/** What each source holds. */
export class LedgerState {
  sources = $state.raw<SourceRow[] | null>(null);
  error = $state.raw<WireError | null>(null);
  #latest = new Latest();

  constructor(private readonly platform: Platform) {}

  async load(): Promise<void> {
    const isNewest = this.#latest.begin();
    try {
      const { sources } = await this.platform.call("ledger", {});
      if (!isNewest()) return;
      this.sources = sources;
      this.error = null;
    } catch (thrown) {
      if (isNewest()) this.error = toWireError(thrown);
    }
  }

  /** Takes what a call that changed a source has answered. */
  take({ sources }: Ledger): void {
    this.#latest.begin();
    this.sources = sources;
    this.error = null;
  }

  get passages(): number {
    return (this.sources ?? []).reduce((sum, source) => sum + source.chunked, 0);
  }

  /** True only when it is known that nothing is remembered. */
  get empty(): boolean {
    return this.sources !== null && this.sources.every((source) => source.documents === 0);
  }
}
