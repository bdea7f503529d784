import type { IncomingMessage } from 'node:http'

/** Enough for any form here, in bytes. */
const LIMIT = 8 * 1024

/**
 * The fields of a submitted form.
 *
 * @throws an error with status 413 where it is larger than any form of these pages.
 */
export async function readForm(request: IncomingMessage): Promise<URLSearchParams> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > LIMIT)
      throw Object.assign(new Error('The form is too large.'), { status: 413, error: 'invalid_request' })
    chunks.push(chunk)
  }
  return new URLSearchParams(Buffer.concat(chunks).toString('utf8'))
}
