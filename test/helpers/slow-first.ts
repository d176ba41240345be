import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that take a minute or more, or wait long: begun last, they would run alone at the end. Longest first. */
const SLOW = [
  ...['e2e/room-minutes', 'recordings/several-recorders', 'live/redis', 'vision/google-vision', 'recordings/hostile-media'],
  ...['e2e/room-faults', 'recordings/limits', 'recordings/analysis-jobs', 'recordings/browser-recordings', 'live/outages'],
  ...[
    'e2e/room-return',
    'live/bad-camera',
    'live/verdicts',
    'graphql/at-once',
    'live/sample-exam',
    'e2e/console',
    'e2e/review',
    'e2e/school',
  ],
].map((name) => `/test/${name}.test.ts`);

const placeOf = ({ moduleId }: TestSpecification): number => {
  const at = SLOW.findIndex((name) => moduleId.endsWith(name));
  return at === -1 ? SLOW.length : at;
};

/** What takes long begins first, so that the workers end together. */
export class SlowFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.toSorted((a, b) => placeOf(a) - placeOf(b));
  }
}
