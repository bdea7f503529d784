import { AuthkitError } from '../../errors/authkit-error.js'
import { type Json, MAX_METADATA_BYTES } from '../storage.js'

/**
 * Metadata as it is stored.
 *
 * @param before What the row held. One of a time without this bound may shrink step by step.
 * @throws AuthkitError `invalid_request` where it is too large.
 */
export function metadataText(metadata: Json, before?: string): string {
  const text = JSON.stringify(metadata)
  if (Buffer.byteLength(text) > MAX_METADATA_BYTES && text.length > (before?.length ?? 0)) {
    throw new AuthkitError(
      'invalid_request',
      `The metadata must not take more than ${MAX_METADATA_BYTES} bytes of JSON.`,
    )
  }
  return text
}
