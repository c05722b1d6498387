// The data of an experiment: the certificate, what the parts hold, how the
// classes are balanced, what was wrong.

import type { DataSetSummary, PartSummary } from "../data_set/summarise.ts";
import type { Certificate } from "../export/certificate.ts";
import { type Html, html } from "./html.ts";
import { type Cell, dataTable, factList } from "./table.ts";

/** The section; `problems` is the text of what was wrong, where it was kept. */
export function dataSection(
  { folder, names, digest, parts, problems, certificate }: DataSetSummary,
  problemsText = "",
): Html {
  return html`<section id="data"><h2>Data</h2>
${certificateHtml(certificate)}
<h3>Parts</h3>
${partsTable(parts)}
<h3>Class balance</h3>
${balanceTable(parts, names)}
${problemsHtml(problems, problemsText)}
<p class="soft">Folder <code>${folder}</code>, digest of names, sizes and labels <code>${digest}</code></p></section>`;
}

function certificateHtml(certificate: Certificate | undefined): Html {
  if (!certificate) {
    return html`
      <p
        class="note">The data set has no certificate: whether a patient is in two of its parts is not known.</p>
    `;
  }
  const { split, nearDuplicates, nearest, leastDistanceFrames } = certificate;
  const seed = split.kind === "time" ? "" : `, seed ${split.seed ?? 1}`;
  const shares = Object.entries(split.shares)
    .map(([name, share]) => `${name} ${share}`).join(", ");
  return html`<h3>Certificate</h3>${
    factList([
      [
        "Independent validation",
        certificate.independentValidation ? "yes" : "no",
      ],
      ["Patients in two parts", certificate.sharedPatients],
      ["Frames with the same pixels in two parts", certificate.exactDuplicates],
      ...(leastDistanceFrames === undefined ? [] : [
        [
          "Least distance inside a sequence",
          `${leastDistanceFrames} frames`,
        ] as const,
      ]),
      ...nearDuplicates.between.map(({ parts, frames, of }) =>
        [
          `Near-duplicates, ${parts.join(" and ")}`,
          `${frames} of ${of} frames (at most ${nearDuplicates.thresholdBits} bits differ)`,
        ] as const
      ),
      ...nearest.map(({ parts, distanceBits }) =>
        [
          `Nearest frames, ${parts.join(" and ")}`,
          `${distanceBits} of 64 bits differ`,
        ] as const
      ),
      ["Split", `by ${split.kind}${seed} (${shares})`],
      ["Format", `${certificate.format}, written ${certificate.date}`],
      ...Object.entries(certificate.about),
    ])
  }`;
}

function partsTable(parts: readonly PartSummary[]): Html {
  const known = (value: number | null): Cell => value ?? "not told";
  return dataTable(
    ["Part", "Images", "Without label", "Labels", "Patients", "Sequences"],
    parts.map((part) => [
      part.part,
      part.images,
      part.backgroundImages,
      part.labels,
      known(part.patients),
      known(part.sequences),
    ]),
  );
}

/** Labels of each class in each part, each with a bar as long as its share of the part. */
function balanceTable(
  parts: readonly PartSummary[],
  names: readonly string[],
): Html {
  const filled = parts.filter(({ images }) => images > 0);
  return dataTable(
    ["Class", ...filled.map(({ part }) => part)],
    names.map((name, i) => [
      name,
      ...filled.map(({ classes, labels }) => {
        const share = labels === 0 ? 0 : 100 * classes[i] / labels;
        return html`
          ${classes[i]} <span class="soft">${share.toFixed(
            1,
          )} %</span><span class="bar"
            style="width:${share.toFixed(1)}%"></span>
        `;
      }),
    ]),
    { textColumns: 1 + filled.length },
  );
}

function problemsHtml(
  problems: DataSetSummary["problems"],
  text: string,
): Html {
  if (problems.length === 0) {
    return html`<p>No problems were found in the data set.</p>`;
  }
  const details = text.trim() !== "" &&
    html`
      <details>
        <summary>Each problem with its file</summary>
        <pre>${shortened(text.trim())}</pre>
      </details>
    `;
  return html`<h3>Problems</h3>${
    dataTable(
      ["Problem", "What follows", "Count"],
      problems.map((
        { kind, consequence, count },
      ) => [kind, consequence, count]),
      { textColumns: 2 },
    )
  }${details}`;
}

const mostLines = 400;

function shortened(text: string): string {
  const lines = text.split("\n");
  return lines.length <= mostLines
    ? text
    : [...lines.slice(0, mostLines), `… ${lines.length - mostLines} more lines`]
      .join("\n");
}
