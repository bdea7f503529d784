import { describe, expect, it } from 'vitest'
import { play } from './support/play.js'

/** Our server pages by offset. Timing is only measured where somebody asks for it. */
const NOT_OFFERED = ['oracle.timing@bob', 'page.cursor@bob', 'store.agent-memory@bob']

describe('a server that isolates', () => {
  it('is called isolated by every check, and is empty again', async () => {
    const played = await play()
    const open = [...played.verdicts].filter(([, verdict]) => verdict !== 'isolated').toSorted()
    expect(open).toEqual(NOT_OFFERED.map((key) => [key, 'skipped']))
    expect(played.finished.exitCode).toBe(0)
    expect(played.finished.cleanup?.left).toEqual([])
    expect(played.remaining).toEqual({ threads: 0, assistants: 0, crons: 0, items: 0 })
  })
})
