import type { IconName } from "../shared/Icon.svelte";

export const themeChoices = ["system", "light", "dark"] as const;
export type ThemeChoice = (typeof themeChoices)[number];

export const themeIcons: Record<ThemeChoice, IconName> = { system: "system", light: "sun", dark: "moon" };

const KEY = "oldgrowth.theme";

/** The look: as the system has it unless the person chose. One attribute on the root says which. */
export class Theme {
  choice = $state<ThemeChoice>("system");
  #system = matchMedia("(prefers-color-scheme: dark)");

  start(): void {
    const stored = localStorage.getItem(KEY);
    this.choice = themeChoices.find((choice) => choice === stored) ?? "system";
    this.#system.addEventListener("change", () => this.#show());
    this.#show();
  }

  choose(choice: ThemeChoice): void {
    this.choice = choice;
    localStorage.setItem(KEY, choice);
    this.#show();
  }

  #show(): void {
    const dark = this.choice === "dark" || (this.choice === "system" && this.#system.matches);
    document.documentElement.dataset["theme"] = dark ? "dark" : "light";
  }
}
