import type { IncomingMessage, ServerResponse } from 'node:http';
import type { z } from 'zod';
import type { SpoolScope } from '../src/adapters/storage/spool-scope.ts';
import { type Context, keeping } from '../src/context.ts';
import type { UploadedFile } from '../src/http/bodies/uploaded-file.ts';
import type { AnswerKeeper } from '../src/services/idempotency.ts';
import { parseInput, parseSmallInput } from '../src/validation.ts';

/** A request at a route, with its path and query checked. */
export interface Call<Path = unknown, Query = unknown> {
  ctx: Context;
  req: IncomingMessage;
  res: ServerResponse;
  path: Path;
  query: Query;
  /** Owns the files of this request until they are committed. */
  scope: SpoolScope;
}

/** Path and query as received and decoded: one string per name. */
export type RawCall = Call<Record<string, string>, Record<string, string>>;

/** The body of a POST or PUT: its fields, not checked yet, and its files by field name. */
export interface Body<File extends string = string> {
  fields: unknown;
  files: Readonly<Partial<Record<File, UploadedFile | undefined>>>;
}

/**
 * A file of a body: a part of a form; in JSON a member whose `data` is a data URL or base64, beside `filename` and `mimeType`;
 * the whole body if that has one of the file's own media types.
 */
export interface FileField {
  description: string;
  mediaTypes: readonly string[];
  required: boolean;
}

/** The documentation of the API is generated from this. */
interface Described {
  /** Below `/api`, with parameters like `:examId`. */
  path: string;
  /** One sentence. */
  summary: string;
}

interface Get<Path extends z.ZodType, Query extends z.ZodType, Answer extends z.ZodType> extends Described {
  params: Path;
  query: Query;
  answer: Answer;
  /** Admits callers without credentials; `run` does its own checks. */
  open?: boolean;
  /** Returns the answer, or nothing if it was already written: then `answer` is `file`. */
  run(call: Call<z.output<Path>, z.output<Query>>): Promise<z.input<Answer>>;
}

interface Post<
  Path extends z.ZodType,
  Query extends z.ZodType,
  Fields extends z.ZodType,
  Answer extends z.ZodType,
  File extends string,
  Received extends Body<File>,
  Result,
> extends Described {
  params: Path;
  query: Query;
  body: Fields;
  /** Media types of the body; none if the route takes no body. */
  accepts: readonly string[];
  /** By the names under which `read` returns them. */
  files?: Readonly<Record<File, FileField>>;
  answer: Answer;
  /** Whether the bearer of a link may call it; `admit` says of which. */
  byLink?: true;
  /** It stores nothing, so a repeat needs no idempotency key; one that is sent is not used. */
  storesNothing?: true;
  /**
   * Refuses callers before the body is read. It was already checked that they have credentials, and more than an access
   * link.
   */
  admit(call: Call<z.output<Path>, z.output<Query>>): unknown;
  read(call: Call<z.output<Path>, z.output<Query>>): Promise<Received>;
  /** Does the work. */
  run(call: Call<z.output<Path>, z.output<Query>>, fields: z.output<Fields>, received: Received): Promise<Result>;
  /**
   * Shapes the answer. For a request with an idempotency key it is called within the transaction that does the work, if that stores
   * the answer (`Context.keeper`).
   */
  present(call: Call<z.output<Path>, z.output<Query>>, result: Result): z.input<Answer> | Promise<z.input<Answer>>;
}

interface AnyRoute extends Described {
  params: z.ZodType;
  query: z.ZodType;
  answer: z.ZodType;
}

/** A route as the router sees it; its types are checked where it is declared. */
export interface GetRoute extends AnyRoute {
  method: 'GET';
  open: boolean;
  run(call: RawCall): Promise<unknown>;
}

export interface PostRoute extends AnyRoute {
  byLink?: true;
  storesNothing?: true;
  /** PUT and PATCH are idempotent and need no idempotency key. */
  method: 'POST' | 'PUT' | 'PATCH';
  body: z.ZodType;
  accepts: readonly string[];
  files: Readonly<Record<string, FileField>>;
  /** The steps of one request. */
  begin(call: RawCall): {
    admit(): unknown;
    read(): Promise<Body>;
    /** @param keeper passed on in the context */
    run(body: Body, keeper?: AnswerKeeper): Promise<unknown>;
    present(result: unknown): Promise<unknown>;
  };
}

export type Route = GetRoute | PostRoute;

const check = <Path extends z.ZodType, Query extends z.ZodType>(
  { params, query }: { params: Path; query: Query },
  call: RawCall,
): Call<z.output<Path>, z.output<Query>> => ({
  ...call,
  path: parseSmallInput(params, call.path),
  query: parseSmallInput(query, call.query),
});

export const get = <Path extends z.ZodType, Query extends z.ZodType, Answer extends z.ZodType>(
  route: Get<Path, Query, Answer>,
): GetRoute => ({ open: false, ...route, method: 'GET', run: async (call) => route.run(check(route, call)) });

const withBody =
  (method: PostRoute['method']) =>
  <
    Path extends z.ZodType,
    Query extends z.ZodType,
    Fields extends z.ZodType,
    Answer extends z.ZodType,
    Received extends Body<File>,
    Result,
    File extends string = never,
  >({
    admit,
    read,
    run,
    present,
    files,
    ...route
  }: Post<Path, Query, Fields, Answer, File, Received, Result>): PostRoute => ({
    ...route,
    files: files ?? {},
    method,
    begin(raw) {
      const call = check(route, raw);
      return {
        admit: () => admit(call),
        read: () => read(call),
        // The router passes the value that `read` returned.
        run: (body, keeper) =>
          run(keeper ? { ...call, ctx: keeping(call.ctx, keeper) } : call, parseInput(route.body, body.fields), body as Received),
        // And the result of `run`.
        present: async (result) => present(call, result as Result),
      };
    },
  });

export const post = withBody('POST');
export const put = withBody('PUT');
export const patch = withBody('PATCH');
