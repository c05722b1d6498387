// What users import: one name per thing a person does with MedAnnotate.

export type * from "./lib/base/image.ts";
export * from "./lib/base/progress.ts";
export * from "./lib/masks/bitmap.ts";
export * from "./lib/masks/distance.ts";
export * from "./lib/masks/metrics.ts";
export * from "./lib/masks/morphology.ts";
export * from "./lib/masks/next_click.ts";
export * from "./lib/masks/overlay.ts";
export * from "./lib/masks/polygons.ts";
export * from "./lib/masks/resize.ts";
export * from "./lib/masks/rings.ts";
export * from "./lib/masks/rle.ts";
export * from "./lib/formats/coco.ts";
export * from "./lib/formats/csv.ts";
export * from "./lib/formats/data_yaml.ts";
export * from "./lib/formats/davis.ts";
export * from "./lib/formats/tag_list.ts";
export * from "./lib/formats/yolo.ts";
export * from "./lib/media/frames.ts";
export * from "./lib/media/image.ts";
export * from "./lib/media/image_folder.ts";
export * from "./lib/media/open_frames.ts";
export * from "./lib/media/palette_png.ts";
export * from "./lib/media/video.ts";
export * from "./lib/media/video_writer.ts";
export {
  type SampleClip,
  sampleClip,
  type SceneFrame,
} from "./lib/scenes/sample_clip.ts";
