/** Describes the database of a connection, without user and password. */
export function describeTarget({ host, port, database }: { host: string; port: number; database?: string | undefined }): string {
  return host.startsWith('/') ? `${host} (${database})` : `${host}:${port}/${database}`;
}

/** One line, even for an AggregateError of failures at several addresses. */
export function reasonOf(error: unknown): string {
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error;
  const { message, code } = first as Error & { code?: string };
  return (message || code || 'unknown reason').replace(/\s*\n\s*/g, '; ');
}
