import { SvelteSet } from "svelte/reactivity";
import { toWireError } from "../../errors";
import type { Platform } from "../../platform";
import { Latest } from "../../shared/latest";
import type { LedgerState } from "../../state/ledger.svelte";
import type { Toasts } from "../../state/toasts.svelte";
import { t } from "../../strings";
import type { Batch } from "../../wire/Batch";
import type { SourceRemoval } from "../../wire/SourceRemoval";
import type { SourceRow } from "../../wire/SourceRow";
import type { Unread } from "../../wire/Unread";
import type { UnreadItem } from "../../wire/UnreadItem";
import type { WireError } from "../../wire/WireError";

/** What of one source was not read, as far as it has been asked for. */
export interface UnreadView {
  source: SourceRow;
  /** A reason's code, or null for all. */
  reason: string | null;
  reasons: Unread["reasons"];
  items: UnreadItem[];
  total: number;
  loading: boolean;
  error: WireError | null;
}

/** What can be done with sources. */
export class SourcesState {
  /** What a person looks for among many sources. */
  filter = $state("");
  unread = $state.raw<UnreadView | null>(null);
  /** Where to get an export of conversations is being told. */
  exportsOpen = $state(false);
  removal = $state.raw<{ id: string; what: SourceRemoval } | null>(null);
  /** What could not be done, and with which source. */
  failure = $state.raw<{ id: string; error: WireError } | null>(null);
  readonly busy = new SvelteSet<string>();
  #latestUnread = new Latest();

  constructor(
    private readonly platform: Platform,
    private readonly ledger: LedgerState,
    private readonly toasts: Toasts,
    private readonly onStarted: (batch: Batch, stay: boolean) => void,
  ) {}

  get dialogOpen(): boolean {
    return this.unread !== null || this.exportsOpen;
  }

  get samples(): SourceRow[] {
    return (this.ledger.sources ?? []).filter(({ kind }) => kind === "samples");
  }

  async watch(id: string, on: boolean): Promise<void> {
    await this.#with(id, async () => this.ledger.take(await this.platform.call("source_watch", { id, on })));
  }

  async readAgain(id: string): Promise<void> {
    await this.#with(id, async () => this.onStarted(await this.platform.call("source_read_again", { id }), false));
  }

  /** True when the name holds. */
  async rename(id: string, name: string): Promise<boolean> {
    const before = this.ledger.sources?.find((source) => source.id === id)?.name ?? null;
    const wanted = name.trim();
    if (wanted === "" || wanted === before) return true;
    return this.#with(id, async () => {
      this.ledger.take(await this.platform.call("source_rename", { id, name: wanted }));
      const action = before === null ? null : { label: t.undo, run: () => void this.rename(id, before) };
      this.toasts.show(t.sources.renamed(wanted), { action });
    });
  }

  async show(id: string): Promise<void> {
    await this.#with(id, () => this.platform.showSource(id));
  }

  /** Says what removing the samples would take away. */
  async preview(id: string): Promise<void> {
    try {
      this.removal = { id, what: await this.platform.call("source_removal", { id }) };
    } catch {
      // Without it the button still says what it does.
      this.removal = null;
    }
  }

  async removeSamples(): Promise<void> {
    for (const { id } of this.samples) {
      const done = await this.#with(id, async () => void (await this.platform.call("source_remove", { id })));
      if (!done) {
        this.toasts.show(this.failure?.error.message ?? t.tryAgain, { ok: false });
        return;
      }
    }
    this.removal = null;
    this.toasts.show(t.sources.removed, { action: { label: t.undo, run: () => void this.bringBack() } });
    await this.ledger.load();
  }

  /** The samples come with the app, so bringing them back is importing them once more. */
  async bringBack(): Promise<void> {
    try {
      const path = await this.platform.samplesPath();
      this.onStarted(await this.platform.call("samples_start", { paths: [path] }), true);
      this.toasts.show(t.sources.broughtBack);
    } catch (thrown) {
      this.toasts.show(toWireError(thrown).message, { ok: false });
    }
  }

  openUnread(source: SourceRow): void {
    this.unread = { source, reason: null, reasons: [], items: [], total: source.not_read, loading: true, error: null };
    void this.#page(0);
  }

  chooseReason(reason: string | null): void {
    if (this.unread === null) return;
    this.unread = { ...this.unread, reason, items: [], loading: true };
    void this.#page(0);
  }

  moreUnread(): void {
    if (this.unread === null || this.unread.loading) return;
    this.unread = { ...this.unread, loading: true };
    void this.#page(this.unread.items.length);
  }

  closeUnread(): void {
    this.#latestUnread.begin();
    this.unread = null;
  }

  async #page(offset: number): Promise<void> {
    const asked = this.unread;
    if (asked === null) return;
    const isNewest = this.#latestUnread.begin();
    try {
      const page = await this.platform.call("source_unread", { id: asked.source.id, reason: asked.reason, offset });
      if (!isNewest()) return;
      const items = offset === 0 ? page.items : [...asked.items, ...page.items];
      this.unread = { ...asked, reasons: page.reasons, items, total: page.total, loading: false, error: null };
    } catch (thrown) {
      if (isNewest()) this.unread = { ...asked, loading: false, error: toWireError(thrown) };
    }
  }

  /** Does one thing at a time with a source; what fails stands beside it. */
  async #with(id: string, act: () => Promise<void>): Promise<boolean> {
    if (this.busy.has(id)) return false;
    this.busy.add(id);
    if (this.failure?.id === id) this.failure = null;
    try {
      await act();
      return true;
    } catch (thrown) {
      this.failure = { id, error: toWireError(thrown) };
      return false;
    } finally {
      this.busy.delete(id);
    }
  }
}
