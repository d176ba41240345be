import type { ExamFacts } from './room-state.ts';

/** Where the candidate finds the questions; `url` is null where only the school knows. */
export type Questions = { where: 'framed' | 'window'; url: string } | { where: 'elsewhere'; url: null };

/** An address that a browser opens; a script is none. */
const canBeOpened = (address: string) => URL.canParse(address) && /^https?:/i.test(address);
/** A page of ours would escape from its frame. */
const isOurs = (address: string) => new URL(address).origin === location.origin;

export function questionsOf({ contentUrl, contentMode }: Pick<ExamFacts, 'contentUrl' | 'contentMode'>): Questions {
  if (contentUrl === null || !canBeOpened(contentUrl)) return { where: 'elsewhere', url: null };
  return { where: contentMode === 'EMBEDDED' && !isOurs(contentUrl) ? 'framed' : 'window', url: contentUrl };
}
