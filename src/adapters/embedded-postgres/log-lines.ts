/** The line of PostgreSQL's output that best explains a failure: the last severe one (except refused connections), else the last. */
export function tellingLine(lines: readonly string[]): string | undefined {
  const filled = lines.map((line) => line.trim()).filter(Boolean);
  // What fails after this, in the attempt to clean up, explains nothing.
  const shm = filled.find((line) => /shared memory segment .*No space left on device/.test(line));
  if (shm)
    return `${withoutPrefix(shm)}: /dev/shm is too small; give the container 64 MB or more, such as by \`docker run --shm-size=256m\``;
  const grave = filled.findLast((line) => /\b(FATAL|PANIC|error):/.test(line) && !/the database system is/.test(line));
  const line = grave ?? filled.at(-1);
  return line && withoutPrefix(line);
}

const withoutPrefix = (line: string) => line.replace(/^.*?\b(FATAL|PANIC|ERROR|error):\s*/, '');
