import { CloseCode } from 'graphql-ws';
import { collect } from '../server.ts';
import { EVENTS, WARNINGS } from './documents.ts';
import type { Entrance } from './doors.ts';
import type { SchoolExam, Viewer } from './school.ts';

interface ExamEvent {
  seq: number;
  [field: string]: unknown;
}

/** Whether it is the last event of an exam. */
export const isOver = ({ exam }: ExamEvent) => (exam as { status?: string } | undefined)?.status === 'COMPLETED';

interface Watched {
  viewer: Viewer;
  exam: SchoolExam;
  /** `warningAdded` instead of `examEvents`. */
  ofWarnings: boolean;
}

/** A viewer's subscription, from the start of the exam's log. */
export interface Watcher extends Watched {
  by: 'WebSocket' | 'event stream';
  items: readonly ExamEvent[];
  /** Codes of the errors it received. */
  codes: readonly unknown[];
  /** Waits until `reached` is true for its items; gives up if the subscription ends before. One call at a time. */
  until(reached: (items: readonly ExamEvent[]) => boolean): Promise<void>;
  stop(): void;
}

type Subscribe = (entrance: Entrance, watched: Watched) => Watcher;

const queryOf = ({ ofWarnings }: Watched) => (ofWarnings ? WARNINGS : EVENTS);
const eventsIn = (data: Record<string, ExamEvent>): ExamEvent[] => Object.values(data);

/** A socket without credentials is closed. */
function codeOf(error: unknown): unknown {
  const { code, extensions } = error as { code?: unknown; extensions?: { code?: unknown } };
  return code === CloseCode.Unauthorized || code === CloseCode.Forbidden ? 'UNAUTHORIZED' : extensions?.code;
}

/** Viewers with the same subscription and rights share an execution here. */
export const watchBySocket: Subscribe = ({ socketOf }, watched) => {
  const collected = collect<Record<string, ExamEvent>>(socketOf(watched.viewer), queryOf(watched), { examId: watched.exam.id });
  return {
    ...watched,
    by: 'WebSocket',
    get items() {
      return collected.items.flatMap(eventsIn);
    },
    get codes() {
      return collected.errors.map(codeOf);
    },
    async until(reached) {
      await collected.find(() => reached(collected.items.flatMap(eventsIn)));
    },
    stop: () => collected.unsubscribe(),
  };
};

/** Each with its own execution, by yoga. */
export const watchByEvents: Subscribe = ({ url }, watched) => {
  const { credential } = watched.viewer;
  const items: ExamEvent[] = [];
  const codes: unknown[] = [];
  const end = new AbortController();
  let changed = () => {};
  const state = { ended: false };

  /** A refusal may arrive as plain JSON. */
  function take(line: string): void {
    const text = line.replace(/^data: /, '');
    if (!text.startsWith('{')) return;
    const { data, errors = [] } = JSON.parse(text) as { data?: Record<string, ExamEvent> | null; errors?: unknown[] };
    codes.push(...errors.map(codeOf));
    if (data) items.push(...eventsIn(data));
  }

  async function read(): Promise<void> {
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        accept: 'text/event-stream',
        'content-type': 'application/json',
        ...(credential !== null && { authorization: `Bearer ${credential}` }),
      },
      body: JSON.stringify({ query: queryOf(watched), variables: { examId: watched.exam.id } }),
      signal: end.signal,
    });
    let rest = '';
    for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      lines.forEach(take);
      changed();
    }
    take(rest);
  }

  void read()
    .catch((error: unknown) => {
      if (!end.signal.aborted) codes.push(String(error));
    })
    .finally(() => {
      state.ended = true;
      changed();
    });
  return {
    ...watched,
    by: 'event stream',
    items,
    codes,
    async until(reached) {
      while (!state.ended && !reached(items)) {
        await new Promise<void>((resolve) => {
          changed = resolve;
        });
      }
    },
    stop: () => end.abort(),
  };
};
