// What users import: one name per thing a person does with MedAnnotate.

export * from "./lib/base/image.ts";
export { CancelledError } from "./lib/base/errors.ts";
export * from "./lib/base/progress.ts";
export type { Box, Point, Size, Tensor } from "./lib/base/tensor.ts";
export * from "./lib/masks/bitmap.ts";
export * from "./lib/masks/clean_logits.ts";
export * from "./lib/masks/coco_rings.ts";
export * from "./lib/masks/distance.ts";
export * from "./lib/masks/draw_findings.ts";
export * from "./lib/masks/metrics.ts";
export * from "./lib/masks/morphology.ts";
export * from "./lib/masks/next_click.ts";
export * from "./lib/masks/nms.ts";
export * from "./lib/masks/overlay.ts";
export * from "./lib/masks/polygons.ts";
export * from "./lib/masks/resize.ts";
export * from "./lib/masks/rings.ts";
export * from "./lib/masks/rle.ts";
export * from "./lib/masks/row_runs.ts";
export * from "./lib/masks/rle_box.ts";
export * from "./lib/masks/suppress_overlap.ts";
export * from "./lib/formats/brush_rle.ts";
export * from "./lib/formats/coco.ts";
export * from "./lib/formats/csv.ts";
export * from "./lib/formats/cvat.ts";
export * from "./lib/formats/data_yaml.ts";
export * from "./lib/formats/davis.ts";
export * from "./lib/formats/eiseg.ts";
export * from "./lib/formats/label_studio.ts";
export * from "./lib/formats/labelme.ts";
export * from "./lib/formats/sav.ts";
export * from "./lib/formats/tag_list.ts";
export * from "./lib/formats/voc.ts";
export * from "./lib/formats/xml.ts";
export * from "./lib/formats/yolo.ts";
export * from "./lib/media/frames.ts";
export * from "./lib/media/image.ts";
export * from "./lib/media/image_folder.ts";
export * from "./lib/media/live_frames.ts";
export * from "./lib/media/open_frames.ts";
export * from "./lib/media/palette_png.ts";
export * from "./lib/media/video.ts";
export * from "./lib/media/video_writer.ts";
export {
  type GreyWindow,
  openVolume,
  type VolumeOptions,
} from "./lib/media/volume.ts";
export type { VolumeAxis } from "./lib/media/volume_slices.ts";
export {
  type SampleClip,
  sampleClip,
  type SceneFrame,
} from "./lib/scenes/sample_clip.ts";
export { sceneSheet } from "./lib/scenes/contact_sheet.ts";
export * from "./lib/scenes/scene.ts";
export {
  type Certificate,
  certificateFile,
  type NearestFrames,
  type ObjectAgreement,
  type PartCounts,
  type RowAgreement,
} from "./lib/work/export/certificate.ts";
export {
  type ExportFormat,
  exportFormats,
  type ExportFrame,
  type ExportMask,
  type ExportObject,
  type ExportSequence,
  type ExportTag,
  type SplitName,
} from "./lib/work/export/data_set.ts";
export * from "./lib/work/export/compare_round_trip.ts";
export * from "./lib/work/export/diff_snapshots.ts";
export * from "./lib/work/export/export_data_set.ts";
export {
  type Leaks,
  maxNearShare,
  nearBits,
  type NearDuplicates,
} from "./lib/work/export/leaks.ts";
export type { OnlyFrames } from "./lib/work/export/plan.ts";
export {
  type DataSetSnapshot,
  parseSnapshot,
  snapshotFile,
  type SnapshotImage,
  snapshotJson,
} from "./lib/work/export/snapshot.ts";
export {
  defaultSplit,
  parseSplit,
  type Split,
  type SplitShares,
} from "./lib/work/export/split.ts";
export * from "./lib/store/check_files.ts";
export * from "./lib/store/database.ts";
export * from "./lib/store/delete_sequence.ts";
export * from "./lib/store/masks.ts";
export * from "./lib/store/objects.ts";
export * from "./lib/store/patients.ts";
export * from "./lib/store/procedures.ts";
export * from "./lib/store/prompts.ts";
export * from "./lib/store/runs.ts";
export * from "./lib/store/sequences.ts";
export * from "./lib/store/tags.ts";
export { openForWriting, type SequenceWriter } from "./lib/store/writer.ts";
export * from "./lib/work/report/demo_page.ts";
export type * from "./lib/work/report/demo_report.ts";
export {
  type ColouredMask,
  drawOverlay,
  type MasksAt,
  type Overlay,
  overlayPicture,
  overlayStrip,
} from "./lib/work/report/pictures.ts";
export * from "./lib/work/report/overlay_video.ts";
export * from "./lib/work/report/worst_frames.ts";
export {
  type Device,
  type DeviceChoice,
  openRuntime,
  type Runtime,
  type Session,
} from "./lib/runtime/runtime.ts";
export { type ModelRecord, modelRegistry } from "./lib/runtime/registry.ts";
export * from "./lib/sam2/automatic.ts";
export type { Engine, FrameFeatures } from "./lib/sam2/engine.ts";
export {
  encodeFrame,
  type ImagePrediction,
  predictEach,
  type PredictedMask,
  predictMasks,
  type PredictOptions,
} from "./lib/sam2/image.ts";
export type { FramePrompt } from "./lib/sam2/interact.ts";
export type { PointPrompt } from "./lib/sam2/prompts.ts";
/** The official video predictor as functions; the names are those of MedAnnotate. */
export * as videoPredictor from "./lib/sam2/video.ts";
export type { Direction } from "./lib/propagate/plan.ts";
export * from "./lib/propagate/drift.ts";
export * from "./lib/propagate/live.ts";
export * from "./lib/work/live.ts";
export * from "./lib/work/open_model.ts";
export * from "./lib/work/open_detector.ts";
export * from "./lib/work/detect/detect_in.ts";
export * from "./lib/work/detect/detect_to_store.ts";
export {
  detectFiles,
  type DetectIdentity,
} from "./lib/work/detect/detection_folder.ts";
export {
  type DetectionLine,
  type FoundObject,
  readDetectionLines,
} from "./lib/work/detect/detection_lines.ts";
export type { DetectTimes } from "./lib/work/detect/detection_tally.ts";
export { type DetectSource } from "./lib/work/detect/detect_source.ts";
export * from "./lib/work/detect/proposals.ts";
export {
  type Proposed,
  proposeDetections,
  type ProposeOptions,
} from "./lib/work/detect/propose.ts";
export * from "./lib/work/detect/segment_boxes.ts";
export * from "./lib/work/export_model.ts";
export * from "./lib/work/add_model.ts";
export * from "./lib/work/check_models.ts";
export * from "./lib/work/fetch_model.ts";
export {
  findInstalled,
  type InstalledModel,
  listInstalled,
  type ModelPlace,
  modelsFolder,
  ownModels,
  type UserModel,
} from "./lib/work/installed_models.ts";
export * from "./lib/work/recognise_model.ts";
export * from "./lib/work/open_store.ts";
export * from "./lib/work/import.ts";
export {
  type ImportedLabels,
  importLabels,
} from "./lib/work/import_labels/import_labels.ts";
export { type LabelFormat } from "./lib/work/import_labels/read_labels.ts";
export {
  addAnnotation,
  type AnnotationPlace,
  type Annotator,
  showMissing,
} from "./lib/work/annotate.ts";
export { redo, type Turned, undo } from "./lib/work/history.ts";
export {
  type PropagateOptions,
  type PropagateResult,
  propagateSequence,
} from "./lib/work/propagate.ts";
export { propagateClip } from "./lib/work/propagate_clip.ts";
export { type FilePrompt, readPromptsFile } from "./lib/work/prompts_file.ts";
export * from "./lib/work/review.ts";
export * from "./lib/work/segment.ts";
export * from "./lib/work/write_everything.ts";
export { exportStore } from "./lib/work/export_store.ts";
export * from "./lib/yolo/design.ts";
export { type ChoiceOptions } from "./lib/yolo/candidates.ts";
export { detectObjects, type DetectOptions } from "./lib/yolo/detect.ts";
export * from "./lib/yolo/assignment.ts";
export type * from "./lib/yolo/detection.ts";
export type { RawOutput, YoloEngine } from "./lib/yolo/engine.ts";
export {
  parsePythonLiteral,
  pythonNames,
  type PythonValue,
} from "./lib/yolo/python_literal.ts";
export * from "./lib/yolo/track.ts";
export {
  averagePrecision,
  type PrecisionRecall,
} from "./lib/yolo/evaluation/average_precision.ts";
export {
  bootstrapByGroup,
  type BootstrapOptions,
  type Interval,
} from "./lib/yolo/evaluation/bootstrap.ts";
export * from "./lib/yolo/evaluation/clinical.ts";
export type {
  EvaluatedFrame,
  LesionMeasure,
} from "./lib/yolo/evaluation/clinical_patient.ts";
export * from "./lib/yolo/evaluation/coco_average_precision.ts";
export * from "./lib/yolo/evaluation/confusion_matrix.ts";
export * from "./lib/yolo/evaluation/evaluate_detections.ts";
export type * from "./lib/yolo/evaluation/evaluated_image.ts";
export type { GeometryMeasures } from "./lib/yolo/evaluation/geometry_measures.ts";
export * from "./lib/yolo/evaluation/iou_matrix.ts";
export * from "./lib/yolo/evaluation/measure_intervals.ts";
export * from "./lib/yolo/evaluation/match_coco.ts";
export * from "./lib/yolo/evaluation/match_detections.ts";
export * from "./lib/yolo/evaluation/ultralytics_measures.ts";
export { type Letterbox, planLetterbox } from "./lib/yolo/letterbox.ts";
export * from "./lib/yolo/training/augment.ts";
export type { TrainingSample } from "./lib/yolo/training/sample.ts";
export {
  fillSettings,
  type TrainSettings,
  type WantedSettings,
} from "./lib/yolo/training/settings.ts";
export {
  startFromCheckpoint,
  startFromNothing,
  type StartOptions,
  type TransferReport,
} from "./lib/yolo/training/start.ts";
export {
  averagedWeights,
  type EpochResult,
  type TimeEstimate,
  trainEpochs,
  type TrainingRun,
  type TrainingState,
} from "./lib/yolo/training/train.ts";
export {
  validate,
  type ValidatedImage,
  type ValidationOptions,
} from "./lib/yolo/validate.ts";
export {
  mayBeYolo,
  type YoloWeights,
  yoloWeights,
} from "./lib/yolo/weights.ts";
export {
  type ClickClip,
  type ClickSource,
  filesWithTruth,
  type KnownObject,
  listVerified,
} from "./lib/work/evaluation/clicks/click_clip.ts";
export {
  type ClicksEvaluation,
  evaluateClicks,
  type EvaluateClicksOptions,
} from "./lib/work/evaluation/clicks/evaluate_clicks.ts";
export {
  type Acts,
  workSeconds,
} from "./lib/work/evaluation/clicks/work_seconds.ts";
export * from "./lib/work/evaluation/evaluate_clips.ts";
export * from "./lib/work/evaluation/evaluate_detector.ts";
export type {
  DetectorEvaluation,
  EvaluatedModel,
  EvaluationIntervals,
  EvaluationSettings,
} from "./lib/work/evaluation/detector_evaluation.ts";
export {
  type LesionMeasures,
  type PatientsLesions,
} from "./lib/work/evaluation/evaluate_lesions.ts";
export {
  type FailedImage,
  type Failure,
  type FailureCounts,
  type FailureLimits,
  findFailures,
} from "./lib/work/evaluation/find_failures.ts";
export * from "./lib/work/evaluation/match_classes.ts";
export type {
  DataSetSummary,
  PartSummary,
} from "./lib/work/data_set/summarise.ts";
export { type MadeWith, madeWith } from "./lib/work/made_with.ts";
export type * from "./lib/work/report/experiment.ts";
export * from "./lib/work/report/make_report.ts";
export * from "./lib/work/evaluation/evaluate_predictions.ts";
export * from "./lib/work/data_set/problems_text.ts";
export {
  type Consequence,
  type DataSet,
  type DataSetImage,
  type DataSetProblem,
  readDataSet,
  type ReadDataSetOptions,
} from "./lib/work/data_set/read_data_set.ts";
export * from "./lib/work/demo.ts";
export * from "./lib/work/verify.ts";
export {
  type ClicksNeeded,
  clicksNeeded,
  type ClickTrial,
  simulateClicks,
} from "./lib/work/clicks_to_quality.ts";
export * from "./lib/work/drift_ranking.ts";
export {
  evaluateClip,
  type FrameMeasure,
  type ObjectMeasure,
  summariseMeasures,
} from "./lib/work/evaluate_clip.ts";
export * from "./lib/work/replay.ts";
export * from "./lib/work/truth.ts";
export * from "./lib/notebook/detect.ts";
export * from "./lib/notebook/measure_detector.ts";
export * from "./lib/notebook/train.ts";
export * from "./lib/notebook/agreement.ts";
export * from "./lib/notebook/annotate_view.ts";
export * from "./lib/notebook/click.ts";
export * from "./lib/notebook/clicks.ts";
export * from "./lib/notebook/compare.ts";
export {
  type Displayable,
  displayed,
  jupyterDisplay,
  type Look,
  type MimeBundle,
  type Picture,
} from "./lib/notebook/display.ts";
export { drift, type DriftView } from "./lib/notebook/drift.ts";
export * from "./lib/notebook/export_clip.ts";
export * from "./lib/notebook/fresh_folder.ts";
export * from "./lib/notebook/open_clip.ts";
export * from "./lib/notebook/progress.ts";
export * from "./lib/notebook/propagate.ts";
export * from "./lib/notebook/replay.ts";
export * from "./lib/notebook/review.ts";
export * from "./lib/notebook/sample.ts";
export * from "./lib/notebook/sample_patient.ts";
export * from "./lib/notebook/show.ts";
export * from "./lib/notebook/strip.ts";
export { table, type TableRow, type TableView } from "./lib/notebook/table.ts";
export {
  trainDetector,
  type TrainOptions,
  type TrainPlan,
  type TrainResult,
} from "./lib/work/train/train_detector.ts";
