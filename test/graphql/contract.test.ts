import { readFile } from 'node:fs/promises';
import {
  buildSchema,
  findBreakingChanges,
  type GraphQLArgument,
  type GraphQLNamedType,
  type GraphQLSchema,
  isEnumType,
  isInputObjectType,
  isIntrospectionType,
  isInterfaceType,
  isObjectType,
  isSpecifiedScalarType,
} from 'graphql';
import { describe, expect, it } from 'vitest';

/** The contract's first section is what this release serves; control, privacy and webhooks come below such lines. */
const LATER_SECTIONS = /^# -{20,}$/m;

/** What that section names and this release does not serve yet. */
const LATER = new Set([
  'ParticipantFilter was removed.',
  'ParticipantOrder was removed.',
  ...['filter', 'order'].map((name) => `Exam.participants arg ${name} was removed.`),
  ...['reviewed', 'sources'].map((name) => `Exam.warnings arg ${name} was removed.`),
  'MessageSent was removed.',
  'Message was removed.',
  'ErasureReceipt was removed.',
  ...['pauseParticipant', 'resumeParticipant', 'terminateParticipant', 'addTime', 'sendMessage', 'eraseUser'].map(
    (name) => `Mutation.${name} was removed.`,
  ),
]);

/** Connection types are made by the server: the contract only names them. */
const CONNECTIONS = ['ExamParticipants', 'ExamWarnings', 'ExamRecordings', 'ParticipantWarnings', 'QueryExams'];

const read = (path: string) => readFile(new URL(`../${path}`, import.meta.url), 'utf8').catch(() => null);

async function load(path: string, extra = ''): Promise<GraphQLSchema | null> {
  const text = await read(path);
  return text === null ? null : buildSchema((text.split(LATER_SECTIONS)[0] ?? '') + extra);
}

/** Types and arguments of the Relay specification, which explains them, and the one argument of a mutation with an input type. */
const isRelay = ({ name }: GraphQLNamedType) => /Connection$|Edge$|^PageInfo$/.test(name);
const NEEDS_NO_WORDS = new Set(['first', 'last', 'before', 'after', 'input']);

interface Part {
  name: string;
  description?: string | null | undefined;
}

/** The parts of a type that a client sees, by the names with which it would look for them. */
function partsOf(type: GraphQLNamedType): Part[] {
  const within = (owner: string, { name, description }: Part): Part => ({ name: `${owner}.${name}`, description });
  const told = ({ name }: GraphQLArgument) => !NEEDS_NO_WORDS.has(name);
  if (isEnumType(type)) return [type, ...type.getValues().map((value) => within(type.name, value))];
  if (isInputObjectType(type)) return [type, ...Object.values(type.getFields()).map((field) => within(type.name, field))];
  if (!isObjectType(type) && !isInterfaceType(type)) return [type];
  const fields = Object.values(type.getFields());
  return [
    type,
    ...fields.map((field) => within(type.name, field)),
    ...fields.flatMap(({ name, args }) => args.filter(told).map((argument) => within(`${type.name}.${name}`, argument))),
  ];
}

describe('the GraphQL schema', async () => {
  const contract = await load(
    '../../shared/contract/schema.graphql',
    CONNECTIONS.map((name) => `type ${name}Connection { pageInfo: PageInfo! }`).join('\n') +
      'type PageInfo { endCursor: String hasNextPage: Boolean! }' +
      'input ParticipantFilter { search: String } enum ParticipantOrder { NAME }',
  );

  it.runIf(contract)('has everything that the contract names, with the same nullability', async () => {
    const printed = await load('./schema.graphql');
    if (!contract || !printed) throw new Error('no schema to compare');
    const broken = findBreakingChanges(contract, printed).map(({ description }) => description);
    expect(broken.filter((change) => !LATER.has(change))).toEqual([]);
  });

  it('has exams, live warnings and the analysis of recordings', async () => {
    const printed = await load('./schema.graphql');
    expect(Object.keys(printed?.getSubscriptionType()?.getFields() ?? {}).sort()).toEqual([
      'examEvents',
      'examPulse',
      'recordingProgress',
      'warningAdded',
    ]);
    expect(printed?.getType('RecordingAnalysis')).toBeDefined();
  });

  it('explains every type, field, argument, enum value and input field where a client looks for them', async () => {
    const printed = await load('./schema.graphql');
    if (!printed) throw new Error('no schema to read');
    const own = Object.values(printed.getTypeMap()).filter(
      (type) => !isIntrospectionType(type) && !isSpecifiedScalarType(type) && !isRelay(type),
    );
    expect(own.length).toBeGreaterThan(40);
    expect(own.flatMap(partsOf).flatMap(({ name, description }) => (description?.trim() ? [] : [name]))).toEqual([]);
  });
});
