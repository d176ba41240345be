import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { SpoolScope } from '../../adapters/storage/spool-scope.ts';
import { releaseMemory } from '../../async/release-memory.ts';
import { JsonText } from '../../validation.ts';
import { BoundedBytes, bodyTooLarge, fieldTooLarge, readChunks, takeArrived } from './body.ts';
import { type DecodedFile, FileValues } from './file-values.ts';
import { JsonScanner } from './json-scanner.ts';
import { onlyText, parseScanned } from './json-text.ts';
import { describeFile, type UploadedFile } from './uploaded-file.ts';

export interface JsonFilesOptions {
  /** Owns the files that come. */
  scope: SpoolScope;
  /** By the path of their string, such as `webcam.data`, in bytes once decoded. */
  files: Record<string, { maxBytes: number }>;
  /** Members of the root that stay text where they are objects: see `JsonText`. */
  raw: string[];
  /** Bytes of each of those, and of all the rest together. */
  maxJsonBytes: number;
  maxMembers: number;
}

export interface JsonWithFiles {
  /** Without the members that became files, and with a `JsonText` for each that stays text. */
  body: unknown;
  /** By path, without a prototype. */
  files: Record<string, UploadedFile>;
}

/**
 * Reads a JSON body that holds files as base64, bare or as data URLs: they are decoded and spooled as they flow, in memory
 * that does not grow with them. Names and types are those of the members `filename` and `mimeType` beside the string, else
 * of the data URL. What is no string at one of the paths stays in `body`. A member given twice counts the last time.
 * After an error answer with `answerEarly`: the rest of the body was not read.
 * @throws AppError `invalid_request` that names the field (the path's first name), or `body`
 */
export async function readJsonWithFiles(req: IncomingMessage, options: JsonFilesOptions): Promise<JsonWithFiles> {
  const { scope, files, raw, maxJsonBytes, maxMembers } = options;
  const rest = new BoundedBytes(maxJsonBytes);
  const values = new FileValues(scope, new Map(Object.entries(files).map(([path, { maxBytes }]) => [path, maxBytes])));
  const texts = new RawTexts(maxJsonBytes);
  const append = (marker: string) => rest.append(Buffer.from(JSON.stringify(marker)));
  const scanner = new JsonScanner(
    { strings: Object.keys(files), raw },
    {
      text: (bytes) => rest.append(bytes),
      open: (path) => append(values.open(path)),
      piece: (text) => values.write(text),
      close: () => values.close(),
      openRaw: (path) => append(texts.open(path)),
      rawPiece: (bytes) => texts.append(bytes),
    },
    { maxMembers },
  );
  try {
    const take = (chunk: Buffer) => {
      scanner.push(chunk);
      releaseMemory([chunk]);
      return values.room();
    };
    await readChunks(req, take, { signal: values.failed });
    const body = rest.parseJson(); // first: a body that was cut leaves a file that never ends
    texts.putInto(body);
    return { body, files: await takeFiles(body, await values.finish(), scope) };
  } finally {
    await values.abort();
  }
}

export interface JsonOptions {
  maxBytes: number;
  maxMembers: number;
}

/**
 * Reads a JSON body without files.
 * @throws AppError `invalid_request` naming the member at fault, or `body`; also for an empty one
 */
export async function readJson(req: IncomingMessage, { maxBytes, maxMembers }: JsonOptions): Promise<unknown> {
  if (Number(req.headers['content-length']) > maxBytes) throw bodyTooLarge(maxBytes);
  const arrived = takeArrived(req);
  if (arrived) return parseScanned(arrived, { maxMembers });
  const bytes = new BoundedBytes(maxBytes);
  const gauge = new JsonScanner(
    {},
    onlyText((piece) => bytes.append(piece)),
    { maxMembers },
  );
  await readChunks(req, (chunk) => gauge.push(chunk));
  return bytes.parseJson();
}

/** The members that stay text. */
class RawTexts {
  readonly #maxBytes: number;
  readonly #nonce = randomUUID();
  /** The newest of each name: a member that is given again takes the place of the first. */
  readonly #newest = new Map<string, BoundedBytes>();
  #current: BoundedBytes | undefined;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Gives the marker that stands in its place. */
  open(name: string): string {
    this.#current = new BoundedBytes(this.#maxBytes, () => fieldTooLarge(name, this.#maxBytes));
    this.#newest.set(name, this.#current);
    return this.#markerOf(name);
  }

  append(bytes: Buffer): void {
    this.#current?.append(bytes);
  }

  putInto(body: unknown): void {
    for (const [name, bytes] of this.#newest) {
      if (ownMember(body, name) === this.#markerOf(name)) (body as Record<string, unknown>)[name] = new JsonText(bytes.utf8());
    }
  }

  #markerOf = (name: string) => `${this.#nonce}:${name}`;
}

/** Takes the markers out of the body. One that is not there was overwritten by a later member, and its file is of no use. */
async function takeFiles(body: unknown, decoded: Map<string, DecodedFile>, scope: SpoolScope): Promise<Record<string, UploadedFile>> {
  const files = Object.create(null) as Record<string, UploadedFile>;
  for (const [path, { file, marker, mediaType }] of decoded) {
    const names = path.split('.');
    const name = names.pop() ?? '';
    const parent = names.reduce(ownMember, body);
    if (ownMember(parent, name) !== marker) {
      await scope.discard(file);
      continue;
    }
    delete (parent as Record<string, unknown>)[name];
    // At the root, members beside the string are not about it.
    const about = names.length > 0 ? parent : undefined;
    files[path] = describeFile(file, ownText(about, 'filename'), ownText(about, 'mimeType') ?? mediaType);
  }
  return files;
}

function ownMember(object: unknown, name: string): unknown {
  return typeof object === 'object' && object !== null && Object.hasOwn(object, name)
    ? (object as Record<string, unknown>)[name]
    : undefined;
}

function ownText(object: unknown, name: string): string | undefined {
  const value = ownMember(object, name);
  return typeof value === 'string' ? value : undefined;
}
