// Progress of long work: how much is done, how fast, how long it will take.
//
// The work reports plain records; who shows them (a terminal, a notebook, a
// page) is the caller's choice.

/** One report of a long piece of work. */
export type Progress = {
  readonly stage: string;
  readonly done: number;
  /** Infinity where nobody knows. */
  readonly total: number;
  /** Units per second since the start of the stage; 0 while unknown. */
  readonly perSecond: number;
  /** Estimated seconds until the stage ends; undefined while unknown. */
  readonly secondsLeft: number | undefined;
};

/** Takes progress reports. */
export type OnProgress = (progress: Progress) => void;

/**
 * Starts counting a stage and returns the function that reports it.
 *
 * @example Half of the work in two seconds leaves two seconds
 * ```ts
 * import { startProgress } from "medannotate";
 * import { equal } from "node:assert/strict";
 *
 * let timeMs = 0;
 * const report = startProgress("frames", 10, { now: () => timeMs });
 * timeMs = 2000;
 * equal(report(5).secondsLeft, 2);
 * ```
 */
export function startProgress(
  stage: string,
  total: number,
  { onProgress, now = () => performance.now() }: {
    onProgress?: OnProgress;
    now?: () => number;
  } = {},
): (done: number) => Progress {
  const startMs = now();
  return (done) => {
    const seconds = (now() - startMs) / 1000;
    const perSecond = seconds > 0 ? done / seconds : 0;
    const secondsLeft = perSecond > 0 && Number.isFinite(total)
      ? (total - done) / perSecond
      : undefined;
    const progress = { stage, done, total, perSecond, secondsLeft };
    onProgress?.(progress);
    return progress;
  };
}

/** One line for a terminal: `propagate 12/90 · 4.1/s · 19 s left`. */
export function progressLine(progress: Progress): string {
  const { stage, done, total, perSecond, secondsLeft } = progress;
  const rate = perSecond > 0 ? ` · ${perSecond.toFixed(1)}/s` : "";
  const left = secondsLeft === undefined
    ? ""
    : ` · ${Math.ceil(secondsLeft)} s left`;
  const of = Number.isFinite(total) ? `/${total}` : ""; // a camera has no end
  return `${stage} ${done}${of}${rate}${left}`;
}
