import { toWireError } from "../../errors";
import type { Platform } from "../../platform";
import { parseDay } from "../../shared/day";
import { t } from "../../strings";
import type { NoteAdded } from "../../wire/NoteAdded";
import type { WireError } from "../../wire/WireError";

/** A note being written. The draft goes only when the note is kept. */
export class NoteDraft {
  open = $state(false);
  title = $state("");
  /** A day as it is being typed, or empty. */
  day = $state("");
  text = $state("");
  busy = $state(false);
  error = $state.raw<WireError | null>(null);

  constructor(
    private readonly platform: Platform,
    private readonly onKept: (note: NoteAdded) => void,
  ) {}

  get savable(): boolean {
    return this.text.trim() !== "" && !this.busy;
  }

  /** Opens it. Why it could not be kept the last time may not be the case any more. */
  write(): void {
    this.error = null;
    this.open = true;
  }

  async save(): Promise<void> {
    if (!this.savable) return;
    const day = this.day.trim() === "" ? "" : parseDay(this.day, "first");
    if (day === null) {
      this.error = { code: "usage", message: t.day.wrong, hint: null };
      return;
    }
    this.busy = true;
    this.error = null;
    try {
      const added = await this.platform.call("note_add", {
        text: this.text,
        title: this.title.trim() || null,
        // Midnight in UTC stands for a day without an hour.
        happened_at: day === "" ? null : `${day}T00:00:00Z`,
      });
      this.title = "";
      this.day = "";
      this.text = "";
      this.open = false;
      this.onKept(added);
    } catch (thrown) {
      this.error = toWireError(thrown);
    }
    this.busy = false;
  }
}
