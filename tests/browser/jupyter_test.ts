// The annotator page where researchers work: in a cell of JupyterLab and of
// Notebook 7, on the Deno kernel. What is clicked in the page is there when the
// next cell looks.
//
// Needs JupyterLab and Notebook from PyPI; JUPYTER names their `jupyter`.

import { equal, match, ok } from "node:assert/strict";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { FrameLocator, Page } from "playwright-core";
import { browserTest, findBrowser, hasBrowser } from "./page.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const jupyter = Deno.env.get("JUPYTER");
const mustRun = Deno.env.get("MEDANNOTATE_CI") === "1";
const hasJupyter = mustRun || (jupyter !== undefined && existsSync(jupyter));

/** A folder for pictures to look at. */
const shots = Deno.env.get("SHOTS");

const cells = [
  `import { annotate, listMasks, openClip, sampleClipPath } from "medannotate";
const clip = await openClip(sampleClipPath, { folder: Deno.cwd() + "/data", device: "cpu" });
clip.sequence.frameCount;`,
  `const page = await annotate(clip, { heightPx: 640 });
page;`,
  `const masks = await listMasks(clip.store, clip.sequence.id);
console.log("masks", masks.map(({ frame, origin, areaPx }) => frame + " " + origin + " " + (areaPx > 1000)).join(", "));`,
  `await page.close();
await clip.close();
console.log("closed");`,
];

/** A running Jupyter server with a notebook of the cells above. */
async function startJupyter(folder: string, { proxy = false } = {}) {
  await Deno.mkdir(`${folder}/kernels/deno`, { recursive: true });
  const argv = [
    Deno.execPath(),
    "jupyter",
    "--kernel",
    "--conn",
    "{connection_file}",
  ];
  await Deno.writeTextFile(
    `${folder}/kernels/deno/kernel.json`,
    JSON.stringify({ argv, display_name: "Deno", language: "typescript" }),
  );
  const metadata = {
    kernelspec: { name: "deno", display_name: "Deno", language: "typescript" },
    language_info: { name: "typescript" },
  };
  await Deno.writeTextFile(
    `${folder}/try.ipynb`,
    JSON.stringify({
      nbformat: 4,
      nbformat_minor: 5,
      metadata,
      cells: cells.map((source, i) => ({
        cell_type: "code",
        id: `cell-${i}`,
        metadata: {},
        source,
        outputs: [],
        execution_count: null,
      })),
    }),
  );
  const port = freePort();
  const child = new Deno.Command(jupyter ?? "jupyter", {
    args: [
      "lab",
      "--no-browser",
      "--allow-root",
      `--port=${port}`,
      "--ServerApp.port_retries=0",
      "--IdentityProvider.token=",
      "--ServerApp.disable_check_xsrf=True",
      "--LabApp.news_url=",
      "--LabApp.expose_app_in_browser=True",
      "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
      ...(proxy ? ["--ServerApp.base_url=/user/me/"] : []),
      `--ServerApp.root_dir=${folder}`,
    ],
    cwd: folder,
    env: {
      JUPYTER_PATH: folder,
      JUPYTER_CONFIG_DIR: `${folder}/config`,
      JUPYTER_DATA_DIR: folder,
      HOME: folder,
      DENO_DIR: Deno.env.get("DENO_DIR") ??
        `${Deno.env.get("HOME")}/.cache/deno`,
      ...(proxy ? { JUPYTERHUB_SERVICE_PREFIX: "/user/me/" } : {}),
    },
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  const url = `http://localhost:${port}${proxy ? "/user/me" : ""}`;
  for (let i = 0;; i++) {
    const answer = await fetch(`${url}/api/status`).catch(() => undefined);
    await answer?.body?.cancel();
    if (answer?.ok) break;
    if (i > 300) throw new Error("Jupyter does not answer");
    await wait(200);
  }
  return {
    url,
    close: async () => {
      child.kill("SIGTERM");
      await child.status;
    },
  };
}

function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  return port;
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Runs the cell that has the focus, and goes to the next. */
async function runCell(page: Page) {
  await page.keyboard.press("Shift+Enter");
}

/** Clicks the polyp in the page of a cell and waits until that is saved. */
async function clickPolyp(frame: FrameLocator) {
  const html = frame.locator("html");
  await frame.locator("html[data-shown='0'][data-ready='true']").waitFor();
  const canvas = frame.getByTestId("canvas");
  const box = await canvas.boundingBox();
  ok(box);
  const fit = Math.min(box.width / 480, box.height / 360);
  await canvas.click({
    position: {
      x: box.width / 2 + (290 - 240) * fit * 0.95,
      y: box.height / 2 + (200 - 180) * fit * 0.95,
    },
  });
  await frame.getByTestId("saved").filter({ hasText: /saved/i }).waitFor();
  await frame.locator("html[data-queue='0']").waitFor();
  equal(await html.getAttribute("data-frame"), "0");
}

/** Opens the notebook, clicks in the page, and reads the mask in the next cell. */
async function tryNotebook(
  address: string,
  { firstCell, output, source = /^http:\/\/127\.0\.0\.1:/ }: {
    firstCell: string;
    output: string;
    /** Where the page comes from. */
    source?: RegExp;
  },
): Promise<string> {
  const browser = await findBrowser();
  ok(browser);
  const context = await browser.newContext({
    viewport: { width: 1280, height: 900 },
  });
  const page = await context.newPage();
  try {
    await page.goto(address);
    const cell = page.locator(firstCell).first();
    await cell.waitFor({ timeout: 60_000 });
    const first = page.locator(output).filter({ hasText: "90" }).first();
    while (await first.count() === 0) { // until the kernel listens
      await cell.click();
      await runCell(page);
      await first.waitFor({ timeout: 10_000 }).catch(() => {});
    }
    await runCell(page);
    const iframe = page.locator("iframe[title='MedAnnotate']");
    match(await iframe.getAttribute("src") ?? "", source);
    const frame = page.frameLocator("iframe[title='MedAnnotate']");
    await clickPolyp(frame);
    if (shots) await page.screenshot({ path: `${shots}/notebook.png` });
    await page.locator(firstCell).nth(2).click();
    await runCell(page);
    const masks = page.locator(output).filter({ hasText: "masks" }).first();
    await masks.waitFor({ timeout: 30_000 });
    const text = await masks.innerText();
    await runCell(page);
    await page.locator(output).filter({ hasText: "closed" }).first().waitFor({
      timeout: 30_000,
    });
    // the saved notebook keeps a picture, not the page
    await page.locator("iframe[title='MedAnnotate']").waitFor({
      state: "detached",
      timeout: 30_000,
    });
    ok(await page.locator(`${output} img`).count() >= 1);
    return text;
  } finally {
    if (shots) await page.screenshot({ path: `${shots}/notebook-end.png` });
    await browser.close();
  }
}

function jupyterTest(name: string, fn: () => Promise<void>) {
  if (!hasJupyter) {
    console.log(
      `Skipped: tests that need JupyterLab; JUPYTER names its jupyter`,
    );
  }
  if (hasJupyter && hasBrowser) browserTest(name, fn);
  else Deno.test({ name: `${name} (in Jupyter)`, ignore: true, fn });
}

async function withJupyter(
  options: { proxy?: boolean },
  work: (url: string) => Promise<void>,
) {
  // below the project, so that the kernel finds its import map
  const folder = await Deno.makeTempDir({ dir: root, prefix: "demo-jupyter-" });
  try {
    const server = await startJupyter(folder, options);
    try {
      await work(server.url);
    } finally {
      await server.close();
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const lab = {
  firstCell: ".jp-CodeCell .cm-content",
  output: ".jp-OutputArea-output",
};

jupyterTest(
  "annotate() shows the page in JupyterLab, and the next cell reads the mask",
  () =>
    withJupyter({}, async (url) => {
      match(
        await tryNotebook(`${url}/lab/tree/try.ipynb`, lab),
        /masks 0 click true/,
      );
    }),
);

jupyterTest(
  "annotate() shows the page in Notebook 7",
  () =>
    withJupyter({}, async (url) => {
      match(
        await tryNotebook(`${url}/notebooks/try.ipynb`, lab),
        /masks 0 click true/,
      );
    }),
);

jupyterTest(
  "annotate() works behind a proxied base address",
  () =>
    withJupyter({ proxy: true }, async (url) => {
      match(
        await tryNotebook(`${url}/lab/tree/try.ipynb`, {
          ...lab,
          source: /^\/user\/me\/proxy\/\d+\//,
        }),
        /masks 0 click true/,
      );
    }),
);
