/** Single keys, as letters of the reader's keyboard. */
export const KEYS = {
  next: 'j',
  previous: 'k',
  confirm: 'y',
  dismiss: 'x',
  undo: 'z',
  follow: 'f',
  message: 'm',
  pause: 'p',
  time: 't',
  admit: 'a',
  lower: 'h',
  review: 'r',
  search: '/',
  close: 'Escape',
  help: '?',
} as const;

export type KeyDeed = keyof typeof KEYS;
const DEEDS = new Map<string, KeyDeed>(Object.entries(KEYS).map(([deed, key]) => [key, deed as KeyDeed]));

/** What a key means; null while somebody writes, for the browser's own keys, and for keys without a meaning. */
export function deedOf({ key, ctrlKey, metaKey, altKey, target, isComposing }: KeyboardEvent): KeyDeed | null {
  if (ctrlKey || metaKey || altKey || isComposing) return null;
  const isWriting = target instanceof HTMLElement && target.closest('input, textarea, select, [contenteditable], dialog') !== null;
  const isBox = target instanceof HTMLInputElement && target.type === 'checkbox';
  return isWriting && !isBox ? null : (DEEDS.get(key) ?? null);
}
