// The files of the page itself: three, from the project's own folder.

import { fileURLToPath } from "node:url";

/** A file of the page. */
export type PageFile = {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly type: string;
};

const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>MedAnnotate</title>
<link rel="icon" href="data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Crect width='16' height='16' rx='4' fill='%2312151a'/%3E%3Ccircle cx='8' cy='8' r='5' fill='%2300dc96'/%3E%3Cpath d='M8 5v6M5 8h6' stroke='%23fff' stroke-width='1.6'/%3E%3C/svg%3E">
<link rel="stylesheet" href="page.css">
</head>
<body><div id="app"></div><script type="module" src="page.js"></script></body>
</html>
`;

const files: ReadonlyMap<
  string,
  { readonly path: string; readonly type: string }
> = new Map([
  ["page.js", {
    path: fileURLToPath(new URL("./built/page.js", import.meta.url)),
    type: "text/javascript; charset=utf-8",
  }],
  ["page.css", {
    path: fileURLToPath(new URL("./page/page.css", import.meta.url)),
    type: "text/css; charset=utf-8",
  }],
]);

/** Reads one of the page's files; undefined for any other name. */
export async function readPageFile(
  name: string,
): Promise<PageFile | undefined> {
  if (name === "") {
    const bytes = new TextEncoder().encode(html);
    return { bytes, type: "text/html; charset=utf-8" };
  }
  const file = files.get(name);
  if (!file) return undefined;
  return { bytes: await Deno.readFile(file.path), type: file.type };
}
