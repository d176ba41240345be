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
  /** Owns the files that arrive. */
  scope: SpoolScope;
  /** By the path of the string, such as `webcam.data`; the limit is in decoded bytes. */
  files: Record<string, { maxBytes: number }>;
  /** Members of the root that stay text if they are objects: see `JsonText`. */
  raw: string[];
  /** Maximum bytes of each of those, and of all the rest together. */
  maxJsonBytes: number;
  maxMembers: number;
}

export interface JsonWithFiles {
  /** Without the members that became files, and with a `JsonText` for each member that stays text. */
  body: unknown;
  /** By path; the object has no prototype. */
  files: Record<string, UploadedFile>;
}

/**
 * Reads a JSON body that contains files as base64, bare or as data URLs. They are decoded and spooled while they arrive, in
 * memory that does not grow with them. Name and type come from the members `filename` and `mimeType` next to the string, else
 * from the data URL. A value at one of the paths that is not a string stays in `body`. If a member is repeated, the last one
 * counts. After an error answer with `answerEarly`, because the rest of the body was not read.
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
    const body = rest.parseJson(); // first, because a truncated body leaves a file that never ends
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
 * @throws AppError `invalid_request` that names the invalid member, or `body`; also for an empty body
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
  /** The last one of each name: a repeated member replaces the first. */
  readonly #newest = new Map<string, BoundedBytes>();
  #current: BoundedBytes | undefined;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Returns the marker that replaces it. */
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

/** Removes the markers from the body. A missing marker was overwritten by a later member, so its file is not needed. */
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
    // At the root, the members next to the string do not describe it.
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
