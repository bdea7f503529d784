import { Agent, request } from 'node:http'

/** One request at a time: for probes and for timing single answers. `status` is undefined where no answer came. */
export function openClient(url, { timeoutMs = 30_000 } = {}) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  return {
    ask(method, path, { token = 'user1-token', body } = {}) {
      return new Promise((resolve) => {
        const text = body === undefined ? undefined : JSON.stringify(body)
        const headers = { authorization: `Bearer ${token}` }
        if (text !== undefined) {
          headers['content-type'] = 'application/json'
          headers['content-length'] = Buffer.byteLength(text)
        }
        const call = request(new URL(path, url), { method, agent, headers, timeout: timeoutMs }, (response) => {
          const chunks = []
          response.on('data', (chunk) => chunks.push(chunk))
          response.on('error', () => resolve({ status: undefined }))
          response.on('end', () => resolve({ status: response.statusCode, text: Buffer.concat(chunks).toString() }))
        })
        call.on('timeout', () => call.destroy())
        call.on('error', () => resolve({ status: undefined }))
        call.end(text)
      })
    },

    /** For what must work: the JSON of a 2xx answer. */
    async json(method, path, options) {
      const { status, text } = await this.ask(method, path, options)
      if (status === undefined || status >= 300) throw new Error(`${method} ${url}${path} answered ${status}: ${text}`)
      return text ? JSON.parse(text) : undefined
    },

    close: () => agent.destroy(),
  }
}
