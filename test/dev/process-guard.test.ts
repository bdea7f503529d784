import { expect, it } from 'vitest'
import { fatalLine, problemFrom } from '../../src/dev/process-guard.js'

/** What an HTTP client throws: the request, and the token in it. */
function withRequest(message: string): Error {
  return Object.assign(new TypeError(message), { request: { headers: { authorization: 'Bearer secret-token' } } })
}

it('a problem is the text of the error and where it comes from, and nothing that it carries', () => {
  const problem = problemFrom('It failed', withRequest('no answer'))
  expect(problem.message).toBe('It failed: TypeError: no answer')
  expect(problem.stack).toMatch(/^at withRequest \(.*process-guard\.test\.ts:\d+:\d+\)\n/)
  expect(JSON.stringify(problem)).not.toContain('secret-token')
})

it.each([
  ['text', 'It failed: text'],
  [undefined, 'It failed: undefined'],
  [{ token: 'secret-token' }, 'It failed: an object that is no Error'],
  [Object.create(null), 'It failed: an object that is no Error'],
])('%j may be thrown too', (thrown, message) => {
  expect(problemFrom('It failed', thrown)).toEqual({ message, stack: undefined })
})

it('the last line is one line', () => {
  const line = fatalLine(withRequest('broken\n  00:00:00  200\x1b[2J'))
  expect(line).toMatch(
    /^Nothing caught this: TypeError: broken\\n {2}00:00:00 {2}200\\x1b\[2J \(at withRequest .*test\.ts:\d+:\d+\)\)$/,
  )
  expect(line).not.toContain('secret-token')
})
