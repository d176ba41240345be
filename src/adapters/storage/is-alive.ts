/** Whether the process with this id is running on this machine or in this container. */
export function isAlive(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // It is running as another user.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
