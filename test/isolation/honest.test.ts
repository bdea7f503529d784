import { describe, expect, it } from 'vitest'
import { NOT_OFFERED } from './support/not-offered.js'
import { play } from './support/play.js'

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
