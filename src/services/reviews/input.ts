import { z } from 'zod';
import { idText, nameOf, reasonInput, text, typed } from '../../validation.ts';

const STATUSES = ['NOT_REVIEWED', 'IN_REVIEW', 'PASSED', 'SUSPICIOUS', 'VIOLATION', 'UPHELD', 'OVERTURNED'] as const;

export const verdictInput = z.object(
  {
    status: nameOf(STATUSES, (issue) =>
      issue.input === 'contested' || issue.input === 'CONTESTED'
        ? 'is for the candidate: see contestVerdict'
        : `must be one of ${STATUSES.join(', ').toLowerCase()}`,
    ).meta({ description: 'What was decided. A violation needs two people: until the second one says so the review is in_review.' }),
    reason: reasonInput.meta({ description: 'Why; required for suspicious, violation, upheld and overturned.' }),
  },
  typed('a JSON object'),
);

export const contestInput = z.object(
  {
    text: text(5_000)
      .trim()
      .min(1, 'must not be empty: say why you object')
      .meta({ description: 'The objection, in the words of the candidate; at most 5,000 characters.' }),
  },
  typed('a JSON object'),
);

const MOST_WARNINGS = 500;

const warningIds = z
  .array(idText(128), typed('an array of ids'))
  .min(1, 'must hold at least 1 id')
  .max(MOST_WARNINGS, `must hold at most ${MOST_WARNINGS} ids`)
  .meta({ description: 'The warnings, all of one exam.' });

export const reopenWarningsInput = z.object({ warningIds }, typed('a JSON object'));

export const reviewWarningsInput = z.object(
  {
    warningIds,
    decision: nameOf(['CONFIRMED', 'DISMISSED'], () => 'must be confirmed or dismissed').meta({ description: 'What was decided of each.' }),
    reason: reasonInput.meta({ description: 'Why; required for dismissed. The candidate can read it.' }),
  },
  typed('a JSON object'),
);
