/** After so long without a result the head of the answer is sent, and white space keeps the connection alive. */
const HEAD_MS = 1000
const KEEP_ALIVE_MS = 5000

/**
 * JSON that may take long. A quick result is an ordinary answer; a slow one sends its headers first and line breaks while
 * it waits, which JSON allows in front.
 *
 * @param onDisconnect Called when the client goes away before the result is there.
 */
export async function lateJson(
  result: Promise<unknown>,
  { headers, onDisconnect }: { headers: Record<string, string>; onDisconnect: () => void },
): Promise<Response> {
  const init = { headers: { 'content-type': 'application/json', ...headers } }
  const early = await Promise.race([result.then((value) => ({ value })), sleep(HEAD_MS)])
  if (early) return new Response(JSON.stringify(early.value ?? null), init)

  const encoder = new TextEncoder()
  let beat: NodeJS.Timeout | undefined
  const body = new ReadableStream<Uint8Array>({
    async start(controller) {
      beat = setInterval(() => controller.enqueue(encoder.encode('\n')), KEEP_ALIVE_MS)
      controller.enqueue(encoder.encode('\n'))
      try {
        const value = await result
        controller.enqueue(encoder.encode(JSON.stringify(value ?? null)))
        controller.close()
      } catch {
        // The client has gone; there is nobody to tell.
      } finally {
        clearInterval(beat)
      }
    },
    cancel() {
      clearInterval(beat)
      onDisconnect()
    },
  })
  return new Response(body, init)
}

function sleep(ms: number): Promise<undefined> {
  return new Promise((resolve) => setTimeout(resolve, ms, undefined).unref())
}
