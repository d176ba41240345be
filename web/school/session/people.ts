import type { SchoolPeopleQuery } from '../../generated/graphql.ts';
import * as ask from './operations.ts';
import type { Person, School } from './school.ts';

/**
 * Everybody in an exam, in the order in which they were added, in pages.
 * @param onPage gets all that were read so far
 * @returns null if the exam is gone
 */
export async function readPeople(
  school: School,
  examId: string,
  onPage: (people: readonly Person[], isAll: boolean) => void,
): Promise<Person[] | null> {
  const people: Person[] = [];
  let after: string | null = null;
  for (;;) {
    const answer: SchoolPeopleQuery = await school.graphql(ask.SchoolPeople, { examId, after });
    if (!answer.exam) return null;
    const { edges, pageInfo } = answer.exam.participants;
    people.push(...edges.map(({ node }) => node));
    onPage([...people], !pageInfo.hasNextPage);
    if (!pageInfo.hasNextPage) return people;
    after = pageInfo.endCursor;
  }
}
