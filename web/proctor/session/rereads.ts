import { type Api, ApiError, NetworkError } from '../../shared/api.ts';
import type { ExamFacts, PageOfPeople, PersonFacts } from './model.ts';
import * as ask from './operations.ts';

/** Changes come in bunches; each person is read once for all of a bunch. */
const COLLECT_MS = 300;
/** More are read with everybody, in pages of 500. */
const MOST_ONE_BY_ONE = 10;
/** After an answer that did not come. */
const AGAIN_MS = 5_000;

const isPassing = (error: unknown) =>
  error instanceof NetworkError || (error instanceof ApiError && (error.code === 'rate_limited' || error.code === 'server_error'));

interface Options {
  api: Api;
  examId: string;
  /** Called before a question is asked; what it returns takes the answer. */
  asked(): { putPeople(people: readonly PersonFacts[]): void };
  onExam(facts: ExamFacts): void;
}

/** Reads again what an event of the log does not tell: the counts of the exam, and people whose warnings were decided on. */
export function createRereads({ api, examId, asked, onExam }: Options) {
  const people = new Set<string>();
  let isCounting = false;
  let isRunning = false;

  /** Everybody, page by page: a decision about the warnings of a whole class would else be a question for each. */
  async function readAll(): Promise<void> {
    for (let after: string | null = null; ;) {
      const answer = asked();
      const { exam }: { exam: PageOfPeople | null } = await api.graphql(ask.MorePeople, { examId, after });
      if (!exam) break;
      answer.putPeople(exam.participants.edges.map(({ node }) => node));
      if (!exam.participants.pageInfo.hasNextPage) break;
      after = exam.participants.pageInfo.endCursor;
    }
  }

  /** The log may have told its last: what failed for now is asked again. */
  async function run(pauseMs = COLLECT_MS): Promise<void> {
    isRunning = true;
    let nextMs = COLLECT_MS;
    await new Promise((resolve) => {
      setTimeout(resolve, pauseMs);
    });
    try {
      if (isCounting) {
        isCounting = false;
        const { exam } = await api.graphql(ask.Counts, { examId }).catch((error: unknown) => {
          isCounting = true;
          throw error;
        });
        if (exam) {
          const { lastSeq: _seq, serverTime: _now, ...facts } = exam;
          onExam(facts);
        }
      }
      if (people.size > MOST_ONE_BY_ONE) {
        const waiting = [...people];
        people.clear();
        await readAll().catch((error: unknown) => {
          for (const userId of waiting) people.add(userId);
          throw error;
        });
      }
      for (const userId of people) {
        people.delete(userId);
        const answer = asked();
        const { exam } = await api.graphql(ask.OnePerson, { examId, userId }).catch((error: unknown) => {
          people.add(userId);
          throw error;
        });
        if (exam?.participant) answer.putPeople([exam.participant]);
      }
    } catch (error) {
      if (isPassing(error)) {
        nextMs = AGAIN_MS;
        return;
      }
      // Whoever may not read it has been told so by the connection.
      isCounting = false;
      people.clear();
      if (!(error instanceof ApiError)) throw error;
    } finally {
      isRunning = false;
      if (isCounting || people.size > 0) void run(nextMs);
    }
  }

  return {
    add({ person, counts }: { person?: string; counts?: boolean }): void {
      if (person !== undefined) people.add(person);
      isCounting ||= counts === true;
      if (!isRunning) void run();
    },
  };
}
