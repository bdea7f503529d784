import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { repeatLines } from '../../../src/isolation/reporters/repeat.js'

const A = '5331d9f8-6b1c-4a53-9f3e-0a8f3b1f7d11'
const B = '0a8f3b1f-6b1c-4a53-9f3e-5331d9f87d11'

/** What a shell makes of a line: its words. */
const words = (lines: readonly string[]) => {
  const script = `curl() { printf '%s\\n' "$@"; }\nBOB=bob-token\n${lines.join('\n')}`
  return spawnSync('sh', ['-c', script], { encoding: 'utf8' }).stdout
}

it('exports the ids that it needs, each under a name that says what it is', () => {
  expect(repeatLines(`curl 'http://h/threads/${A}/runs/${B}' -H "authorization: Bearer $BOB"`)).toEqual([
    `export THREAD=${A}`,
    `export RUN=${B}`,
    `curl 'http://h/threads/'"$THREAD"'/runs/'"$RUN" -H "authorization: Bearer $BOB"`,
  ])
  expect(repeatLines(`curl 'http://h/threads/${A}' --data-raw '{"thread_id":"${B}"}'`)).toContain(
    `export THREAD_2=${B}`,
  )
})

it('breaks long lines between arguments', () => {
  const lines = repeatLines(
    `curl -X POST 'http://127.0.0.1:2024/threads/search' -H "authorization: Bearer $BOB" -H 'content-type: application/json' --data-raw '{}'`,
  )
  expect(lines).toEqual([
    `curl -X POST 'http://127.0.0.1:2024/threads/search' -H "authorization: Bearer $BOB" \\`,
    `  -H 'content-type: application/json' --data-raw '{}'`,
  ])
})

describe('is the same to a shell', () => {
  it.each([
    `curl 'http://h/threads/${A}' -H "authorization: Bearer $BOB"`,
    `curl -X POST 'http://h/runs' --data-raw '{"assistant_id":"${A}","a":"it'\\''s ${B}","b":""}'`,
    `curl '${A}' '' -H "x: ${A} \\"quoted\\" ${B}" -H 'y: ${B}'`,
    `curl -X POST 'http://127.0.0.1:2024/threads/${A}/state' -H 'content-type: application/json' --data-raw '{"values":{"messages":[{"role":"user","content":"${B}"}]}}'`,
  ])('%s', (line) => {
    expect(words(repeatLines(line))).toBe(words([line]))
    expect(words([line])).not.toBe('')
  })
})
