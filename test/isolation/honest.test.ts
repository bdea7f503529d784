import { describe, expect, it } from 'vitest'
import { CHECKS } from '../../src/isolation/checks/index.js'
import { play } from './support/play.js'

describe('a server that isolates', () => {
  it('is called isolated by every check, and is empty again', async () => {
    const played = await play()
    const open = [...played.verdicts].filter(([, verdict]) => verdict !== 'isolated')
    // What only runs where it is asked for.
    const asked = CHECKS.flatMap(({ id, optIn }) => (optIn ? [[`${id}@bob`, 'skipped']] : []))
    expect(open).toEqual(asked)
    expect(played.finished.exitCode).toBe(0)
    expect(played.finished.cleanup?.left).toEqual([])
    expect(played.remaining).toEqual({ threads: 0, assistants: 0, crons: 0, items: 0 })
  })
})
