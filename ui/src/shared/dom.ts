/** The element under `root` whose `data-name` is exactly `value`, whatever characters an id may hold. */
export function byData(root: HTMLElement | null, name: string, value: string | null): HTMLElement | null {
  const all = [...(root?.querySelectorAll<HTMLElement>(`[data-${name}]`) ?? [])];
  return all.find((element) => element.dataset[name] === value) ?? null;
}
