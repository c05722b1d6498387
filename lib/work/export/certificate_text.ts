// The certificate as a text to read, in Markdown.

import type { Certificate } from "./certificate.ts";

/** Writes a certificate as Markdown. */
export function certificateText(certificate: Certificate): string {
  const { split, parts, nearest, classes, objects, about, nearDuplicates } =
    certificate;
  const how = split.kind === "time"
    ? `cut in time, gap ${split.gapFrames} frames, forced`
    : `by ${split.kind.replace(/s$/, "")}, seed ${split.seed ?? 1}`;
  const shares = Object.entries(split.shares)
    .map(([name, share]) => `${name} ${share}`).join(", ");
  const marks = certificate.marks.map((mark) => `- **${mark}**`);
  return [
    "# Certificate of a data set",
    "",
    `Format ${certificate.format}, written by MedAnnotate on ${certificate.date}.`,
    ...Object.entries(about).map(([name, value]) => `${name}: ${value}.`),
    "",
    `Split: ${how} (${shares}).`,
    ...(marks.length > 0 ? ["", ...marks] : []),
    "",
    "## Independence",
    "",
    `- Patients in more than one part: ${certificate.sharedPatients}`,
    `- Frames with the same pixels in different parts: ${certificate.exactDuplicates}`,
    ...(certificate.leastDistanceFrames === undefined ? [] : [
      `- Least distance between frames of one sequence in different parts: ${certificate.leastDistanceFrames} frames`,
    ]),
    `- Frames of a single colour, not counted: ${certificate.plainFrames}`,
    ...nearest.map(({ parts, distanceBits, frames }) =>
      `- Nearest frames of ${
        parts.join(" and ")
      }: ${distanceBits} of 64 bits differ (${frames.join(", ")})`
    ),
    ...nearDuplicates.between.map(({ parts: [first, second], frames, of }) =>
      `- Near-duplicates (at most ${nearDuplicates.thresholdBits} bits): ${frames} of ${of} frames of ${second} look like one of ${first}`
    ),
    "",
    "## Parts",
    "",
    ...table(
      [
        "part",
        "patients",
        "procedures",
        "sequences",
        "frames",
        "background",
        "unlabelled",
        "masks",
        "verified",
      ],
      parts.map((part) => [
        part.part,
        part.patients.join(", "),
        part.procedures.join(", "),
        part.sequences.join(", "),
        part.frames,
        part.backgroundFrames,
        part.unlabelledFrames,
        part.masks,
        part.verifiedMasks,
      ]),
    ),
    "",
    "## Classes",
    "",
    `Class numbers: ${certificate.classNumbersAre}.`,
    "",
    ...table(
      ["number", "code", "name", "category", ...parts.map(({ part }) => part)],
      classes.map((row) => [
        row.classNumber,
        row.code,
        row.name,
        row.category,
        ...parts.map(({ classes }) => classes[row.classNumber] ?? 0),
      ]),
    ),
    "",
    `Images: ${certificate.imagesAre}.`,
    ...(objects.length === 0 ? [] : [
      "",
      "## Polygons against masks",
      "",
      "Each row was read back, filled and compared with its mask (intersection over union).",
      "",
      ...table(
        ["sequence", "object", "tag", "masks", "mean", "lowest", "on frame"],
        objects.map((row) => [
          row.sequence,
          row.object,
          row.tag,
          row.masks,
          row.meanIou.toFixed(4),
          row.lowestIou.toFixed(4),
          row.lowestFrame,
        ]),
      ),
    ]),
    "",
  ].join("\n");
}

function table(
  head: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): string[] {
  const line = (cells: readonly (string | number)[]) =>
    `| ${
      cells.map((cell) => String(cell).replace(/[|\n]/g, " ")).join(" | ")
    } |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)];
}
