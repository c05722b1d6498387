// Choosing another model on the page: the person stays where they are, and the
// next click is answered by it.
//
// The other model is the shipped one under another id, at 64 pixels instead of
// 128 and with a checksum of its own.

import { equal, match, ok } from "node:assert/strict";
import { join } from "node:path";
import {
  addModel,
  type ModelPlace,
  modelsFolder,
  openModel,
} from "medannotate";
import type { HomeView } from "../../lib/api/contract.ts";
import { listMasks } from "../../lib/store/masks.ts";
import { openAnnotatorTests } from "./annotator.ts";
import { holds } from "./drawn.ts";

const place: ModelPlace = {
  folder: await Deno.makeTempDir({ prefix: "medannotate-" }),
  registry: [],
};
Deno.test.afterAll(() => Deno.remove(place.folder, { recursive: true }));
await addModel(join(modelsFolder, "sam2-nano.safetensors"), {
  id: "nano-tuned",
  licence: "MIT",
  tunedFrom: { parentSha256: "parent", certificate: "certificate.json" },
}, place);

const annotatorTest = openAnnotatorTests();

const opening = Promise.withResolvers<void>();
const refusals = ["the disk is failing"];

annotatorTest(
  "another model is chosen from the keyboard, and answers where the person was",
  async ({ openTab, clip, mask, store, sequenceId, get, url }) => {
    const tab = await openTab({ expects: /status of (400|500)/ });
    const { page } = tab;
    await tab.goTo(2);
    await tab.click(clip.polyp);
    await tab.saved();
    const { objectId } = await mask(2);
    await tab.goTo(3);

    await tab.panel("view");
    const choice = page.getByLabel("Choose the model");
    const facts = page.getByTestId("model-facts");
    match(await facts.innerText(), /^sam2-nano on cpu, 128 px/);
    match(await choice.innerText(), /nano-tuned · tuned here/);

    // what cannot be opened is said, and the former stays
    await choice.selectOption("nano-tuned");
    await page.getByTestId("status").filter({ hasText: "disk is failing" })
      .waitFor();
    equal(await choice.inputValue(), "sam2-nano");

    await choice.focus();
    await page.keyboard.press("ArrowDown");
    await facts.filter({ hasText: "Opening nano-tuned" }).waitFor();
    opening.resolve();
    await facts.filter({ hasText: /^nano-tuned on cpu, 64 px/ }).waitFor();
    match(await tab.status(), /nano-tuned answers from now on/);
    equal((await get<HomeView>("api/home")).model.id, "nano-tuned");

    // the same frame, the same object
    equal(await tab.data("frame"), "3");
    await tab.ready();
    await tab.click(clip.polyp);
    await tab.saved();
    const made = await mask(3);
    equal(made.objectId, objectId);
    ok(holds(made, clip, clip.polyp));
    const [before, after] = (await listMasks(store, sequenceId))
      .map(({ modelSha256 }) => modelSha256);
    equal(after, "of the tuned model");
    ok(before && before !== after);

    // the list of sequences offers the same
    await page.goto(`${url}?sequence=77`);
    await page.getByRole("button", { name: "Sequences" }).click();
    await page.locator("[data-sequence='1']").waitFor();
    equal(await choice.inputValue(), "nano-tuned");
    await choice.selectOption("sam2-nano");
    await facts.filter({ hasText: /^sam2-nano on cpu, 128 px/ }).waitFor();
  },
  {
    changes: {
      place,
      openModel: async (model) => {
        const why = refusals.pop();
        if (why !== undefined) throw new Error(why);
        await opening.promise;
        const opened = await openModel({ model, size: 64, device: "cpu" }, {
          place,
        });
        return { ...opened, sha256: "of the tuned model" };
      },
    },
  },
);
