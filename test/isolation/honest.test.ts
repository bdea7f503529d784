import { describe, expect, it } from 'vitest'
import { play } from './support/play.js'

/**
 * This server has no JWTs, no WebSocket, pages by offset, and has no routes for keys, sessions, connections and spaces. What
 * has a flag of its own only runs where somebody asks for it.
 */
const NOT_OFFERED =
  /^(jwt|credential|vault|space)\.|^(boundary|stream)\.websocket@|^page\.cursor@|^oracle\.timing@|^store\.agent-memory@/

describe('a server that isolates', () => {
  it('is called isolated by every check, and is empty again', async () => {
    const played = await play()
    const open = [...played.verdicts].filter(([, verdict]) => verdict !== 'isolated')
    expect(open.filter(([key, verdict]) => verdict !== 'skipped' || !NOT_OFFERED.test(key))).toEqual([])
    expect(played.finished.exitCode).toBe(0)
    expect(played.finished.cleanup?.left).toEqual([])
    expect(played.remaining).toEqual({ threads: 0, assistants: 0, crons: 0, items: 0 })
  })
})
