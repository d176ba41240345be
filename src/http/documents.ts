import { type DocumentNode, GraphQLError, type GraphQLSchema, parse, validate } from 'graphql';
import { LRUCache } from 'lru-cache';

const MAX_DOCUMENTS = 1_000;
/** Of query text; a parsed document takes some twenty times its text. */
const MAX_CHARACTERS = 1024 * 1024;
/** Rules compare fields with each other, so the time to validate grows faster than the document. */
const MAX_TOKENS = 10_000;

type ReadDocument = { document: DocumentNode; errors?: undefined } | { document?: undefined; errors: readonly GraphQLError[] };

/** Parses and validates each text once, as long as it is among the recently used; the same text then is the same document. */
export function createDocuments(schema: GraphQLSchema) {
  const known = new LRUCache<string, DocumentNode>({
    max: MAX_DOCUMENTS,
    maxSize: MAX_CHARACTERS,
    sizeCalculation: (_document, text) => text.length + 1,
  });

  return {
    read(text: string): ReadDocument {
      const cached = known.get(text);
      if (cached) return { document: cached };
      try {
        const document = parse(text, { maxTokens: MAX_TOKENS });
        const errors = validate(schema, document);
        if (errors.length > 0) return { errors };
        known.set(text, document);
        return { document };
      } catch (error) {
        if (error instanceof GraphQLError) return { errors: [error] };
        throw error;
      }
    },
  };
}

export type Documents = ReturnType<typeof createDocuments>;
