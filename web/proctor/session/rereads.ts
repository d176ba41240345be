import { type Api, NetworkError } from '../../shared/api.ts';
import type { ExamFacts, PersonFacts } from './model.ts';
import * as ask from './operations.ts';

/** Changes come in bunches; each person is read once for all of a bunch. */
const COLLECT_MS = 300;

interface Options {
  api: Api;
  examId: string;
  onPeople(people: readonly PersonFacts[]): void;
  onExam(facts: ExamFacts): void;
}

/** Reads again what an event of the log does not tell: the counts of the exam, and people whose warnings were decided on. */
export function createRereads({ api, examId, onPeople, onExam }: Options) {
  const people = new Set<string>();
  let isCounting = false;
  let isRunning = false;

  async function run(): Promise<void> {
    isRunning = true;
    await new Promise((resolve) => {
      setTimeout(resolve, COLLECT_MS);
    });
    try {
      if (isCounting) {
        isCounting = false;
        const { exam } = await api.graphql(ask.Counts, { examId });
        if (exam) {
          const { lastSeq: _seq, serverTime: _now, ...facts } = exam;
          onExam(facts);
        }
      }
      for (const userId of [...people].slice(0, 50)) {
        people.delete(userId);
        const { exam } = await api.graphql(ask.OnePerson, { examId, userId });
        if (exam?.participant) onPeople([exam.participant]);
      }
    } catch (error) {
      // When the connection is back, the log tells what happened meanwhile.
      if (!(error instanceof NetworkError)) throw error;
    } finally {
      isRunning = false;
      if (isCounting || people.size > 0) void run();
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
