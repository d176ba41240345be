import { type DocumentNode, type GraphQLSchema, Kind, TypeInfo, visit, visitWithTypeInfo } from 'graphql';
import { impersonal, type Viewer } from '../services/access/viewer.ts';

interface Subscribing {
  examId: string;
  query: string;
  operationName: string | null;
  variables: Readonly<Record<string, unknown>> | null;
  viewer: Viewer;
  /** See `cursorVariables`. */
  cursors: ReadonlySet<string>;
}

/**
 * Subscribers with the same key get the same messages: it contains everything that a message may depend on. It is made from
 * the same viewer that a group executes as, so that nobody sees results made with other rights.
 */
export function shareKey({ examId, query, operationName, variables, viewer, cursors }: Subscribing): string {
  const shared = Object.entries(variables ?? {})
    .filter(([name]) => !cursors.has(name))
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([examId, impersonal(viewer), operationName, shared, query]);
}

/** Arguments that say where a subscription begins. */
const CURSOR: ReadonlySet<string> = new Set(['after', 'afterAt']);

/** Variables that are only used for them, so that messages do not depend on them. */
export function createCursorVariables(schema: GraphQLSchema): (document: DocumentNode) => ReadonlySet<string> {
  const known = new WeakMap<DocumentNode, ReadonlySet<string>>();
  return (document) => {
    let names = known.get(document);
    if (!names) known.set(document, (names = cursorVariables(schema, document)));
    return names;
  };
}

function cursorVariables(schema: GraphQLSchema, document: DocumentNode): ReadonlySet<string> {
  const types = new TypeInfo(schema);
  const asCursor = new Map<string, number>();
  const used = new Map<string, number>();
  const count = (uses: Map<string, number>, name: string) => void uses.set(name, (uses.get(name) ?? 0) + 1);
  const visitor = visitWithTypeInfo(types, {
    VariableDefinition: () => false,
    Argument({ name, value }) {
      if (value.kind === Kind.VARIABLE && CURSOR.has(name.value) && types.getParentType() === schema.getSubscriptionType())
        count(asCursor, value.name.value);
    },
    Variable: ({ name }) => count(used, name.value),
  });
  visit(document, visitor);
  return new Set([...asCursor].filter(([name, uses]) => used.get(name) === uses).map(([name]) => name));
}
