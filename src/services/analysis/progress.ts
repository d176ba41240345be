/** Smallest step between two reports, as a fraction of the whole. */
const STEP = 0.01;

/** Thins out progress: passes a report on if the stage is new or the fraction rose by a step; it never falls and stays in 0..1. */
export function createProgress<Stage extends string>(
  report: (stage: Stage, fraction: number) => void,
): (stage: Stage, fraction: number) => void {
  let lastStage: Stage | null = null;
  let last = 0;
  return (stage, fraction) => {
    const now = Math.min(1, Math.max(last, Number.isFinite(fraction) ? fraction : 0));
    if (stage === lastStage && now < last + STEP) return;
    lastStage = stage;
    last = now;
    report(stage, now);
  };
}
