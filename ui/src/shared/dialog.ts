import { getContext, setContext } from "svelte";

const closing = Symbol("closes the dialog around");

/** What is in this dialog may close it. */
export function closesBy(close: () => void): void {
  setContext(closing, close);
}

/** Closes the dialog that this is in; does nothing elsewhere. To be called while a component is made. */
export function dialogAround(): () => void {
  return getContext<(() => void) | undefined>(closing) ?? (() => undefined);
}
