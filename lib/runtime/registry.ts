// The model registry: what can be used, where it comes from, under which licence.
//
// A record says what is known; a sha256 that nobody could check stays undefined
// and is then taken from the file itself.

/** A model that MedAnnotate knows by name. */
export type ModelRecord = {
  readonly id: string;
  readonly family: "sam2.1" | "sam2.0";
  /** File name in the models folder. */
  readonly file: string;
  readonly licence: string;
  /** Where it comes from: a download address, or how it was made. */
  readonly source: string;
  readonly sha256: string | undefined;
  /** Size of the file in bytes, where known. */
  readonly bytes: number | undefined;
};

const meta = "https://dl.fbaipublicfiles.com/segment_anything_2";

function official(
  size: string,
  version: "2.1" | "2.0",
): ModelRecord {
  const is21 = version === "2.1";
  const file = `sam2${is21 ? ".1" : ""}_hiera_${size}.pt`;
  return {
    id: `sam${version}-${size.replace("_", "-")}`,
    family: `sam${version}`,
    file,
    licence: "Apache-2.0",
    source: `${meta}/${is21 ? "092824" : "072824"}/${file}`,
    sha256: undefined,
    bytes: undefined,
  };
}

const sizes = ["tiny", "small", "base_plus", "large"];

/** All models known by name; the first is the default. */
export const modelRegistry: readonly ModelRecord[] = [
  {
    id: "sam2-nano",
    family: "sam2.1",
    file: "sam2-nano.pt",
    licence: "MIT",
    source: "ships with MedAnnotate; trained on generated images only",
    sha256: "9fcf3bab4fc8649c2fefbb4a01ef65b514c6119d6a33baa707092a6adcc1a659",
    bytes: 12256938,
  },
  ...sizes.map((size) => official(size, "2.1")),
  ...sizes.map((size) => official(size, "2.0")),
];
