import { deepEqual, equal, throws } from "node:assert/strict";
import { cvatVideoXml, parseCvatXml } from "medannotate";

const size = { width: 40, height: 30 };
const mask = {
  kind: "mask",
  counts: [1, 2, 1, 2],
  ...{ left: 5, top: 6, width: 3, height: 2 },
} as const;

Deno.test("parseCvatXml() gives back what cvatVideoXml() wrote", () => {
  const file = {
    name: 'train/"clip"',
    labels: [{ name: "polyp & co", color: "#00dc96" }, { name: "tool" }],
    frameCount: 9,
    size,
    tracks: [{
      ...{ id: 0, label: "polyp & co", group: 3 },
      shapes: [
        { frame: 4, outside: false, keyframe: true, shape: mask },
        { frame: 5, outside: true, keyframe: true, shape: mask },
      ],
    }, {
      ...{ id: 1, label: "tool" },
      shapes: [
        {
          ...{ frame: 0, outside: false, keyframe: true },
          shape: {
            kind: "polygon",
            points: [{ x: 1, y: 2.5 }, { x: 3, y: 4 }, { x: 5, y: 0 }],
          } as const,
        },
        {
          ...{ frame: 1, outside: false, keyframe: false },
          shape: {
            kind: "box",
            box: { x0: 1, y0: 2, x1: 3.25, y1: 4 },
          } as const,
        },
      ],
    }],
  };
  deepEqual(parseCvatXml(cvatVideoXml(file)), {
    ...file,
    images: [],
    passedOver: 0,
  });
});

Deno.test("parseCvatXml() reads images with every kind of shape, and counts what it passes over", () => {
  const text = `<?xml version="1.0" encoding="utf-8"?>
<annotations><version>1.1</version>
  <meta><task><name>t</name><size>1</size><labels>
    <label><name>plate</name><attributes></attributes></label>
  </labels></task></meta>
  <image id="0" name="a/b.jpg" width="40" height="30">
    <box label="plate" xtl="7.33" ytl="8.92" xbr="9.52" ybr="9.94" occluded="0" z_order="4"></box>
    <box label="plate" xtl="7" ytl="8" xbr="9" ybr="10" rotation="30.5"></box>
    <polygon label="car" points="1.00,2.00;3.00,2.00;3.00,4.00" occluded="0"></polygon>
    <mask label="car" rle="1, 2, 1, 2" left="5" top="6" width="3" height="2"></mask>
    <polyline label="line" points="1,0;2,2"></polyline>
    <points label="wheel" points="1,1"></points>
    <tag label="good" source="manual"></tag>
  </image>
</annotations>`;
  const { images, labels, passedOver } = parseCvatXml(text);
  deepEqual(labels, [{ name: "plate" }]);
  equal(passedOver, 4);
  deepEqual(images[0].shapes.map(({ label, shape }) => [label, shape.kind]), [
    ["plate", "box"],
    ["car", "polygon"],
    ["car", "mask"],
  ]);
  deepEqual(images[0].shapes[2].shape, mask);
});

Deno.test("parseCvatXml() says what is wrong", () => {
  const image = (inner: string) =>
    `<annotations><image id="0" name="a" width="4" height="3">${inner}</image></annotations>`;
  const cases: [string, RegExp][] = [
    ["<annotation/>", /root is <annotation>/],
    [image('<box xtl="1"/>'), /a box has no ytl/],
    [
      image('<box label="a" xtl="x" ytl="1" xbr="1" ybr="1"/>'),
      /xtl of a box is no number/,
    ],
    [image('<polygon label="a" points="1,1;2,2"/>'), /has 2 points/],
    [image('<polygon label="a" points="1,1;2;3,3"/>'), /a point is 2/],
    [
      image(
        '<mask label="a" rle="3, 9" left="0" top="0" width="2" height="2"/>',
      ),
      /a mask of 2x2 has 12 pixels/,
    ],
    [
      image(
        '<mask label="a" rle="1, x" left="0" top="0" width="2" height="2"/>',
      ),
      /no whole numbers/,
    ],
    [
      '<annotations><track id="0" label="a"><polygon points="1,1;2,2;3,1"/></track></annotations>',
      /frame of a polygon is missing/,
    ],
  ];
  for (const [text, message] of cases) {
    throws(() => parseCvatXml(text), { name: "SyntaxError", message });
  }
});
