// Which frames are tracked, from where, and in which order.
//
// A condition is a frame whose mask a person stands behind. Between two
// conditions the nearer one wins (the earlier one when both are as near), so
// every frame of an object is tracked once: away from its nearest condition.

/** The way a pass walks through the frames. */
export type Direction = "forward" | "backward";

/** One frame of a pass and the objects that are tracked on it. */
export type Step = {
  readonly direction: Direction;
  readonly frame: number;
  readonly objects: readonly number[];
};

/**
 * Plans all steps: first every forward one by rising frame, then the backward
 * ones by falling frame.
 *
 * @param conditions frames of each object, in any order
 * @param options.from first frame that may be tracked
 * @param options.to last frame that may be tracked
 */
export function planSteps(
  conditions: ReadonlyMap<number, readonly number[]>,
  { direction, from, to }: {
    readonly direction: "both" | Direction;
    readonly from: number;
    readonly to: number;
  },
): readonly Step[] {
  const steps: Step[] = [];
  for (const way of ["forward", "backward"] as const) {
    if (direction !== "both" && direction !== way) continue;
    const byFrame = new Map<number, number[]>();
    for (const [object, frames] of conditions) {
      for (let frame = from; frame <= to; frame++) {
        if (trackedWay(frames, frame, direction) !== way) continue;
        byFrame.set(frame, [...byFrame.get(frame) ?? [], object]);
      }
    }
    const sign = way === "forward" ? 1 : -1;
    const sorted = [...byFrame].sort(([a], [b]) => (a - b) * sign);
    steps.push(
      ...sorted.map(([frame, objects]) => ({ direction: way, frame, objects })),
    );
  }
  return steps;
}

/** How a frame is reached: undefined for a condition, or where no condition reaches. */
export function trackedWay(
  conditions: readonly number[],
  frame: number,
  direction: "both" | Direction,
): Direction | undefined {
  if (conditions.includes(frame)) return undefined;
  const before = Math.max(-Infinity, ...conditions.filter((c) => c < frame));
  const after = Math.min(Infinity, ...conditions.filter((c) => c > frame));
  const canForward = before > -Infinity && direction !== "backward";
  const canBackward = after < Infinity && direction !== "forward";
  if (canForward && canBackward) {
    return frame - before <= after - frame ? "forward" : "backward";
  }
  return canForward ? "forward" : canBackward ? "backward" : undefined;
}
