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
import { costOf, type Payer } from './document-cost.ts';
import { refuseOversized } from './document-limits.ts';

const MAX_DOCUMENTS = 1_000;
/** Of query text; a parsed document takes some twenty times its text. */
const MAX_CHARACTERS = 1024 * 1024;
/** Of one document: each costs a look at all of its text. */
const MAX_ERRORS = 10;
/**
 * Fields that one operation may have to answer. graphql-js answers a million a second and does nothing else meanwhile. Who
 * looks at many exams may ask for more than a candidate, who can fill pages of its own but needs a few.
 */
const MAX_COST = { staff: 2_000_000, others: 100_000 };

/** Without a document where its text is too large or not GraphQL; with errors where it must not be executed. */
export interface ReadDocument {
  readonly document: DocumentNode | null;
  readonly errors: readonly GraphQLError[];
}

export interface OperationChoice {
  operationName: string | null | undefined;
  variables: Readonly<Record<string, unknown>> | null | undefined;
}

/**
 * The only reader of GraphQL documents: every door gets its documents here, with the same limits, and what is refused here
 * is read by nothing else. Each text is parsed and validated once, as long as it is among the recently used; the same text
 * then is the same document.
 */
export function createDocuments(schema: GraphQLSchema) {
  const known = new LRUCache<string, ReadDocument>({
    max: MAX_DOCUMENTS,
    maxSize: MAX_CHARACTERS,
    sizeCalculation: (_read, text) => text.length + 1,
  });
  /** Whether variables say how long pages are. */
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

  /** Counted once, unless variables say how long its pages are. */
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
      // An error bears the place in the text where it is, and doors may add to it: each request gets its own.
      if (read.errors.length === 0) known.set(text, read);
      return read;
    },

    /** What speaks against executing an operation of a valid document for this viewer; null where nothing does. */
    refuseCostly(document: DocumentNode, { operationName, variables }: OperationChoice, viewer: Viewer): GraphQLError | null {
      const operation = getOperationAST(document, operationName);
      const payer = isStaff(viewer) ? 'staff' : 'others';
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
