// How far long work is, in one line: "12/90 · 4.1/s · 19 s left".

import type { Progress } from "../../base/progress.ts";
import type { Say } from "./words.ts";

/** How far it is. JSON makes null of an endless total and leaves out what is unknown. */
export function progressWords(say: Say, progress: Progress | null): string {
  if (!progress) return "…";
  const { done, total, perSecond, secondsLeft } = progress;
  const left = secondsLeft ?? 0;
  const parts = [
    Number.isFinite(total) ? `${done}/${total}` : String(done),
    perSecond > 0 ? say("rate", { n: perSecond.toFixed(1) }) : "",
    left === 0
      ? ""
      : left > 100
      ? say("minutesLeft", { n: Math.ceil(left / 60) })
      : say("secondsLeft", { n: Math.ceil(left) }),
  ];
  return parts.filter(Boolean).join(" · ");
}
