import {
  type DocumentNode,
  getOperationAST,
  GraphQLError,
  type GraphQLSchema,
  Kind,
  type OperationDefinitionNode,
  parse,
  validate,
  visit,
} from 'graphql';
import { LRUCache } from 'lru-cache';
import { isStaff, type Viewer } from '../../services/access/viewer.ts';
import { costOf, MAX_COST, type Payer } from './document-cost.ts';
import { refuseOversized } from './document-limits.ts';

const MAX_DOCUMENTS = 1_000;
/** Characters of query text in the cache; a parsed document takes about twenty times its text. */
const MAX_CHARACTERS = 1024 * 1024;
/** Fields of an answer that takes less than a few milliseconds to write. */
const LARGE = 3_000;
/** Errors per document: each costs a pass over all of its text. */
const MAX_ERRORS = 10;

/** The document is null if its text is too large or not GraphQL; there are errors if it must not be executed. */
export interface ReadDocument {
  readonly document: DocumentNode | null;
  readonly errors: readonly GraphQLError[];
}

const payerOf = (viewer: Viewer): Payer => (isStaff(viewer) ? 'staff' : 'others');

export interface OperationChoice {
  operationName: string | null | undefined;
  variables: Readonly<Record<string, unknown>> | null | undefined;
}

/**
 * The only reader of GraphQL documents: every transport gets its documents here, with the same limits, and nothing else reads
 * a document that is refused here. Each text is parsed and validated once while it is in the LRU cache; the same text then
 * gives the same document object.
 */
export function createDocuments(schema: GraphQLSchema) {
  const known = new LRUCache<string, ReadDocument>({
    max: MAX_DOCUMENTS,
    maxSize: MAX_CHARACTERS,
    sizeCalculation: (_read, text) => text.length + 1,
  });
  /** Whether page sizes come from variables. */
  const isVariable = new WeakMap<DocumentNode, boolean>();
  const costs = { staff: new WeakMap<OperationDefinitionNode, number>(), others: new WeakMap<OperationDefinitionNode, number>() };

  function readAnew(text: string, viewer: Viewer): ReadDocument {
    try {
      refuseOversized(text, viewer);
      const document = parse(text);
      return { document, errors: validate(schema, document, undefined, { maxErrors: MAX_ERRORS }) };
    } catch (error) {
      if (error instanceof GraphQLError) return { document: null, errors: [error] };
      throw error;
    }
  }

  /** Counted once, unless page sizes come from variables. */
  function costIn(
    document: DocumentNode,
    operation: OperationDefinitionNode,
    variables: OperationChoice['variables'],
    payer: Payer,
  ): number {
    const known = costs[payer].get(operation);
    if (known !== undefined) return known;
    const cost = costOf(schema, { document, operation, variables, payer });
    let varies = isVariable.get(document);
    if (varies === undefined) isVariable.set(document, (varies = hasPagesByVariable(document)));
    if (!varies) costs[payer].set(operation, cost);
    return cost;
  }

  return {
    read(text: string, viewer: Viewer): ReadDocument {
      const cached = known.get(text);
      if (cached) return cached;
      const read = readAnew(text, viewer);
      // An error contains its position in the text, and transports may add to it, so each request gets its own.
      if (read.errors.length === 0) known.set(text, read);
      return read;
    },

    /** Whether the answer to an operation of a valid document may be so large that it should be written in slices. */
    isLarge(document: DocumentNode, { operationName, variables }: OperationChoice, viewer: Viewer): boolean {
      const operation = getOperationAST(document, operationName);
      return operation !== null && operation !== undefined && costIn(document, operation, variables, payerOf(viewer)) > LARGE;
    },

    /** The error if an operation of a valid document is too expensive for this viewer, else null. */
    refuseCostly(document: DocumentNode, { operationName, variables }: OperationChoice, viewer: Viewer): GraphQLError | null {
      const operation = getOperationAST(document, operationName);
      const payer = payerOf(viewer);
      const most = MAX_COST[payer];
      if (!operation || costIn(document, operation, variables, payer) <= most) return null;
      return new GraphQLError(
        `The operation could return more than ${most} fields: ask for smaller pages, or split it into several requests`,
      );
    },
  };
}

export type Documents = ReturnType<typeof createDocuments>;

function hasPagesByVariable(document: DocumentNode): boolean {
  let found = false;
  visit(document, {
    Argument({ name, value }) {
      if (value.kind === Kind.VARIABLE && (name.value === 'first' || name.value === 'last')) found = true;
    },
  });
  return found;
}
