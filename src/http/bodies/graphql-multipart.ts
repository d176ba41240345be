import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { Upload } from 'graphql-upload-minimal';
import type { SpoolScope } from '../../adapters/storage/spool-scope.ts';
import { AppError, invalidField } from '../../errors.ts';
import { mapPaths, type UploadPath } from './graphql-paths.ts';
import type { JsonLimits } from './json-scanner.ts';
import { parseScanned } from './json-text.ts';
import { type PartHandlers, type PartInfo, readParts } from './parts.ts';
import { describeFile, explainSpoolError, type UploadedFile } from './uploaded-file.ts';

export interface GraphqlMultipartOptions {
  /** Owns the files that arrive. */
  scope: SpoolScope;
  /** Limit per file. */
  maxFileBytes: number;
  maxFiles: number;
  /** Limit for `operations` and for `map`. */
  maxOperationsBytes: number;
  /** Limit for the same fields. */
  maxMembers: number;
  /** Checks the operation before a byte of the files is stored; its variables contain `Upload`s by then. Throws to refuse. */
  admit(operation: GraphqlOperation): Promise<void>;
}

/** An operation as in GraphQL over HTTP. Only checked to be an object. */
export interface GraphqlOperation {
  query?: string;
  operationName?: string;
  variables?: Record<string, unknown>;
  extensions?: Record<string, unknown>;
}

/** The value that the `Upload` scalar resolves to. */
export interface GraphqlFile {
  fieldName: string;
  filename: string;
  mimetype: string;
  encoding: string;
  createReadStream(): Readable;
  /** The spooled file, so that it need not be read again. */
  file: UploadedFile;
}

/** Missing in the types of graphql-upload-minimal. */
interface Fulfillable {
  resolve(file: GraphqlFile): void;
}

/** Clients may send files that the map does not name. */
const SPARE_FILES = 8;

/**
 * Reads a request of the GraphQL multipart request specification (github.com/jaydenseric/graphql-multipart-request-spec,
 * without batches), instead of graphql-upload-minimal's own parser. All files are spooled before it resolves. At the paths in
 * `map`, the variables contain `Upload`s that are already resolved, which the library's scalar accepts.
 * @throws AppError `invalid_request` that names `operations`, `map`, `body` or the path of the invalid file
 */
export async function readGraphqlMultipart(req: IncomingMessage, options: GraphqlMultipartOptions): Promise<GraphqlOperation> {
  const request = new GraphqlRequest(options);
  const limits = { maxFieldBytes: options.maxOperationsBytes, maxFields: 2, maxFiles: options.maxFiles + SPARE_FILES };
  await readParts(req, limits, request);
  return request.finish();
}

class GraphqlRequest implements PartHandlers {
  readonly #options: GraphqlMultipartOptions;
  readonly #arrived = new Set<string>();
  #operation: Record<string, unknown> | undefined;
  /** By name of the file's part. */
  #map: Map<string, UploadPath[]> | undefined;
  readonly #uploads = new Map<string, Upload & Fulfillable>();
  #admitted: Promise<void> | undefined;

  constructor(options: GraphqlMultipartOptions) {
    this.#options = options;
  }

  field(name: string, value: string): void {
    if (name === 'operations' && !this.#operation) this.#operation = parseOperation(value, this.#limitsOf('operations'));
    else if (name !== 'map' || this.#map) throw invalidField(name, 'Expected operations, then map, then the files');
    else if (!this.#operation) throw invalidField('map', 'Must come after operations');
    else this.#place(this.#operation, parseScanned(Buffer.from(value), this.#limitsOf('map')));
  }

  #limitsOf = (field: string): JsonLimits => ({ maxMembers: this.#options.maxMembers, field });

  #place(operation: Record<string, unknown>, map: unknown): void {
    this.#map = mapPaths(operation, map, this.#options.maxFiles);
    for (const [name, paths] of this.#map) {
      const upload = new Upload() as Upload & Fulfillable;
      this.#uploads.set(name, upload);
      for (const path of paths) path.put(upload);
    }
  }

  /** Once, when the first file arrives. */
  #admit = (operation: Record<string, unknown>): Promise<void> => (this.#admitted ??= this.#options.admit(operation));

  async file(name: string, stream: Readable, info: PartInfo): Promise<void> {
    if (!this.#map || !this.#operation) throw invalidField(name, 'Files must come after operations and map');
    const paths = this.#map.get(name);
    const label = paths?.[0]?.path;
    if (!paths || label === undefined) {
      stream.resume();
      return;
    }
    if (this.#arrived.has(name)) throw invalidField(label, 'Given more than once');
    this.#arrived.add(name);
    await this.#admit(this.#operation);
    const file = await this.#spool(label, stream, info);
    this.#uploads.get(name)?.resolve(this.#describe(name, file, info.encoding));
  }

  finish(): GraphqlOperation {
    if (!this.#operation) throw invalidField('operations', 'Missing');
    if (!this.#map) throw invalidField('map', 'Missing');
    for (const [name, paths] of this.#map) {
      if (paths[0] && !this.#arrived.has(name)) throw invalidField(paths[0].path, 'The file is missing');
    }
    return this.#operation;
  }

  async #spool(label: string, stream: Readable, info: PartInfo): Promise<UploadedFile> {
    const { scope, maxFileBytes: maxBytes } = this.#options;
    try {
      return describeFile(await scope.spool(stream, { maxBytes, releaseChunks: true }), info.filename, info.mimeType);
    } catch (error) {
      throw explainSpoolError(label, error);
    }
  }

  #describe(fieldName: string, file: UploadedFile, encoding: string): GraphqlFile {
    const { scope } = this.#options;
    return { fieldName, filename: file.filename ?? '', mimetype: file.mimeType, encoding, createReadStream: () => scope.read(file), file };
  }
}

function parseOperation(text: string, limits: JsonLimits): Record<string, unknown> {
  const operation = parseScanned(Buffer.from(text), limits);
  if (Array.isArray(operation)) throw new AppError('invalid_request', 'Batches of operations are not supported');
  if (typeof operation !== 'object' || operation === null) throw invalidField('operations', 'Must be an object');
  return operation as Record<string, unknown>;
}
