// Tests that need a GPU, or the software adapter of Debian's Chromium:
// VK_ICD_FILENAMES=/usr/lib/chromium/vk_swiftshader_icd.json and libvulkan1.

import { openRuntime } from "../../lib/runtime/runtime.ts";

const hasWebgpu = await openRuntime({ device: "webgpu" })
  .then((runtime) => {
    runtime.close();
    return true;
  }, () => false);

/** A test on WebGPU; ignored, and named so, where no adapter answers. */
export function webgpuTest(name: string, test: () => Promise<void>): void {
  Deno.test({
    name: hasWebgpu ? name : `${name} (needs WebGPU)`,
    ignore: !hasWebgpu,
    fn: test,
  });
}
