import { describe, expect, it } from 'vitest'
import { serve } from '../support/server.js'
import { methodOf, play } from './call.js'
import { calls } from './calls.js'
import { clientsOf, methodsOf, VERSIONS } from './clients.js'
import { auth } from './project/auth.js'
import { projectGraphs } from './project-graphs.js'

const server = await serve({ graphs: projectGraphs, auth: auth as never })

describe.each(VERSIONS)('the client %s', (version) => {
  const clientFor = clientsOf(version, server.url)
  const methods = methodsOf(version)

  it('has no method without a row', () => {
    const covered = new Set(calls.filter(({ only }) => only === undefined || only === version).map(methodOf))
    expect(methods.filter((method) => !covered.has(method))).toEqual([])
    expect(methods.length).toBeGreaterThan(40)
  })

  const playable = calls.filter(({ only }) => only === undefined || only === version)
  it.for(playable.map((row, index) => [row.name, index, row] as const))('%s', async ([, index, row]) => {
    const user = `u${version.replaceAll('.', '')}n${index}`
    const { answer, given, world } = await play(row, clientFor, user)
    row.answer.parse(answer)
    expect(JSON.stringify(answer ?? null)).not.toContain('langgraph_auth_')
    await row.holds?.(answer, given, world)
  })
})

it('is a table of the methods that there are, and of nothing else', () => {
  const [newer, older] = [methodsOf('1.15.0'), methodsOf('2.0.0')]
  expect([...new Set(calls.map(methodOf))].sort()).toEqual(newer)
  expect(newer.filter((method) => !older.includes(method))).toEqual([
    'runs.cancelMany',
    'threads.prune',
    'threads.stream',
  ])
  expect(older.filter((method) => !newer.includes(method))).toEqual([])
  expect(new Set(calls.map(({ name }) => name)).size).toBe(calls.length)
})
