// Opens the nano model with a cache folder and prints how large a mask is.

import { openModel } from "../../lib/work/open_model.ts";

const model = await openModel({ size: 64, device: "cpu" }, {
  cache: Deno.args[0],
});
console.log(model.engine.side);
await model.close();
