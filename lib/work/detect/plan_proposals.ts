// Which objects a detection proposes: one for each track, or, without tracks,
// one for each class and place in the order of confidence.

import type { Box } from "../../base/tensor.ts";
import { decodeCounts, type Rle } from "../../masks/rle.ts";
import type { DetectionLine, FoundObject } from "./detection_lines.ts";

/** What is proposed on one frame. */
export type ProposedMask = {
  readonly frame: number;
  readonly box: Box;
  readonly confidence: number;
  /** Class name. */
  readonly name: string;
  /** None where the detector gives boxes alone. */
  readonly mask: Rle | undefined;
  /** Place in the line, to find what a box led to. */
  readonly at: number;
};

/** An object that is proposed. */
export type ProposedObject = {
  /** For people: class and track, or class and number. */
  readonly name: string;
  /** The class it was most often. */
  readonly className: string;
  /** By frame. */
  readonly masks: readonly ProposedMask[];
};

/** What is proposed, and how many detections belong to no track. */
export type ProposalPlan = {
  readonly objects: readonly ProposedObject[];
  readonly untracked: number;
};

/** Plans objects from lines, in the order of their first frames. */
export async function planProposals(
  lines: AsyncIterable<DetectionLine>,
  { isTracked }: { readonly isTracked: boolean },
): Promise<ProposalPlan> {
  const groups = new Map<string, { title: string; masks: ProposedMask[] }>();
  let untracked = 0;
  for await (const line of lines) {
    const counts = new Map<string, number>();
    for (const [at, found] of line.detections.entries()) {
      if (isTracked && found.track === undefined) {
        untracked++;
        continue;
      }
      const number = (counts.get(found.name) ?? 0) + 1;
      counts.set(found.name, number);
      const { key, title } = isTracked
        ? { key: `track ${found.track}`, title: `track ${found.track}` }
        : { key: `${number} ${found.name}`, title: `${found.name} ${number}` };
      const group = groups.get(key) ?? { title, masks: [] };
      groups.set(key, group);
      group.masks.push(proposedMask(line.frame, found, at));
    }
  }
  const objects = [...groups.values()].map(({ title, masks }) => {
    const className = mostFrequent(masks.map(({ name }) => name));
    const name = isTracked ? `${className}, ${title}` : title;
    return { name, className, masks };
  });
  return { objects, untracked };
}

function proposedMask(
  frame: number,
  { box: [x0, y0, x1, y1], confidence, name, rle }: FoundObject,
  at: number,
): ProposedMask {
  const mask = rle &&
    { size: rle.size, counts: decodeCounts(rle.counts) };
  return { frame, box: { x0, y0, x1, y1 }, confidence, name, mask, at };
}

/** Of equals, the one that came first. */
function mostFrequent(names: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  const [[best]] = [...counts].sort(([, a], [, b]) => b - a);
  return best;
}

/** The frame on which an object is surest; of equals, the first. */
export function surestMask({ masks }: ProposedObject): ProposedMask {
  return masks.reduce((best, mask) =>
    mask.confidence > best.confidence ? mask : best
  );
}
