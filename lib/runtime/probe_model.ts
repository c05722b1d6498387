// The smallest model there is, to ask whether a device answers.

/** An ONNX model `y = x` for one float32, as lib/onnx writes it. */
export function probeModel(): Uint8Array {
  return Uint8Array.fromBase64(identity);
}

const identity =
  "CAoSC21lZGFubm90YXRlOkUKGgoBeBIBeRoIb3V0cHV0IHkiCElkZW50aXR5EgVwcm9iZVoPCgF4EgoKCAgBEgQKAggBYg8KAXkSCgoICAESBAoCCAFCBAoAEBU=";
