// Which frames are tracked, from where, and in which order.
//
// A condition is a frame whose mask a person stands behind; conditions are
// barriers: what is tracked from one ends before the next. Between two of them
// frames are tracked from both sides, which tells how far the two directions
// agree, and the nearer condition wins (the earlier one when both are as near).

/** The way a pass walks through the frames. */
export type Direction = "forward" | "backward";

/** Frames of one object between two conditions, or beyond the last one. */
export type Gap = {
  readonly object: number;
  /** The condition before the gap, if there is one. */
  readonly before: number | undefined;
  readonly after: number | undefined;
  /** First and last frame to fill, both included. */
  readonly from: number;
  readonly to: number;
};

/** One walk through a gap, away from a condition. */
export type Pass = {
  readonly object: number;
  readonly direction: Direction;
  /** The condition it starts from. */
  readonly condition: number;
  /** The condition from which the same frames are tracked the other way; null when they are not. */
  readonly opposite: number | null;
  /** First and last frame in the order of the walk. */
  readonly first: number;
  readonly last: number;
};

/** What is known about one object on a frame of a pass. */
export type StepObject = Pick<Pass, "object" | "condition" | "opposite">;

/** One frame of a sweep and the objects that are tracked on it. */
export type Step = {
  readonly direction: Direction;
  readonly frame: number;
  readonly objects: readonly StepObject[];
};

/** Lists the gaps of one object within a range of frames, in their order. */
export function listGaps(
  object: number,
  conditions: readonly number[],
  { from, to }: { readonly from: number; readonly to: number },
): readonly Gap[] {
  if (conditions.length === 0) return [];
  const sorted = [...new Set(conditions)].sort((a, b) => a - b);
  const bounds = [undefined, ...sorted, undefined];
  return bounds.slice(1).map((after, i) => ({
    object,
    before: bounds[i],
    after,
    from: Math.max(from, (bounds[i] ?? -1) + 1),
    to: Math.min(to, (after ?? to + 1) - 1),
  })).filter((gap) => gap.from <= gap.to);
}

/** What is there already in a gap. */
export type GapState = {
  /** Frames without a mask, or with one that is out of date. */
  readonly missing: ReadonlySet<number>;
  /** Frames that wait for the backward pass. */
  readonly provisional: ReadonlySet<number>;
  /** Frames that a stopped pass left memories of. */
  readonly memories: Readonly<Record<Direction, readonly number[]>>;
};

/** A gap of which nothing was done: every frame is missing. */
export function emptyGap({ from, to }: Gap): GapState {
  const frames = Array.from({ length: to - from + 1 }, (_, i) => from + i);
  return {
    missing: new Set(frames),
    provisional: new Set(),
    memories: { forward: [], backward: [] },
  };
}

/**
 * Plans what is left to walk of a gap. A pass that was stopped goes on after
 * its last memory, unless something before that is missing: then it begins anew
 * at its condition. Planning after a stop gives just what the stop left undone.
 *
 * @param options.agreement tracks what lies between two conditions from both
 */
export function planGap(
  gap: Gap,
  state: GapState,
  { direction, agreement }: {
    readonly direction: "both" | Direction;
    readonly agreement: boolean;
  },
): readonly Pass[] {
  const { object, before, after, from, to } = gap;
  const pass = { object, opposite: null };
  const forward: Pass | undefined =
    before === undefined || direction === "backward" ? undefined : {
      ...pass,
      direction: "forward",
      condition: before,
      first: from,
      last: to,
    };
  const backward: Pass | undefined =
    after === undefined || direction === "forward" ? undefined : {
      ...pass,
      direction: "backward",
      condition: after,
      first: to,
      last: from,
    };
  if (!forward || !backward) {
    const only = forward ?? backward;
    return only ? cutPass(only, state) : [];
  }
  if (!agreement) {
    const middle = Math.floor((forward.condition + backward.condition) / 2);
    const first = { ...forward, last: Math.min(to, middle) };
    const second = { ...backward, last: Math.max(from, middle + 1) };
    return [...cutPass(first, state), ...cutPass(second, state)];
  }
  const there = { ...forward, opposite: backward.condition };
  const back = { ...backward, opposite: forward.condition };
  // whatever is not missing was passed forward
  if (state.missing.size > 0) return [...goOn(there, state), back];
  return state.provisional.size > 0 ? goOn(back, state) : [];
}

/** Ends a pass at the last frame that is missing. */
function cutPass(pass: Pass, state: GapState): readonly Pass[] {
  const missing = framesOf(pass).filter((frame) => state.missing.has(frame));
  if (missing.length === 0) return [];
  return goOn({ ...pass, last: missing[missing.length - 1] }, state);
}

/** Begins a pass after its furthest memory where nothing before that is missing. */
function goOn(
  pass: Pass,
  { missing, provisional, memories }: GapState,
): readonly Pass[] {
  const sign = pass.direction === "forward" ? 1 : -1;
  const furthest = memories[pass.direction]
    .reduce<number | undefined>(
      (far, frame) =>
        far === undefined || (frame - far) * sign > 0 ? frame : far,
      undefined,
    );
  if (furthest === undefined) return [pass];
  const isOpen = (frame: number) =>
    missing.has(frame) ||
    (pass.direction === "backward" && provisional.has(frame));
  const passed = framesOf({ ...pass, last: furthest });
  if (passed.some(isOpen)) return [pass];
  const rest = { ...pass, first: furthest + sign };
  return framesOf(rest).length > 0 ? [rest] : [];
}

/** The frames of a pass in the order of the walk. */
export function framesOf(
  { direction, first, last }: Pick<Pass, "direction" | "first" | "last">,
): readonly number[] {
  const sign = direction === "forward" ? 1 : -1;
  const length = Math.max((last - first) * sign + 1, 0);
  return Array.from({ length }, (_, i) => first + i * sign);
}

/** Joins passes to steps: every forward one by rising frame, then the backward ones by falling frame. */
export function planSteps(passes: readonly Pass[]): readonly Step[] {
  const steps: Step[] = [];
  for (const direction of ["forward", "backward"] as const) {
    const sign = direction === "forward" ? 1 : -1;
    const byFrame = new Map<number, StepObject[]>();
    for (const pass of passes) {
      if (pass.direction !== direction) continue;
      const { object, condition, opposite } = pass;
      for (const frame of framesOf(pass)) {
        const objects = byFrame.get(frame) ?? [];
        objects.push({ object, condition, opposite });
        byFrame.set(frame, objects);
      }
    }
    const sorted = [...byFrame].sort(([a], [b]) => (a - b) * sign);
    for (const [frame, objects] of sorted) {
      objects.sort((a, b) => a.object - b.object);
      steps.push({ direction, frame, objects });
    }
  }
  return steps;
}

/** Whether a frame belongs to the condition it is tracked from, rather than to the opposite one. */
export function isNearer(
  { direction, frame }: Step,
  { condition, opposite }: StepObject,
): boolean {
  if (opposite === null) return true;
  const own = Math.abs(frame - condition);
  const other = Math.abs(frame - opposite);
  return direction === "forward" ? own <= other : own < other;
}
