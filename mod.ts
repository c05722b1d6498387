// What users import: one name per thing a person does with MedAnnotate.

export * from "./lib/base/progress.ts";
