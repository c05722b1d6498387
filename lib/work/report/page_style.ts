// The look of a report: one column, system fonts, light and dark, paper too.

/** The style sheet of a report. */
export const pageStyle = `
:root {
  color-scheme: light dark;
  --paper: #ffffff; --card: #f5f6f7; --ink: #1d2327; --soft: #5a656d; --line: #dde1e4;
  --accent: #0b6b78; --warn: #7a4d00; --warn-card: #fff5e0;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14181b; --card: #1d2327; --ink: #e6e9eb; --soft: #9aa5ad; --line: #343c42;
    --accent: #6fc7d3; --warn: #f0c674; --warn-card: #2b2415;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; max-width: 62rem; padding: 2rem 1rem 4rem;
  background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, "Liberation Sans", sans-serif; overflow-wrap: break-word;
}
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .4rem; }
h2 { font-size: 1.15rem; margin: 2.4rem 0 .7rem; break-after: avoid; }
p { margin: .4rem 0; max-width: 48rem; }
a { color: var(--accent); }
.result { font-size: 1.15rem; }
.soft, figcaption, th { color: var(--soft); }
figcaption, .soft { font-size: .875rem; }
.note {
  background: var(--warn-card); color: var(--warn); border-radius: .4rem;
  padding: .5rem .8rem; margin: .7rem 0;
}
figure { margin: 0; break-inside: avoid; }
img, video { display: block; width: 100%; height: auto; border-radius: .3rem; background: #000; }
.clicks { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 18rem), 1fr)); }
.clicks figure { max-width: 40rem; }
.strip { display: grid; gap: .6rem; grid-template-columns: repeat(4, 1fr); }
.video { max-width: 40rem; margin-top: 1rem; }
#curves { width: 100%; height: 480px; overflow: hidden; break-inside: avoid; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .4rem .8rem .4rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
th { font-weight: 500; font-size: .875rem; }
tr { break-inside: avoid; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.review td:first-child { width: 14rem; }
.review td { padding-top: .6rem; padding-bottom: .6rem; }
.swatch { display: inline-block; width: .8em; height: .8em; border-radius: 50%; margin-right: .4em; border: 1px solid var(--line); print-color-adjust: exact; -webkit-print-color-adjust: exact; }
.bar { display: block; height: .7rem; min-width: 2px; margin-top: .4rem; border-radius: .2rem; background: var(--accent); print-color-adjust: exact; -webkit-print-color-adjust: exact; }
.bars td:nth-child(3) { width: 40%; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .3rem 1.2rem; margin: 0; }
dt { color: var(--soft); }
dd { margin: 0; }
code, td a { overflow-wrap: anywhere; }
code { font: .875em ui-monospace, "Liberation Mono", monospace; }
@media (max-width: 40rem) {
  body { padding-top: 1.2rem; }
  .strip { grid-template-columns: repeat(2, 1fr); }
  .cards thead { display: none; }
  .cards tr { display: grid; column-gap: .8rem; padding: .6rem 0; border-bottom: 1px solid var(--line); }
  .cards td, .cards td.number { border: 0; padding: 0; text-align: left; white-space: normal; }
  .cards td[data-label]::before { content: attr(data-label) " "; color: var(--soft); }
  .review tr { grid-template-columns: 9rem 1fr; }
  .review td { grid-column: 2; }
  .review td:first-child { grid-column: 1; grid-row: 1 / span 6; width: auto; }
  dl { grid-template-columns: 1fr; }
  dd { margin-bottom: .5rem; }
}
@media print {
  :root { --paper: #fff; --card: #fff; --ink: #000; --soft: #444; --line: #bbb; --accent: #0b6b78; --warn: #000; --warn-card: #fff; }
  body { max-width: none; padding: 0; font-size: 10pt; }
  .note { border: 1px solid #888; }
  .video { display: none; }
  .review img { width: 8rem; }
  .review td:first-child { width: 9rem; }
  a { color: inherit; text-decoration: none; }
}
`;
