// What lies in a volume: parts of a head, of a trunk, or solids of any kind.
// Each is a solid with a grey; those painted later cover earlier ones.

import type { Random } from "../base/random.ts";
import {
  anySign,
  happens,
  logUniform,
  normal,
  pick,
  pickByShare,
  uniform,
  whole,
} from "./chance.ts";
import { clamp01 } from "./field.ts";
import { noiseVolumes } from "./noise_volume.ts";
import type { SceneObject } from "./scene_object.ts";
import {
  bentTube,
  ellipsoid,
  type Point3,
  roughen,
  type Solid,
} from "./solids.ts";

/** What is scanned. */
export type Scan = "brain" | "body" | "free";

/** A solid with its grey and texture. */
export type Part = {
  readonly solid: Solid;
  readonly grey: number;
  /** Strength of the coarse and of the fine noise inside. */
  readonly coarse: number;
  readonly fine: number;
  /** Width of its edge in space, at least that of a point. */
  readonly edge: number;
  /** A shell of this part of the radius is brighter or darker. */
  readonly shell?: { readonly width: number; readonly grey: number };
  readonly object?: SceneObject;
};

/** Draws the parts of a volume, in the order of painting; object 1 is at height 0. */
export function drawParts(
  random: Random,
  scan: Scan,
  tissues: readonly number[],
): Part[] {
  switch (scan) {
    case "brain":
      return drawBrain(random, tissues);
    case "body":
      return drawBody(random);
    case "free":
      return drawFreeParts(random);
  }
}

/** A few nested and neighbouring solids with soft edges, as in the middle of a head. */
function drawBrain(random: Random, tissues: readonly number[]): Part[] {
  const base = pick(random, tissues);
  const near = () => clamp01(base + normal(random, 0, 0.12));
  const parts: Part[] = [];
  const extras = whole(random, 1, 6);
  for (let k = 0; k < extras; k++) {
    const size = logUniform(random, 0.05, 0.35);
    const grey = happens(random, 0.5) ? uniform(random, 0, 0.95) : near();
    parts.push(drawPart(random, { size, centre: anywhere(random), grey }));
  }
  const count = whole(random, 1, 3);
  for (let id = 1; id <= count; id++) {
    const size = logUniform(random, 0.05, 0.28);
    const centre: Point3 = [
      uniform(random, -0.3, 0.3),
      uniform(random, -0.3, 0.3),
      id === 1 ? 0 : normal(random, 0, 0.08),
    ];
    const contrast = anySign(random) * logUniform(random, 0.04, 0.3);
    parts.push({
      ...drawPart(random, { size, centre, grey: clamp01(base + contrast) }),
      object: { id, kind: "organ" },
    });
  }
  return parts;
}

/** A trunk with fat, organs, bones, air and vessels, and lesions in some organs. */
function drawBody(random: Random): Part[] {
  const zoom = happens(random, 0.6) ? uniform(random, 1.2, 4) : 1;
  const soft = uniform(random, 0.4, 0.6);
  const fat = soft - uniform(random, 0.12, 0.3);
  const air = uniform(random, 0, 0.08);
  const parts: Part[] = [];
  const trunk = ellipsoid(random, [0, 0, 0], [
    0.5 * zoom,
    0.42 * zoom,
    3 * zoom,
  ], 2.5);
  // Around the trunk there is air.
  parts.push(
    plain({ centre: [0, 0, 0], radius: 9, reach: 99, inside: () => 1 }, air),
  );
  parts.push(plain(trunk, fat));
  const count = whole(random, 3, 9);
  const organs: Solid[] = [];
  for (let k = 0; k < count; k++) {
    const kind = pickByShare(random, {
      organ: 0.6,
      air: 0.12,
      bone: 0.13,
      vessel: 0.15,
    });
    const centre: Point3 = [
      uniform(random, -0.42, 0.42),
      uniform(random, -0.35, 0.35),
      normal(random, 0, 0.15),
    ];
    const part = drawOrgan(random, kind, { centre, zoom, soft, air });
    parts.push(part);
    if (kind === "organ") organs.push(part.solid);
  }
  const lesions = whole(random, 1, 3);
  for (let id = 1; id <= lesions; id++) {
    const host = organs.length > 0 && happens(random, 0.7)
      ? pick(random, organs)
      : undefined;
    const at = host ? host.centre : anywhere(random);
    const spread = host ? host.radius * 0.6 : 0.05;
    const centre: Point3 = [
      Math.max(-0.4, Math.min(0.4, at[0] + normal(random, 0, spread))),
      Math.max(-0.4, Math.min(0.4, at[1] + normal(random, 0, spread))),
      id === 1 ? 0 : normal(random, 0, 0.05),
    ];
    const contrast = logUniform(random, 0.03, 0.25) *
      (happens(random, 0.7) ? -1 : 1);
    const size = logUniform(random, 0.03, 0.14) * Math.min(2, zoom);
    parts.push({
      ...drawPart(random, { size, centre, grey: clamp01(soft + contrast) }),
      object: { id, kind: "lesion" },
    });
  }
  return parts;
}

function drawOrgan(
  random: Random,
  kind: "organ" | "air" | "bone" | "vessel",
  { centre, zoom, soft, air }: {
    centre: Point3;
    zoom: number;
    soft: number;
    air: number;
  },
): Part {
  const size = zoom * logUniform(random, 0.06, 0.25);
  switch (kind) {
    case "organ":
      return drawPart(random, {
        size,
        centre,
        grey: clamp01(soft + normal(random, 0, 0.05)),
      });
    case "air":
      return drawPart(random, { size: size * 0.6, centre, grey: air });
    case "bone": {
      const part = drawPart(random, {
        size: size * 0.5,
        centre,
        grey: uniform(random, 0.6, 0.8),
      });
      const width = part.solid.radius * uniform(random, 0.15, 0.5);
      return { ...part, shell: { width, grey: uniform(random, 0.9, 1.1) } };
    }
    case "vessel": {
      const thick = zoom * logUniform(random, 0.01, 0.05);
      const length = zoom * uniform(random, 0.3, 1);
      const solid = bentTube(random, centre, length, thick);
      return plain(solid, uniform(random, soft, 1));
    }
  }
}

/** Solids of any grey in any ground. */
function drawFreeParts(random: Random): Part[] {
  const parts: Part[] = [];
  const extras = whole(random, 0, 6);
  for (let k = 0; k < extras; k++) {
    parts.push(drawPart(random, {
      size: logUniform(random, 0.04, 0.3),
      centre: anywhere(random),
      grey: uniform(random, 0.02, 0.98),
    }));
  }
  const count = whole(random, 1, 4);
  for (let id = 1; id <= count; id++) {
    const [x, y] = anywhere(random);
    parts.push({
      ...drawPart(random, {
        size: logUniform(random, 0.05, 0.4),
        centre: [x * 0.7, y * 0.7, id === 1 ? 0 : normal(random, 0, 0.1)],
        grey: uniform(random, 0.02, 0.98),
      }),
      object: { id, kind: "thing" },
    });
  }
  return parts;
}

function anywhere(random: Random): Point3 {
  return [
    uniform(random, -0.5, 0.5),
    uniform(random, -0.5, 0.5),
    normal(random, 0, 0.12),
  ];
}

/** A solid of any form with a texture and an edge. */
function drawPart(
  random: Random,
  { size, centre, grey }: { size: number; centre: Point3; grey: number },
): Part {
  const { rough, smooth } = noiseVolumes();
  const isTube = happens(random, 0.2);
  const radius = () => size * logUniform(random, 0.45, 1);
  const solid = isTube
    ? bentTube(
      random,
      centre,
      size * uniform(random, 1.5, 3),
      size * uniform(random, 0.3, 0.6),
    )
    : ellipsoid(
      random,
      centre,
      [size, radius(), radius()],
      happens(random, 0.7) ? 2 : uniform(random, 1.6, 4),
    );
  const bumps = happens(random, 0.7)
    ? roughen(
      solid,
      pick(random, happens(random, 0.85) ? smooth : rough.slice(0, 3)),
      {
        strength: uniform(random, 0.05, 0.3),
        cellsPerRadius: uniform(random, 6, 30),
        shift: uniform(random, 0, 64),
      },
    )
    : solid;
  return {
    solid: bumps,
    grey,
    coarse: happens(random, 0.6) ? logUniform(random, 0.01, 0.1) : 0,
    fine: happens(random, 0.4) ? logUniform(random, 0.01, 0.06) : 0,
    edge: happens(random, 0.6) ? 0 : uniform(random, 0.005, 0.04),
  };
}

function plain(solid: Solid, grey: number): Part {
  return { solid, grey, coarse: 0.02, fine: 0.01, edge: 0 };
}
