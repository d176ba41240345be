import { clock, paint } from './print.mjs';

const SEVERITY_COLOUR = { INFO: 90, LOW: 36, MEDIUM: 33, HIGH: 31, CRITICAL: 35 };

const WARNING = 'warning { userId type severity source details offsetSeconds endedAt review { decision by } }';
const MESSAGE = 'message { userId from by text }';
const CHANGE = 'change { what from to by reason }';
const EVENTS = `subscription ($examId: ID!) { examEvents(examId: $examId, after: 0) {
  __typename seq
  ... on WarningAdded { ${WARNING} }
  ... on WarningUpdated { ${WARNING} }
  ... on WarningReviewed { ${WARNING} }
  ... on ParticipantChanged { participant { userId } ${CHANGE} }
  ... on ExamChanged { ${CHANGE} }
  ... on RecordingChanged { recording { userId type } ${CHANGE} }
  ... on MessageSent { ${MESSAGE} }
  ... on MessageRead { ${MESSAGE} }
} }`;

/** Prints everything that happens in the exam while it happens, as a console would show it. @param {import('./api.mjs').Api} api */
export function watch({ live, ask }, examId) {
  /** @type {any[]} */
  const events = [];
  const state = { error: /** @type {Error | null} */ (null), wake: () => {} };
  live.subscribe(
    { query: EVENTS, variables: { examId } },
    {
      next: (/** @type {any} */ { data }) => {
        // A connection that was lost is made again with the same `after`.
        if (data.examEvents.seq <= (events.at(-1)?.seq ?? 0)) return;
        events.push(data.examEvents);
        print(data.examEvents);
        state.wake();
      },
      error: (/** @type {any} */ errors) => {
        state.error = new Error(`the console lost its subscription: ${errors[0]?.message ?? errors.message ?? errors.reason}`);
        state.wake();
      },
      complete: () => {
        state.error ??= new Error('the server ended the subscription of the console');
        state.wake();
      },
    },
  );

  /** The first event from position `after` on that is wanted, now or once it comes. */
  async function until(wanted, after = 0) {
    for (;;) {
      const found = events.find((event) => event.seq > after && wanted(event));
      if (found) return found;
      if (state.error) throw state.error;
      await new Promise((resolve) => (state.wake = () => resolve(undefined)));
    }
  }
  return {
    events,
    until,
    /** Position of the newest event that was printed. */
    position: () => events.at(-1)?.seq ?? 0,
    untilStatus: (userId, status, after = 0) =>
      until(({ participant, change }) => participant?.userId === userId && change?.what === 'status' && change.to === status, after),
    /** Waits until everything that the log holds now was printed. */
    async catchUp() {
      const { exam } = await ask('query ($examId: ID!) { exam(id: $examId) { lastSeq } }', { examId });
      await until(({ seq }) => seq >= exam.lastSeq);
    },
  };
}

function print(event) {
  const { kind, who, what, why } = describe(event);
  const reason = why ? `  “${why}”` : '';
  console.log(`  ${String(event.seq).padStart(3)}  ${kind} ${who.padEnd(6)} ${what}${paint(90, reason)}`);
}

const label = (text, colour = 90) => paint(colour, text.padEnd(8));

/** Who, what, from, to and why. */
function describe({ __typename, participant, recording, warning, message, change }) {
  if (warning) {
    const at = warning.offsetSeconds === null ? '' : ` at ${clock(warning.offsetSeconds)}`;
    const after = { WarningUpdated: ' changed', WarningReviewed: ` reviewed by ${warning.review?.by}` }[__typename] ?? '';
    const what = `${warning.type}${at}${after} ${paint(90, warning.source.toLowerCase())}`;
    return { kind: label(warning.severity, SEVERITY_COLOUR[warning.severity]), who: warning.userId ?? '', what, why: warning.details };
  }
  if (message) {
    const what = __typename === 'MessageRead' ? `has read what ${message.by} wrote` : `message from ${message.by}`;
    return { kind: label('message'), who: message.userId ?? 'all', what, why: message.text };
  }
  const who = participant?.userId ?? recording?.userId ?? 'exam';
  const subject = recording ? `${recording.type.toLowerCase()} recording ` : '';
  if (!change) return { kind: label('event'), who, what: `${subject}changed`, why: null };
  const by = change.by ? `, by ${change.by}` : '';
  const what = `${subject}${change.what}: ${change.from ?? '–'} → ${change.to ?? '–'}${by}`;
  return { kind: label(recording ? 'evidence' : 'event'), who, what, why: change.reason };
}
