import { describe, expect, it } from 'vitest'
import { play } from './support/play.js'

/** What our server does not have, and so nobody can be kept out of. */
const NOT_OFFERED = ['stream.websocket']

describe('a server that isolates', () => {
  it('is called isolated by every check, and is empty again', async () => {
    const played = await play()
    const open = [...played.verdicts].filter(([, verdict]) => verdict !== 'isolated')
    const missing = NOT_OFFERED.flatMap((id) => [...played.verdicts.keys()].filter((key) => key.startsWith(`${id}@`)))
    expect(open.toSorted()).toEqual(missing.toSorted().map((key) => [key, 'skipped']))
    expect(played.finished.exitCode).toBe(0)
    expect(played.finished.cleanup?.left).toEqual([])
    expect(played.remaining).toEqual({ threads: 0, assistants: 0, crons: 0, items: 0 })
  })
})
