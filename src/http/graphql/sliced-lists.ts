import { defaultFieldResolver, getNullableType, type GraphQLField, type GraphQLSchema, isListType, isObjectType } from 'graphql';
import { slices } from '../../async/slices.ts';
import type { Context } from '../../context.ts';
import { readInTurn } from '../../resolvers/reads-in-turn.ts';
import { identityOf } from '../../services/access/viewer.ts';

/** Shorter lists take no time worth dividing. */
const LONG_LIST = 32;
/** Items that are completed in one piece. */
const CHUNK = 16;
/**
 * Lets graphql-js complete long lists in slices: in one piece, a million fields take seconds. Version 16 takes no async iterables as
 * lists, but waits for items that are promises. Changes the schema in place.
 */
export function sliceLists(schema: GraphQLSchema): GraphQLSchema {
  for (const type of Object.values(schema.getTypeMap())) {
    // The fields of introspection are fixed by graphql-js: `document-cost.ts` limits them.
    if (!isObjectType(type) || type.name.startsWith('__') || type === schema.getSubscriptionType()) continue;
    for (const field of Object.values(type.getFields()) as GraphQLField<unknown, Context>[]) {
      if (isPage(field)) takeTurns(field);
      // A frame may bring many operations, and to prepare the statement for one with many fields takes milliseconds.
      else if (type === schema.getQueryType() || type === schema.getMutationType()) startInTurn(field);
      if (isListType(getNullableType(field.type))) slice(field);
    }
  }
  return schema;
}

const isPage = ({ args }: GraphQLField<unknown, Context>) => args.some(({ name }) => name === 'first');

const isPromise = (value: unknown): value is Promise<unknown> => typeof (value as { then?: unknown } | null)?.then === 'function';

function slice(field: GraphQLField<unknown, Context>): void {
  const resolve = field.resolve ?? defaultFieldResolver;
  const divide = (value: unknown, { viewer }: Context) =>
    Array.isArray(value) && value.length >= LONG_LIST ? inSlices(value, identityOf(viewer)) : value;
  field.resolve = (source, args, ctx, info) => {
    const value: unknown = resolve(source, args, ctx, info);
    return isPromise(value) ? value.then((list) => divide(list, ctx)) : divide(value, ctx);
  };
}

/** The items as promises, each chunk resolved when there is time for it. */
function inSlices(list: readonly unknown[], owner: string): unknown[] {
  let ready = Promise.resolve();
  return list.map((item, i) => {
    if (i % CHUNK === 0) ready = ready.then(() => (slices.isUsedUp ? slices.next(owner) : undefined));
    return ready.then(() => item);
  });
}

function takeTurns(field: GraphQLField<unknown, Context>): void {
  const resolve = field.resolve ?? defaultFieldResolver;
  field.resolve = (source, args, ctx, info) => readInTurn(ctx, async () => resolve(source, args, ctx, info));
}

function startInTurn(field: GraphQLField<unknown, Context>): void {
  const resolve = field.resolve ?? defaultFieldResolver;
  field.resolve = (source, args, ctx, info) =>
    slices.isUsedUp ? slices.next(identityOf(ctx.viewer)).then(() => resolve(source, args, ctx, info)) : resolve(source, args, ctx, info);
}
