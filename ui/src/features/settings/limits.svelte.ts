import { toWireError } from "../../errors";
import type { Platform } from "../../platform";
import type { SettingName } from "../../wire/SettingName";
import type { Settings } from "../../wire/Settings";
import type { WireError } from "../../wire/WireError";

/** What can be set, as it is in use. */
export class Limits {
  settings = $state.raw<Settings | null>(null);
  error = $state.raw<WireError | null>(null);
  saving = $state(false);

  constructor(private readonly platform: Platform) {}

  async load(): Promise<void> {
    try {
      this.settings = await this.platform.call("settings_get", {});
      this.error = null;
    } catch (thrown) {
      this.error = toWireError(thrown);
    }
  }

  /** `null` goes back to the default. */
  async set(name: SettingName, value: number | null): Promise<void> {
    if (this.saving) return;
    this.saving = true;
    try {
      this.settings = await this.platform.call("settings_set", { name, value });
      this.error = null;
    } catch (thrown) {
      this.error = toWireError(thrown);
    }
    this.saving = false;
  }
}
