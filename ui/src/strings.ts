import { commandsWords } from "./strings/commands";
import { doctorWords } from "./strings/doctor";
import { memoryWords } from "./strings/memory";
import { modelsWords } from "./strings/models";
import { namesWords } from "./strings/names";
import { networkWords } from "./strings/network";
import { recallWords } from "./strings/recall";
import { reportsWords } from "./strings/reports";
import { settingsWords } from "./strings/settings";
import { sourcesWords } from "./strings/sources";
import { counted } from "./strings/counting";

/** Every word the window says. The catalogue is English; numbers and dates follow the person's locale. */
export const t = {
  app: "Oldgrowth",
  counted,
  close: "Close",
  cancel: "Cancel",
  back: "Back",
  tryAgain: "Try again",
  copied: "Copied",
  copyFailed: "Copying is not possible here. The text is below, ready to be selected.",
  starting: "Opening your memory…",
  working: "Reading…",
  stillWorking: "Still working on it.",
  unknownDate: "no date",
  tags: "Tags",
  skipToContent: "Skip to content",

  day: {
    form: "YYYY-MM-DD",
    wrong: "Write a day as 2024-05-03, or only its year or month.",
  },

  undo: "Undo",
  toasts: { label: "Messages" },

  nav: {
    label: "Places",
    recall: "Recall",
    tree: "Tree",
    people: "People & topics",
    sources: "Sources",
    activity: "Activity",
    doctor: "Doctor",
    settings: "Settings",
    health: "Health",
    looking: "Looking…",
    theme: "Theme",
    themes: { system: "System", light: "Light", dark: "Dark" },
  },

  states: { ok: "Well", unknown: "Not looked at yet", crashed: "Check broke", warn: "Attention", fail: "Problem" },

  errors: {
    usage: "That can’t be asked like this",
    notFound: "It isn’t here",
    nothingToImport: "Nothing to import",
    unavailable: "The memory can’t be used",
    diskFull: "The disk is full",
    readOnly: "The memory can only be read",
    needsPerson: "The memory needs you",
    busy: "Not just now",
    heldByAnother: "Another program has this memory open",
    placeMissing: "Your memory can’t be found",
    moving: "The memory is being moved",
    cancelled: "Stopped",
    internal: "Something went wrong on our side",
    internalMessage: "The window could not finish what you asked for.",
    internalHint: "Try it again. If it happens once more, copy the report on the Doctor place.",
    openDoctor: "Open the Doctor",
  },

  ...commandsWords,
  ...doctorWords,
  ...recallWords,
  ...memoryWords,
  ...sourcesWords,
  ...settingsWords,
  ...reportsWords,
  ...networkWords,
  ...modelsWords,
  ...namesWords,
} as const;
