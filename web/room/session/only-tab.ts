/**
 * Lets one tab of this browser have the exam: two would record over one another.
 * @param onLost another tab has taken it
 * @returns false if another tab has it
 */
export async function takeTab(examId: string, { steal, onLost }: { steal: boolean; onLost(): void }): Promise<boolean> {
  // Without locks (no secure context) there is no camera either.
  if (!navigator.locks) return true;
  return new Promise((resolve) => {
    const held = navigator.locks.request(`invigil room ${examId}`, steal ? { steal: true } : { ifAvailable: true }, (lock) => {
      resolve(lock !== null);
      // Until the page goes away.
      return lock === null ? undefined : new Promise<void>(() => {});
    });
    held.catch(onLost);
  });
}
