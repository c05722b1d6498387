// A graph as an ONNX file.
//
// Field numbers follow onnx/onnx.proto3 (IR version 10, opset 21; newer opsets
// send Sin and Cos back to the CPU on WebGPU). Operators of ONNX Runtime itself
// are imported only by graphs that use one. Constants of more than 1 GB go into
// a second file beside the first, since a message is limited to 2 GB.

import {
  bytesField,
  type Chunks,
  floatField,
  packedField,
  stringField,
  varintField,
} from "./protobuf.ts";
import {
  type Attribute,
  type Dim,
  type Graph,
  type Initialiser,
  type Node,
  typeNumbers,
  type Value,
} from "./graph.ts";

/** The operator set of every file: newer ones have operators that WebGPU lacks. */
export const opset = 21;
const irVersion = 10;
const alignment = 4096; // of constants in the second file, as ONNX recommends

/** An ONNX model: the message, and the constants beside it when they are too large for it. */
export type OnnxFiles = {
  readonly model: Chunks;
  readonly externalData: Chunks | undefined;
};

/**
 * Encodes a graph.
 *
 * @param externalName the name that the second file will have, beside the first
 * @param externalAboveBytes from which size of all constants on they go there
 * @param metadata texts by name that other programs read beside the graph
 */
export function encodeModel(
  graph: Graph,
  { externalName, externalAboveBytes = 1e9, metadata = {} }: {
    externalName: string;
    externalAboveBytes?: number;
    metadata?: Readonly<Record<string, string>>;
  },
): OnnxFiles {
  const used = usedInitialisers(graph);
  const total = used.reduce((sum, { data }) => sum + data.byteLength, 0);
  const isExternal = total > externalAboveBytes;
  const external: Uint8Array[] = [];
  let offset = 0;

  const initialisers = used.flatMap((initialiser) => {
    const bytes = bytesOf(initialiser);
    if (!isExternal || bytes.length < 1024) {
      return bytesField(5, encodeInitialiser(initialiser, [bytes]));
    }
    const padding = (alignment - offset % alignment) % alignment;
    external.push(new Uint8Array(padding), bytes);
    const place = { location: externalName, offset: offset + padding };
    offset = place.offset + bytes.length;
    return bytesField(5, encodeExternal(initialiser, place, bytes.length));
  });
  const encodedGraph = [
    ...graph.nodes.flatMap((node, i) => bytesField(1, encodeNode(node, i))),
    ...graph.outputs.flatMap(({ name, value }) =>
      bytesField(1, encodeIdentity(value.name, name))
    ),
    ...stringField(2, graph.name),
    ...initialisers,
    ...graph.inputs.flatMap((value) => bytesField(11, encodeValue(value))),
    ...graph.outputs.flatMap(({ name, value }) =>
      bytesField(12, encodeValue({ ...value, name }))
    ),
  ];
  const model = [
    ...varintField(1, irVersion),
    ...stringField(2, "medannotate"),
    ...bytesField(7, encodedGraph),
    ...bytesField(8, [...stringField(1, ""), ...varintField(2, opset)]),
    ...foreignDomains(graph).flatMap((domain) =>
      bytesField(8, [...stringField(1, domain), ...varintField(2, 1)])
    ),
    ...Object.entries(metadata).flatMap(([key, text]) =>
      bytesField(14, [...stringField(1, key), ...stringField(2, text)])
    ),
  ];
  return { model, externalData: isExternal ? external : undefined };
}

/** The chunks as one array. */
export function joinChunks(chunks: Chunks): Uint8Array<ArrayBuffer> {
  const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

function usedInitialisers(graph: Graph): readonly Initialiser[] {
  const names = new Set(graph.nodes.flatMap(({ inputs }) => inputs));
  graph.outputs.forEach(({ value }) => names.add(value.name));
  return [...graph.initialisers.values()].filter(({ name }) => names.has(name));
}

function foreignDomains(graph: Graph): readonly string[] {
  return [...new Set(graph.nodes.map(({ domain }) => domain))].filter(Boolean);
}

function bytesOf({ data }: Initialiser): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

function encodeInitialiser(value: Initialiser, raw: Chunks): Chunks {
  return [...encodeTensorHead(value), ...bytesField(9, raw)];
}

function encodeExternal(
  value: Initialiser,
  place: { readonly location: string; readonly offset: number },
  length: number,
): Chunks {
  const entry = (key: string, text: string) =>
    bytesField(13, [...stringField(1, key), ...stringField(2, text)]);
  return [
    ...encodeTensorHead(value),
    ...entry("location", place.location),
    ...entry("offset", String(place.offset)),
    ...entry("length", String(length)),
    ...varintField(14, 1), // EXTERNAL
  ];
}

function encodeTensorHead({ name, dims, type }: Initialiser): Chunks {
  return [
    ...packedField(1, dims),
    ...varintField(2, typeNumbers[type]),
    ...stringField(8, name),
  ];
}

function encodeNode(node: Node, number: number): Chunks {
  return [
    ...node.inputs.flatMap((name) => stringField(1, name)),
    ...node.outputs.flatMap((name) => stringField(2, name)),
    ...stringField(3, `${node.op}_${number}`),
    ...stringField(4, node.op),
    ...Object.entries(node.attributes).flatMap(([name, attribute]) =>
      bytesField(5, encodeAttribute(name, attribute))
    ),
    ...(node.domain ? stringField(7, node.domain) : []),
  ];
}

function encodeIdentity(from: string, to: string): Chunks {
  return [
    ...stringField(1, from),
    ...stringField(2, to),
    ...stringField(3, `output ${to}`),
    ...stringField(4, "Identity"),
  ];
}

function encodeAttribute(name: string, attribute: Attribute): Chunks {
  const head = stringField(1, name);
  switch (attribute.kind) {
    case "float":
      return [
        ...head,
        ...floatField(2, attribute.value),
        ...varintField(20, 1),
      ];
    case "int":
      return [
        ...head,
        ...varintField(3, attribute.value),
        ...varintField(20, 2),
      ];
    case "string":
      return [
        ...head,
        ...stringField(4, attribute.value),
        ...varintField(20, 3),
      ];
    case "ints":
      return [
        ...head,
        ...packedField(8, attribute.value),
        ...varintField(20, 7),
      ];
  }
}

function encodeValue({ name, dims, type }: Value): Chunks {
  const shape = dims.flatMap((dim) => bytesField(1, encodeDim(dim)));
  const tensor = [
    ...varintField(1, typeNumbers[type]),
    ...bytesField(2, shape),
  ];
  return [...stringField(1, name), ...bytesField(2, bytesField(1, tensor))];
}

function encodeDim(dim: Dim): Chunks {
  return typeof dim === "number" ? varintField(1, dim) : stringField(2, dim);
}
