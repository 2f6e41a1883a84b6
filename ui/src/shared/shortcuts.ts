/** One stroke: a key, and what is held down with it. `mod` is Command on macOS and Control elsewhere. */
export interface Stroke {
  /** As in `KeyboardEvent.key`; letters in lower case. */
  key: string;
  mod?: boolean;
  alt?: boolean;
  shift?: boolean;
  /** Control beside Command, which macOS alone tells apart. */
  control?: boolean;
  /** The character may be one that needs Shift. */
  shifted?: boolean;
}

export type ShortcutGroup = "everywhere" | "recall" | "memory" | "tree" | "doctor";

interface Shortcut {
  group: ShortcutGroup;
  /** Each of these does it. */
  strokes: readonly Stroke[];
  /** Where macOS has a custom of its own. */
  onMac?: readonly Stroke[];
}

/** Every shortcut of the window: the keys that are listened to are the keys that are shown. */
const table = {
  palette: { group: "everywhere", strokes: [{ key: "k", mod: true }] },
  shortcuts: { group: "everywhere", strokes: [{ key: "?" }] },
  question: { group: "everywhere", strokes: [{ key: "/" }] },
  goRecall: { group: "everywhere", strokes: [{ key: "1", mod: true }] },
  goTree: { group: "everywhere", strokes: [{ key: "2", mod: true }] },
  goPeople: { group: "everywhere", strokes: [{ key: "3", mod: true }] },
  goSources: { group: "everywhere", strokes: [{ key: "4", mod: true }] },
  goActivity: { group: "everywhere", strokes: [{ key: "5", mod: true }] },
  goDoctor: { group: "everywhere", strokes: [{ key: "6", mod: true }] },
  goSettings: { group: "everywhere", strokes: [{ key: "7", mod: true }, { key: ",", mod: true }] },
  note: { group: "everywhere", strokes: [{ key: "n", mod: true }] },
  back: { group: "everywhere", strokes: [{ key: "ArrowLeft", alt: true }], onMac: [{ key: "[", mod: true }] },
  forward: { group: "everywhere", strokes: [{ key: "ArrowRight", alt: true }], onMac: [{ key: "]", mod: true }] },
  leave: { group: "everywhere", strokes: [{ key: "Escape" }] },
  zoomIn: { group: "everywhere", strokes: [{ key: "=", mod: true }, { key: "+", mod: true, shifted: true }] },
  zoomOut: { group: "everywhere", strokes: [{ key: "-", mod: true }] },
  zoomReset: { group: "everywhere", strokes: [{ key: "0", mod: true }] },
  fullScreen: { group: "everywhere", strokes: [{ key: "F11" }], onMac: [{ key: "f", mod: true, control: true }] },
  menuBar: { group: "everywhere", strokes: [{ key: "F10" }], onMac: [] },
  quit: { group: "everywhere", strokes: [{ key: "q", mod: true }] },
  undo: { group: "everywhere", strokes: [{ key: "z", mod: true }] },
  pasteNote: { group: "everywhere", strokes: [{ key: "v", mod: true }] },
  keepNote: { group: "everywhere", strokes: [{ key: "Enter", mod: true }] },
  ask: { group: "recall", strokes: [{ key: "Enter" }] },
  answers: { group: "recall", strokes: [{ key: "ArrowUp" }, { key: "ArrowDown" }] },
  around: { group: "recall", strokes: [{ key: "ArrowRight" }, { key: "ArrowLeft" }] },
  why: { group: "recall", strokes: [{ key: "w" }] },
  cite: { group: "recall", strokes: [{ key: "c", mod: true }] },
  find: { group: "memory", strokes: [{ key: "f", mod: true }] },
  findNext: { group: "memory", strokes: [{ key: "Enter" }, { key: "F3" }] },
  findLast: { group: "memory", strokes: [{ key: "Enter", shift: true }, { key: "F3", shift: true }] },
  treeMove: { group: "tree", strokes: [{ key: "ArrowUp" }, { key: "ArrowDown" }] },
  treeOpen: { group: "tree", strokes: [{ key: "ArrowRight" }] },
  treeClose: { group: "tree", strokes: [{ key: "ArrowLeft" }] },
  treeEnds: { group: "tree", strokes: [{ key: "Home" }, { key: "End" }] },
  treePages: { group: "tree", strokes: [{ key: "PageUp" }, { key: "PageDown" }] },
  treeSiblings: { group: "tree", strokes: [{ key: "*" }] },
  treeRead: { group: "tree", strokes: [{ key: "Enter" }] },
  runChecks: { group: "doctor", strokes: [{ key: "r" }] },
  copyReport: { group: "doctor", strokes: [{ key: "c" }] },
  timeline: { group: "doctor", strokes: [{ key: "t" }] },
} as const satisfies Record<string, Shortcut>;

export type ShortcutName = keyof typeof table;
export const shortcuts: Record<ShortcutName, Shortcut> = table;
export const shortcutNames = Object.keys(table) as ShortcutName[];

export const onMac = /^(Mac|iP)/.test(navigator.platform);

export function strokesOf(name: ShortcutName, mac = onMac): readonly Stroke[] {
  const shortcut = shortcuts[name];
  return (mac ? shortcut.onMac : undefined) ?? shortcut.strokes;
}

export function matches(name: ShortcutName, event: KeyboardEvent, mac = onMac): boolean {
  return strokesOf(name, mac).some((stroke) => pressed(stroke, event, mac));
}

/**
 * A character alone would be written where something is written, and a person who dictates may say it unawares.
 * Those of the tree are heard by the row that has the focus alone.
 */
export function isCharacterAlone(name: ShortcutName): boolean {
  return shortcuts[name].group !== "tree" && shortcuts[name].strokes.some(({ key, mod, alt }) => key.length === 1 && !mod && !alt);
}

/** For `aria-keyshortcuts`. */
export function ariaKeys(name: ShortcutName, mac = onMac): string {
  return strokesOf(name, mac)
    .map(({ key, mod, alt, shift, control }) => [control && "Control", mod && (mac ? "Meta" : "Control"), alt && "Alt", shift && "Shift", key.length === 1 ? key.toUpperCase() : key].filter(Boolean).join("+"))
    .join(" ");
}

function pressed({ key, mod = false, alt = false, shift = false, control = false, shifted = false }: Stroke, event: KeyboardEvent, mac: boolean): boolean {
  const command = mac ? event.metaKey : event.ctrlKey;
  const other = mac ? event.ctrlKey : event.metaKey;
  const isCharacter = key.length === 1;
  // Characters that need the third level of a keyboard report Control and Alt on some systems.
  if (isCharacter && !mod && !alt) return event.key === key && (event.getModifierState("AltGraph") || !(command || other || event.altKey));
  if (command !== mod || other !== control || event.altKey !== alt || (event.shiftKey !== shift && !shifted)) return false;
  return event.key.toLowerCase() === key.toLowerCase() || (isCharacter && isSameKey(key, event));
}

/** On keyboards whose letters are not Latin, or whose digits need Shift, the place of a key tells which one it is. */
function isSameKey(key: string, event: KeyboardEvent): boolean {
  if (/^[a-z]$/.test(key)) return event.code === `Key${key.toUpperCase()}` && !/^[a-z]$/i.test(event.key);
  return /^\d$/.test(key) && event.code === `Digit${key}`;
}
