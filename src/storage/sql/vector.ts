const BYTES = 4

/** A vector as it is stored: 32-bit floats, little-endian. */
export function vectorToBytes(vector: Float32Array): Uint8Array {
  const bytes = new Uint8Array(vector.length * BYTES)
  const view = new DataView(bytes.buffer)
  for (const [index, number] of vector.entries()) view.setFloat32(index * BYTES, number, true)
  return bytes
}

/**
 * The cosine of the angle between two stored vectors: 1 where they point the same way, -1 where they point apart. Null where
 * they can't be compared, because they have different lengths or one of them points nowhere.
 */
export function cosine(one: Uint8Array, other: Uint8Array): number | null {
  if (one.byteLength !== other.byteLength) return null
  const a = new DataView(one.buffer, one.byteOffset, one.byteLength)
  const b = new DataView(other.buffer, other.byteOffset, other.byteLength)
  let [product, squareA, squareB] = [0, 0, 0]
  for (let at = 0; at + BYTES <= one.byteLength; at += BYTES) {
    const [x, y] = [a.getFloat32(at, true), b.getFloat32(at, true)]
    product += x * y
    squareA += x * x
    squareB += y * y
  }
  const score = product / Math.sqrt(squareA * squareB)
  return Number.isFinite(score) ? Math.max(-1, Math.min(1, score)) : null
}
