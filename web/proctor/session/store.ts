import { createStore } from '../../shared/store.ts';
import { addWarning } from './counts.ts';
import { mergeFeed, replaceInFeed } from './feed.ts';
import type { ConsoleEvent, ExamFacts, ExamPulse, MessageFacts, Person, PersonFacts, WarningFacts } from './model.ts';

export interface People {
  /** By user id. */
  byId: ReadonlyMap<string, Person>;
  /** How many there are; more than in `byId` as long as they are being loaded. */
  total: number;
}

export interface Feed {
  /** Oldest first, without holes: newest at the end. */
  warnings: readonly WarningFacts[];
  /** Whether the server has older ones. */
  hasEarlier: boolean;
}

/** Most warnings that are kept while new ones come; older ones are read again when somebody scrolls to them. */
const WINDOW = 5_000;
const MOST_TOLD = 20_000;

/**
 * What the console knows of an exam. Events of the log are applied in order, each once; who must be read again because an event does not
 * tell enough is named by `onUnsure`.
 */
export function createExamStore({ onUnsure }: { onUnsure(what: { person?: string; counts?: boolean }): void }) {
  const byId = new Map<string, Person>();
  const people = createStore<People>({ byId: new Map(), total: 0 });
  const feed = createStore<Feed>({ warnings: [], hasEarlier: false });
  const exam = createStore<{ facts: ExamFacts | null }>({ facts: null });
  const messages = createStore<{ all: readonly MessageFacts[] }>({ all: [] });
  const pulse = createStore<{ last: ExamPulse | null; receivedAt: number }>({ last: null, receivedAt: 0 });
  const listeners = new Set<(events: readonly ConsoleEvent[]) => void>();
  /** How many bunches of events were applied, and with which of them each person and warning last came. */
  let bunch = 0;
  const toldIn = new Map<string, number>();

  const changed = () => people.set({ byId: new Map(byId), total: Math.max(people.get().total, byId.size) });
  const setFacts = (change: Partial<ExamFacts>) => {
    const { facts } = exam.get();
    if (facts) exam.set({ facts: { ...facts, ...change } });
  };

  function putPerson(facts: PersonFacts): void {
    const known = byId.get(facts.userId);
    // An answer may be older than what the log told meanwhile.
    const isOlder = known !== undefined && facts.warningCounts.newestSeq < known.warningCounts.newestSeq;
    if (isOlder) onUnsure({ person: facts.userId });
    byId.set(facts.userId, { ...facts, pulse: known?.pulse ?? null, ...(isOlder && { warningCounts: known.warningCounts }) });
  }

  /** Whether the log told of it after a question was asked: the answer may be from before. */
  const isStale = (id: string, askedAt: number) => (toldIn.get(id) ?? 0) > askedAt;

  /** @param askedAt bunches that were applied when the answer was asked for */
  function putPeople(all: readonly PersonFacts[], askedAt: number): void {
    for (const facts of all) {
      const known = byId.get(facts.userId);
      // What was decided about warnings is no event of the person: the answer may be the first to count it.
      putPerson(known && isStale(facts.id, askedAt) ? { ...known, warningCounts: facts.warningCounts } : facts);
    }
    changed();
  }

  function putMessages(news: readonly MessageFacts[]): void {
    const known = new Map(messages.get().all.map((one) => [one.id, one]));
    for (const one of news) known.set(one.id, one);
    messages.set({ all: [...known.values()].toSorted((a, b) => a.sentAt.localeCompare(b.sentAt)) });
  }

  function count(warning: WarningFacts): void {
    const { facts } = exam.get();
    if (facts && warning.seq > facts.counts.warnings.newestSeq)
      setFacts({ counts: { ...facts.counts, warnings: addWarning(facts.counts.warnings, warning) } });
    const person = warning.userId === null ? undefined : byId.get(warning.userId);
    if (!person) {
      if (warning.userId !== null) onUnsure({ person: warning.userId });
    } else if (warning.seq > person.warningCounts.newestSeq)
      byId.set(person.userId, { ...person, warningCounts: addWarning(person.warningCounts, warning) });
  }

  return {
    people,
    feed,
    exam,
    messages,
    pulse,

    setExam(facts: ExamFacts): void {
      const known = exam.get().facts?.counts.warnings;
      const isOlder = known !== undefined && facts.counts.warnings.newestSeq < known.newestSeq;
      if (isOlder) onUnsure({ counts: true });
      else exam.set({ facts });
    },
    putGroup(group: ExamFacts['groups'][number]): void {
      const { facts } = exam.get();
      if (facts) setFacts({ groups: facts.groups.map((one) => (one.name === group.name ? group : one)) });
    },
    setTotal: (total: number) => people.set({ total }),

    /**
     * For what is asked now, and answered later: what the log tells meanwhile is newer than the answer, and stays. Call it before the
     * answer is awaited.
     */
    asked() {
      const askedAt = bunch;
      return {
        putPeople: (all: readonly PersonFacts[]) => putPeople(all, askedAt),
        /** Decisions, as the server answered them. */
        putWarnings(decided: readonly WarningFacts[]): void {
          const news = decided.filter(({ id }) => !isStale(id, askedAt));
          feed.set({ warnings: replaceInFeed(feed.get().warnings, news) });
        },
      };
    },
    /** Forgets people, as before reading all of them again. */
    clear(): void {
      byId.clear();
      toldIn.clear();
      exam.set({ facts: null });
      people.set({ byId: new Map(), total: 0 });
      feed.set({ warnings: [], hasEarlier: false });
      messages.set({ all: [] });
    },
    putMessages,

    /** Warnings before those that are known. @param hasEarlier whether there are still older ones */
    putEarlier(warnings: readonly WarningFacts[], hasEarlier: boolean): void {
      feed.set({ warnings: mergeFeed(warnings, feed.get().warnings), hasEarlier });
    },

    setPulse(last: ExamPulse): void {
      pulse.set({ last, receivedAt: performance.now() });
      const inside = new Map(last.participants.map((one) => [one.userId, one]));
      for (const [userId, person] of byId) {
        const now = inside.get(userId) ?? null;
        if (now || person.pulse) byId.set(userId, { ...person, pulse: now, ...(now && { outageSeconds: now.outageSeconds }) });
      }
      changed();
    },

    /** For views that show more than the store keeps. @returns stops it */
    listen(listener: (events: readonly ConsoleEvent[]) => void): () => void {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },

    /** Events of the log, in its order. */
    apply(events: readonly ConsoleEvent[]): void {
      const added: WarningFacts[] = [];
      const updated: WarningFacts[] = [];
      const sent: MessageFacts[] = [];
      let isChanged = false;
      bunch += 1;
      for (const event of events) {
        switch (event.__typename) {
          case 'ExamChanged':
            setFacts(event.exam);
            onUnsure({ counts: true });
            break;
          case 'ParticipantChanged':
            putPerson(event.participant);
            toldIn.set(event.participant.id, bunch);
            onUnsure({ counts: true });
            isChanged = true;
            break;
          case 'WarningAdded':
            added.push(event.warning);
            count(event.warning);
            isChanged = true;
            break;
          case 'WarningReviewed':
            updated.push(event.warning);
            toldIn.set(event.warning.id, bunch);
            // Whether the counts include this decision already is not told.
            onUnsure({ counts: true, ...(event.warning.userId !== null && { person: event.warning.userId }) });
            break;
          case 'WarningUpdated':
            updated.push(event.warning);
            toldIn.set(event.warning.id, bunch);
            break;
          case 'MessageSent':
          case 'MessageRead':
            sent.push(event.message);
            break;
          default:
        }
      }
      // Of use only for answers that are on their way.
      if (toldIn.size > MOST_TOLD) toldIn.clear();
      if (added.length > 0 || updated.length > 0) {
        const merged = mergeFeed(feed.get().warnings, added);
        const all = replaceInFeed(merged, updated);
        feed.set(all.length > WINDOW ? { warnings: all.slice(-WINDOW), hasEarlier: true } : { warnings: all });
      }
      if (sent.length > 0) putMessages(sent);
      if (isChanged) changed();
      for (const listener of listeners) listener(events);
    },
  };
}

export type ExamStore = ReturnType<typeof createExamStore>;
