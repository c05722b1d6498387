// All losses of a network on the labels that are fed: inputs and parts.

import { addInput, type Graph, type Value } from "../../onnx/graph.ts";
import type { HeadLogits } from "../graph/blocks.ts";
import type { Network } from "../network.ts";
import { defaultGains, detectionLoss, type Gains } from "./loss.ts";
import { maskLoss } from "./mask_loss.ts";

const defaultMaskSlots = 400;

/** Names of the losses in their order, as results.csv calls them. */
export function lossNames({ task }: Pick<Network, "task">): readonly string[] {
  return task === "segment"
    ? ["box_loss", "seg_loss", "cls_loss", "dfl_loss"]
    : ["box_loss", "cls_loss", "dfl_loss"];
}

/**
 * Adds the inputs for labels (batch.ts) and the losses, scalars with their gain.
 *
 * @param options.maskSlots anchors of an image whose masks are learnt, at most
 */
export function addLosses(
  graph: Graph,
  logits: HeadLogits,
  network: Network,
  { batch, width, height, gains = defaultGains, maskSlots = defaultMaskSlots }:
    {
      readonly batch: number;
      readonly width: number;
      readonly height: number;
      readonly gains?: Gains;
      readonly maskSlots?: number;
    },
): readonly Value[] {
  const objects = (name: string, last: number) =>
    addInput(graph, name, [batch, "M", last]);
  const targets = {
    boxes: objects("boxes", 4),
    classes: objects("classes", network.names.length),
    present: objects("present", 1),
    numbers: addInput(graph, "numbers", [1, "M", 1]),
  };
  const { bins } = network.head;
  const loss = detectionLoss(graph, logits, targets, { bins, width, gains });
  if (!logits.masks) return [loss.box, loss.class, loss.side];
  const places = height / 4 * width / 4;
  const masks = addInput(graph, "masks", [batch, 1, places]);
  const anchorCount = logits.maps.reduce((n, m) => n + m.width * m.height, 0);
  const mask = maskLoss(graph, logits.masks, targets, loss.assignment, {
    masks,
    width,
    slots: Math.min(maskSlots, anchorCount),
    gain: gains.box,
  });
  return [loss.box, mask, loss.class, loss.side];
}
