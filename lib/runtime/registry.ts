// The model registry: what can be used, where it comes from, under which licence.
//
// A record says what is known; a sha256 that nobody could check stays undefined
// and is then taken from the file itself.

/** A model that MedAnnotate knows by name. */
export type ModelRecord = {
  readonly id: string;
  readonly family: "sam2.1" | "sam2.0" | "yolo";
  /** `tiny`, `small`, `base_plus`, `large`, or the name in the JSON beside it; of a YOLO its design, such as `yolo11n`. */
  readonly size: string;
  /** What a YOLO finds: boxes, or masks too. */
  readonly task?: "detect" | "segment";
  /** The side of the square input the weights were trained for, in pixels. */
  readonly imageSize: number;
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
const medSam2 = "https://huggingface.co/wanglab/MedSAM2/resolve/main";

/**
 * Sizes and checksums of Meta's files. Meta prints none; these are the ones of
 * micro_sam/v2/util.py (computational-cell-analytics/micro-sam), and other
 * projects that check their downloads, such as SlicerSegmentWithSAM, agree.
 */
const officialFiles: readonly (readonly [string, number, string])[] = [
  [
    "sam2.1_hiera_tiny.pt",
    156_008_466,
    "7402e0d864fa82708a20fbd15bc84245c2f26dff0eb43a4b5b93452deb34be69",
  ],
  [
    "sam2.1_hiera_small.pt",
    184_416_285,
    "6d1aa6f30de5c92224f8172114de081d104bbd23dd9dc5c58996f0cad5dc4d38",
  ],
  [
    "sam2.1_hiera_base_plus.pt",
    323_606_802,
    "a2345aede8715ab1d5d31b4a509fb160c5a4af1970f199d9054ccfb746c004c5",
  ],
  [
    "sam2.1_hiera_large.pt",
    898_083_611,
    "2647878d5dfa5098f2f8649825738a9345572bae2d4350a2468587ece47dd318",
  ],
  [
    "sam2_hiera_tiny.pt",
    155_906_050,
    "65b50056e05bcb13694174f51bb6da89c894b57b75ccdf0ba6352c597c5d1125",
  ],
  [
    "sam2_hiera_small.pt",
    184_309_650,
    "95949964d4e548409021d47b22712d5f1abf2564cc0c3c765ba599a24ac7dce3",
  ],
  [
    "sam2_hiera_base_plus.pt",
    323_493_298,
    "d0bb7f236400a49669ffdd1be617959a8b1d1065081789d7bbff88eded3a8071",
  ],
  [
    "sam2_hiera_large.pt",
    897_952_466,
    "7442e4e9b732a508f80e141e7c2913437a3610ee0c77381a66658c3a445df87b",
  ],
];

function official(
  [file, bytes, sha256]: readonly [string, number, string],
): ModelRecord {
  const is21 = file.startsWith("sam2.1");
  const size = file.replace(/^sam2(\.1)?_hiera_/, "").replace(/\.pt$/, "");
  return {
    id: `sam2.${is21 ? 1 : 0}-${size.replace("_", "-")}`,
    family: is21 ? "sam2.1" : "sam2.0",
    size,
    imageSize: 1024,
    file,
    licence: "Apache-2.0",
    source: `${meta}/${is21 ? "092824" : "072824"}/${file}`,
    sha256,
    bytes,
  };
}

/** What is known of the terms of MedSAM2's weights. */
export const medSam2Licence = "see wanglab/MedSAM2 (its code is Apache-2.0)";

/** MedSAM2 is SAM 2.1 tiny, fine-tuned at 512; sizes and checksums are not published. */
function fineTuned(variant: string): ModelRecord {
  return {
    id: `medsam2-${variant.toLowerCase().replaceAll("_", "-")}`,
    family: "sam2.1",
    size: "tiny",
    imageSize: 512,
    file: `MedSAM2_${variant}.pt`,
    licence: medSam2Licence,
    source: `${medSam2}/MedSAM2_${variant}.pt`,
    sha256: undefined,
    bytes: undefined,
  };
}

const ultralytics =
  "https://github.com/ultralytics/assets/releases/download/v8.3.0";

/** The official YOLO11, trained on COCO; checksums are not published. */
function yolo11(size: string, task: "detect" | "segment"): ModelRecord {
  const id = `yolo11${size}${task === "segment" ? "-seg" : ""}`;
  return {
    id,
    family: "yolo",
    size: `yolo11${size}`,
    task,
    imageSize: 640,
    file: `${id}.pt`,
    licence: "AGPL-3.0",
    source: `${ultralytics}/${id}.pt`,
    sha256: undefined,
    bytes: undefined,
  };
}

/** All models known by name; the first is the default. */
export const modelRegistry: readonly ModelRecord[] = [
  {
    id: "sam2-nano",
    family: "sam2.1",
    size: "sam2-nano",
    imageSize: 128,
    file: "sam2-nano.safetensors",
    licence: "MIT",
    source: "ships with MedAnnotate; trained on generated images only",
    sha256: "6667c66fe9d5e89f62232c1c392a1f05b4588c47382491f0403c3af230d6da2b",
    bytes: 6123620,
  },
  ...officialFiles.map(official),
  ...["latest", "2411", "CTLesion", "MRI_LiverLesion", "US_Heart"]
    .map(fineTuned),
  {
    id: "yolo11n-scenes",
    family: "yolo",
    size: "yolo11n",
    task: "detect",
    imageSize: 160,
    file: "yolo11n-scenes.safetensors",
    licence: "MIT",
    source: "ships with MedAnnotate; trained on generated images only",
    sha256: "915b8c2419dec1256f82871507e4fc6d03712c86573fc460662651b5e5338173",
    bytes: 5272360,
  },
  ...["n", "s", "m", "l", "x"].map((size) => yolo11(size, "detect")),
  ...["n", "s", "m", "l", "x"].map((size) => yolo11(size, "segment")),
];
