// The rows as the database holds them, one type per table.
//
// Flags are 0 or 1, lists and options are JSON text, times are ISO 8601 in UTC,
// arrays of numbers are blobs. The files beside this one turn rows into records
// and back; nobody else meets a row.

import type { ColumnType, Generated } from "kysely";

/** Every table by its name. */
export type Schema = {
  setting: { name: string; value: string };
  patient: { id: Generated<number>; code: string };
  procedure: { id: Generated<number>; patientId: number | null; name: string };
  sequence: SequenceRow;
  removedSequence: { id: number };
  frame: FrameRow;
  tag: TagTableRow;
  object: ObjectRow;
  prompt: PromptRow;
  step: StepRow;
  span: SpanRow;
  mask: MaskRow;
  run: RunRow;
  runMemory: RunMemoryRow;
};

type SequenceRow = {
  id: Generated<number>;
  procedureId: number | null;
  name: string;
  kind: string;
  source: string;
  width: number;
  height: number;
  frameCount: number;
  fps: number | null;
  framesSha256: string;
  createdAt: string;
  view: string | null;
};

type FrameRow = {
  sequenceId: number;
  index: number;
  timeMs: number;
  name: string;
  sha256: string;
};

type TagTableRow = {
  id: Generated<number>;
  code: string;
  name: string;
  category: string;
  colour: string;
  classNumber: number;
  procedures: string;
  description: string;
};

type ObjectRow = {
  id: Generated<number>;
  sequenceId: number;
  number: number;
  tagId: number | null;
  colour: string;
  name: string;
  isActive: number;
};

type PromptRow = {
  id: Generated<number>;
  sequenceId: number;
  objectId: number;
  frame: number;
  prompt: string;
  isActive: number;
};

type StepRow = {
  id: Generated<number>;
  sequenceId: number;
  promptId: number | null;
  action: string;
  change: string;
  isDone: number;
};

type SpanRow = {
  id: Generated<number>;
  sequenceId: number;
  tagId: number;
  firstFrame: number;
  lastFrame: number;
  isActive: number;
};

/** A mask; `counts` is the truth, `file` its picture. */
export type MaskRow = {
  objectId: number;
  frame: number;
  origin: string;
  modelSha256: string | null;
  predictedIou: number | null;
  presenceScore: number | null;
  drift: number | null;
  source: string | null;
  areaPx: number;
  height: number;
  width: number;
  counts: string;
  file: string;
  verified: number;
  runId: number | null;
  updatedAt: string;
  state: string;
  driftParts: string;
  basis: string;
};

type RunRow = {
  id: Generated<number>;
  sequenceId: number;
  kind: string;
  framesSha256: string;
  promptsSha256: string;
  modelSha256: string;
  optionsSha256: string;
  options: string;
  status: string;
  startedAt: string;
  finishedAt: string | null;
  framesDone: number;
  framesTotal: number;
};

type Blob = ColumnType<unknown, Uint8Array, Uint8Array>;

type RunMemoryRow = {
  runId: number;
  objectId: number;
  direction: string;
  frame: number;
  isConditioning: number;
  objectScore: number;
  predictedIou: number;
  lowRes: Blob;
  pointer: Blob;
  memory: Blob;
};
