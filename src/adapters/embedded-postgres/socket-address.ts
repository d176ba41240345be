/** Bytes that fit into a Unix socket address on every system (Linux 107, macOS 103). */
const LONGEST = 100;

export const fitsSocketAddress = (path: string) => Buffer.byteLength(path) <= LONGEST;
