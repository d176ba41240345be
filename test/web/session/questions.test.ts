import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { questionsOf } from '../../../web/room/session/questions.ts';

beforeAll(() => vi.stubGlobal('location', new URL('https://proctor.example/exam/exam_1')));
afterAll(() => vi.unstubAllGlobals());

const where = (contentUrl: string | null, contentMode: 'EMBEDDED' | 'WINDOW' = 'EMBEDDED') =>
  questionsOf({ contentUrl, contentMode }).where;

it('the questions are in the room or beside it, as the exam says', () => {
  expect(where('https://lms.example/quiz')).toBe('framed');
  expect(where('https://lms.example/quiz', 'WINDOW')).toBe('window');
  expect(where(null)).toBe('elsewhere');
});

it('questions at the address of the room itself open beside it, because they would escape from a frame', () => {
  expect(where('https://proctor.example/moodle/quiz')).toBe('window');
  expect(where('https://proctor.example:8443/moodle/quiz')).toBe('framed');
});

it.each(['javascript:alert(1)', 'data:text/html,x', '/quiz', ''])('%j is no address of questions', (address) => {
  expect(where(address)).toBe('elsewhere');
});
