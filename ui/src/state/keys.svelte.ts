const KEY = "oldgrowth.character_keys";

/** Whether a character alone, such as the slash, is a shortcut. Dictation writes such characters without meaning them. */
export class CharacterKeys {
  on = $state(true);

  start(): void {
    this.on = localStorage.getItem(KEY) !== "off";
  }

  choose(on: boolean): void {
    this.on = on;
    localStorage.setItem(KEY, on ? "on" : "off");
  }
}
