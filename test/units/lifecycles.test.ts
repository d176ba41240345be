import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { projectRoot } from '../../src/paths.ts';
import { FINAL_STATUSES, PARTICIPANT_MOVES } from '../../src/services/participants/moves.ts';
import { RECORDING_MOVES } from '../../src/services/recordings/lifecycle.ts';

/** Every move that the diagram under a heading draws, as `A --> B`. */
function drawn(heading: string): string[] {
  const text = readFileSync(join(projectRoot, 'docs/architecture.md'), 'utf8');
  const [, diagram = ''] = /```mermaid\n(stateDiagram-v2[\s\S]*?)```/.exec(text.slice(text.indexOf(`### ${heading}`))) ?? [];
  return [...diagram.matchAll(/^\s*(\w+|\[\*\]) --> (\w+)/gm)].map(([, from = '', to = '']) => `${from} --> ${to}`).toSorted(inOrder);
}

const inOrder = (a: string, b: string) => (a < b ? -1 : 1);

const named = (moves: Record<string, readonly string[]>) =>
  Object.entries(moves)
    .flatMap(([from, all]) => all.map((to) => `${from === 'null' ? '[*]' : from} --> ${to}`))
    .toSorted(inOrder);

describe('the diagram in docs/architecture.md', () => {
  it.each([
    ['Participant', PARTICIPANT_MOVES],
    ['Recording', RECORDING_MOVES],
  ])('shows for %s exactly the state changes that the code makes', (heading, moves) => {
    expect(drawn(heading)).toEqual(named(moves));
  });
});

it('a participant in a final state can only be readmitted', () => {
  for (const [from, to] of Object.entries(PARTICIPANT_MOVES)) {
    const isOnlyReadmission = to.length === 1 && to[0] === 'ACTIVE';
    expect(isOnlyReadmission, from).toBe((FINAL_STATUSES as readonly string[]).includes(from));
  }
});
