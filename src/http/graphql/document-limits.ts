import { GraphQLError, Lexer, Source, TokenKind } from 'graphql';
import { isStaff, type Viewer } from '../../services/access/viewer.ts';

/**
 * Limits of a document. Far above what a console sends in one document, which is a few hundred tokens; GraphiQL's
 * introspection has 182. Characters are limited too, because line breaks and comments are not tokens, and each error counts
 * the lines before it. Large values belong in variables.
 */
const LIMITS = { staff: { tokens: 5_000, characters: 256 * 1024 }, others: { tokens: 1_000, characters: 32 * 1024 } };
/** Nesting of brackets, which graphql-js parses recursively. GraphiQL's deepest introspection has 10. */
const MAX_DEPTH = 100;

const OPENING: ReadonlySet<TokenKind> = new Set([TokenKind.BRACE_L, TokenKind.BRACKET_L, TokenKind.PAREN_L]);
const CLOSING: ReadonlySet<TokenKind> = new Set([TokenKind.BRACE_R, TokenKind.BRACKET_R, TokenKind.PAREN_R]);

const tooLarge = (what: string) => new GraphQLError(`The document is too large: ${what}`);

/**
 * Checks a document's tokens before anything else reads it. Validation rules compare fields with each other, so their time
 * grows with the square of the tokens: 5,000 of the worst cost 150 ms, 1,000 cost 6 ms.
 * @throws GraphQLError for a document that is too long, too deep or has too many tokens, or for an invalid token
 */
export function refuseOversized(text: string, viewer: Viewer): void {
  const { tokens: maxTokens, characters } = isStaff(viewer) ? LIMITS.staff : LIMITS.others;
  if (text.length > characters) throw tooLarge(`at most ${characters} characters are allowed; send large values as variables`);
  const lexer = new Lexer(new Source(text));
  let tokens = 0;
  let depth = 0;
  for (let { kind } = lexer.advance(); kind !== TokenKind.EOF; { kind } = lexer.advance()) {
    if (++tokens > maxTokens) throw tooLarge(`at most ${maxTokens} tokens are allowed`);
    if (OPENING.has(kind) && ++depth > MAX_DEPTH) throw tooLarge(`at most ${MAX_DEPTH} levels of nesting are allowed`);
    if (CLOSING.has(kind)) depth--;
  }
}
