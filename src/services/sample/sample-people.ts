/** Who sits the sample exam: made up, and named so that nobody takes them for somebody. */
export interface SamplePerson {
  userId: string;
  name: string;
  group: string;
  /** Where it is when the exam begins to play. */
  is: 'invited' | 'checking-in' | 'waiting' | 'active' | 'paused' | 'disconnected' | 'submitted' | 'timed-out' | 'terminated';
}

const person = (n: number, name: string, is: SamplePerson['is']): SamplePerson => ({
  userId: `sample_${String(n).padStart(2, '0')}`,
  name: `${name} (sample)`,
  group: n % 2 ? 'Room 1' : 'Room 2',
  is,
});

export const PEOPLE: readonly SamplePerson[] = [
  person(1, 'Ada Ahorn', 'active'),
  person(2, 'Bruno Birke', 'active'),
  person(3, 'Cleo Zeder', 'active'),
  person(4, 'Dora Dahlie', 'active'),
  person(5, 'Emil Erle', 'paused'),
  person(6, 'Fina Fichte', 'disconnected'),
  person(7, 'Gero Ginster', 'submitted'),
  person(8, 'Hanna Hasel', 'timed-out'),
  person(9, 'Ivo Iris', 'terminated'),
  person(10, 'Jule Jasmin', 'waiting'),
  person(11, 'Kai Kiefer', 'checking-in'),
  person(12, 'Lea Linde', 'invited'),
];

export const idsOf = (...states: SamplePerson['is'][]): string[] =>
  PEOPLE.filter(({ is }) => states.includes(is)).map(({ userId }) => userId);

/** Of whom there are recordings, with warnings that they show. */
export const RECORDED = ['sample_01', 'sample_02'];
