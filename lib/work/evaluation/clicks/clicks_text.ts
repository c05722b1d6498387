// Clicks to quality as lines of a terminal.

import { aligned } from "../measures_text.ts";
import { secondsText } from "../../report/amounts.ts";
import type { ClickMeasures, VideoMeasures } from "./click_measures.ts";
import { rangeText, type ShownClicks } from "./clicks_page.ts";

/** What was measured, in lines. */
export function clicksText(
  { stills, video, intervals, tags, patients, notes }: ShownClicks,
): string[] {
  return [
    ...(stills ? stillsLines(stills, intervals) : []),
    ...(video ? ["", ...videoLines(video, intervals)] : []),
    ...(tags.length > 1 ? ["", ...groupLines("tag", tags)] : []),
    ...(patients.length > 1 ? ["", ...groupLines("patient", patients)] : []),
    "",
    ...notes.map((note) => `note: ${note}`),
  ];
}

function stillsLines(
  { trials, noc, after }: ClickMeasures,
  intervals: ShownClicks["intervals"],
): string[] {
  return [
    ...aligned([
      [`${trials} masks`, "clicks", "95 %", "failures", "seconds"],
      ...noc.map(({ quality, meanClicks, failures, seconds }) => [
        `IoU ${quality}`,
        meanClicks.toFixed(2),
        rangeText(intervals[`noc${Math.round(quality * 100)}`], 2),
        String(failures),
        secondsText(seconds),
      ]),
    ]),
    ...aligned([
      ["after", "IoU", "Dice", "95 %"],
      ...after.map(({ clicks, iou, dice }) => [
        clicks === 1 ? "1 click" : `${clicks} clicks`,
        iou.toFixed(3),
        dice.toFixed(3),
        rangeText(intervals[`diceAfter${clicks}`]),
      ]),
    ]),
  ];
}

function videoLines(
  { objects, after }: VideoMeasures,
  intervals: ShownClicks["intervals"],
): string[] {
  return aligned([
    [`${objects} objects of clips`, "Dice", "95 %", "clicks", "seconds"],
    ...after.map(({ corrected, dice, clicks, seconds }) => [
      corrected === 1 ? "1 frame" : `${corrected} frames`,
      dice.toFixed(3),
      rangeText(intervals[`videoDiceAfter${corrected}`]),
      clicks.toFixed(1),
      secondsText(seconds),
    ]),
  ]);
}

function groupLines(what: string, groups: ShownClicks["tags"]): string[] {
  return aligned([
    [what, "masks", "NoC@85", "Dice@3", "clip Dice, last"],
    ...groups.map(({ name, stills, video }) => [
      name,
      String(stills?.trials ?? 0),
      stills?.noc[1].meanClicks.toFixed(1) ?? "–",
      stills?.after[1].dice.toFixed(3) ?? "–",
      video?.after.at(-1)?.dice.toFixed(3) ?? "–",
    ]),
  ]);
}
