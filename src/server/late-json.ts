/** After so long without a result the head of the answer is sent, and white space keeps the connection alive. */
const HEAD_MS = 1000
const KEEP_ALIVE_MS = 5000

/**
 * JSON that may take long. A quick result is an ordinary answer; a slow one sends its headers first and line breaks while
 * it waits, which JSON allows in front.
 *
 * A result that fails early rejects; one that fails late breaks the connection off.
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
        // The head has been sent, so all that is left to say is that this answer has no end. Not why: it is written to the
        // client and to the log as it is. Where the client is gone, this does nothing.
        controller.error(new Error('The result failed after the head of its answer was sent.'))
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
