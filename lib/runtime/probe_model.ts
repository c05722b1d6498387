// The smallest models there are: to ask whether a device answers, and to copy a
// tensor to a device or back.

/** An ONNX model `y = x` for one float32, as lib/onnx writes it. */
export function probeModel(): Uint8Array {
  return Uint8Array.fromBase64(identity);
}

/** An ONNX model `y = x` for float32 of any shape. */
export function copyModel(): Uint8Array {
  return Uint8Array.fromBase64(copy);
}

const identity =
  "CAoSC21lZGFubm90YXRlOkUKGgoBeBIBeRoIb3V0cHV0IHkiCElkZW50aXR5EgVwcm9iZVoPCgF4EgoKCAgBEgQKAggBYg8KAXkSCgoICAESBAoCCAFCBAoAEBU=";
const copy =
  "CAoSC21lZGFubm90YXRlOi4KEAoBeBIBeSIISWRlbnRpdHkSBGNvcHlaCQoBeBIECgIIAWIJCgF5EgQKAggBQgQKABAV";
