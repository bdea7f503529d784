/** All of stdin as text, at most a megabyte of it. */
export async function readStdin(): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of process.stdin) {
    chunks.push(chunk as Buffer)
    bytes += (chunk as Buffer).length
    if (bytes > MOST_BYTES) break
  }
  return Buffer.concat(chunks).toString('utf8')
}

const MOST_BYTES = 1_000_000
