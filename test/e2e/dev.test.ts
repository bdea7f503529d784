import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { inTempFolder, run, serve } from './processes.js'

const AUTH = `import { Auth, placeholderTokens } from 'authkit'
export const auth = new Auth()
  .authenticate(placeholderTokens({ 'a-token': { identity: 'a', display_name: 'Ann' } }))
  .on('*', ({ user }) => ({ owner: user.identity }))
`

describe('authkit dev refuses to start', () => {
  it.each<[string, Record<string, string>, string[], number, RegExp]>([
    ['without an auth file', {}, [], 2, /auth_file_not_found/],
    [
      'without authenticate',
      { 'auth.ts': `import { Auth } from 'authkit'\nexport const auth = new Auth()\n` },
      [],
      1,
      /authenticate/,
    ],
    ['with a misspelt event', { 'auth.ts': AUTH.replace("'*'", "'thread'") }, [], 1, /Did you mean "threads"/],
    ['with a broken langgraph.json', { 'langgraph.json': '{ "auth": ' }, [], 2, /langgraph\.json:1/],
    ['on a port that is taken', { 'auth.ts': AUTH }, ['--port', 'TAKEN'], 1, /Port \d+ on 127\.0\.0\.1 is in use/],
    [
      'on an address of another machine',
      { 'auth.ts': AUTH },
      ['--host', '192.0.2.1', '--port', '0'],
      2,
      /192\.0\.2\.1/,
    ],
    [
      'with a database that is none',
      { 'auth.ts': AUTH, 'notes.txt': 'these are notes, and not a database' },
      ['--db', 'notes.txt', '--port', '0'],
      1,
      /database/,
    ],
    ['with a port that is no port', { 'auth.ts': AUTH }, ['--port', '70000'], 2, /70000|65535/],
    ['with a flag that is none', { 'auth.ts': AUTH }, ['--prot', '1'], 2, /prot/],
  ])('%s', (_, files, args, code, message) =>
    inTempFolder(async (folder) => {
      for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content)
      const blocker = createServer().listen(0, '127.0.0.1')
      await new Promise((resolve) => blocker.once('listening', resolve))
      const taken = String((blocker.address() as { port: number }).port)
      const ended = await run(folder, 'dev', ...args.map((arg) => (arg === 'TAKEN' ? taken : arg)))
      blocker.close()
      expect(ended.stderr).toMatch(message)
      expect(ended.stderr).not.toMatch(/\n\s+at /)
      expect(ended.code).toBe(code)
    }),
  )
})

describe('authkit dev', () => {
  it('closes the door while auth.ts is broken, and survives its deletion', () =>
    inTempFolder(async (folder) => {
      const file = join(folder, 'auth.ts')
      writeFileSync(file, AUTH)
      const server = await serve(folder, '--db', ':memory:')
      const status = async () => {
        const answer = await fetch(`${server.url}/threads/count`, {
          method: 'POST',
          headers: { authorization: 'Bearer a-token' },
        })
        return [answer.status, await answer.text()] as const
      }
      try {
        expect(await status()).toEqual([200, '0'])

        writeFileSync(file, `${AUTH}const oops = ;\n`)
        await server.printed('broken auth.ts')
        const [closed, detail] = await status()
        expect(closed).toBe(503)
        expect(JSON.parse(detail).detail).toMatch(/auth\.ts:5:14/)
        expect((await fetch(`${server.url}/ok`)).status).toBe(200)

        rmSync(file)
        await server.printed(/There is no|not found|no auth/i)
        expect((await status())[0]).toBe(503)

        writeFileSync(file, AUTH.replace('({ owner: user.identity })', '(user.identity === "a" ? false : true)'))
        await server.printed(/reloaded auth\.ts/)
        expect((await status())[0]).toBe(403)
      } finally {
        expect(await server.stop('SIGINT')).toBe(0)
      }
      expect(existsSync(join(folder, 'ready.json'))).toBe(false)
    }))

  it('says every decision, and no token, in JSON lines', () =>
    inTempFolder(async (folder) => {
      writeFileSync(join(folder, 'auth.ts'), AUTH)
      const server = await serve(folder, '--json', '--db', ':memory:')
      const headers = { authorization: 'Bearer wrong-secret', 'x-api-key': 'other-secret' }
      await fetch(`${server.url}/threads/count?token=third-secret`, { method: 'POST', headers })
      await fetch(`${server.url}/threads/count`, { method: 'POST', headers: { authorization: 'Bearer a-token' } })
      await server.stop()
      const lines = server
        .output()
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line))
      expect(lines.map(({ kind }) => kind)).toEqual(['ready', 'request', 'request', 'stopping'])
      expect(lines[1]).toMatchObject({ status: 401, path: '/threads/count', identity: null })
      expect(lines[2]).toMatchObject({
        status: 200,
        identity: 'a',
        events: [{ event: 'threads:search', handler: '*', decision: { kind: 'only' } }],
      })
      expect(server.output()).not.toMatch(/wrong-secret|other-secret|third-secret/)
    }))

  it('refuses what no handler covers under --strict, and everything is open under --no-auth', () =>
    inTempFolder(async (folder) => {
      writeFileSync(join(folder, 'auth.ts'), AUTH.replace("'*'", "'threads'"))
      const headers = { authorization: 'Bearer a-token' }
      const strict = await serve(folder, '--strict', '--db', ':memory:')
      expect((await fetch(`${strict.url}/assistants/search`, { method: 'POST', headers })).status).toBe(403)
      expect((await fetch(`${strict.url}/threads/search`, { method: 'POST', headers })).status).toBe(200)
      await strict.stop()
      const open = await serve(folder, '--no-auth', '--db', ':memory:')
      expect(open.output()).toContain('OFF (--no-auth)')
      expect((await fetch(`${open.url}/assistants/search`, { method: 'POST' })).status).toBe(200)
      await open.stop()
    }))

  it('lets Studio in only where it is asked to, and says so', () =>
    inTempFolder(async (folder) => {
      writeFileSync(join(folder, 'auth.ts'), AUTH)
      const headers = { 'x-auth-scheme': 'langsmith' }
      for (const [args, status] of [
        [[], 401],
        [['--studio'], 200],
      ] as const) {
        const server = await serve(folder, '--db', ':memory:', ...args)
        expect((await fetch(`${server.url}/threads/count`, { method: 'POST', headers })).status).toBe(status)
        expect(server.output().includes('Studio header is ON')).toBe(status === 200)
        await server.stop()
      }
    }))

  it('goes on after a rejection that nobody handles, and ends with one line at an exception that nobody catches', () =>
    inTempFolder(async (folder) => {
      const failing = `.on('threads:search', () => {
    void Promise.reject(Object.assign(new Error('floating'), { token: 'carried-secret' }))
  })
  .on('assistants:search', () => {
    setTimeout(() => { throw Object.assign(new Error('not caught'), { token: 'carried-secret' }) }, 1)
  })
`
      writeFileSync(join(folder, 'auth.ts'), AUTH + failing)
      const headers = { authorization: 'Bearer a-token' }
      const server = await serve(folder, '--db', ':memory:')
      await fetch(`${server.url}/threads/search`, { method: 'POST', headers })
      await server.printed(
        /problem A promise was rejected, and nothing handled it: Error: floating\n {12}at .*auth\.ts:6:/,
      )
      expect((await fetch(`${server.url}/threads/search`, { method: 'POST', headers })).status).toBe(200)

      await fetch(`${server.url}/assistants/search`, { method: 'POST', headers }).catch(() => undefined)
      await server.printed(/^Error: Nothing caught this: Error: not caught \(at .*auth\.ts:9:.*\)$/m)
      expect(await server.stop()).toBe(1)
      expect(server.output()).not.toContain('carried-secret')
      expect(server.output().split('Nothing caught this')[1]).not.toContain('\n    at ')
      expect(existsSync(join(folder, 'ready.json'))).toBe(false)
    }))

  it('ends as asked, at any moment and whatever the project keeps running', () =>
    inTempFolder(async (folder) => {
      writeFileSync(
        join(folder, 'auth.ts'),
        `${AUTH}process.kill(process.pid, 'SIGTERM')\nsetInterval(() => {}, 1000)\n`,
      )
      const { code, stdout } = await run(folder, 'dev', '--port', '0', '--db', ':memory:')
      expect([code, stdout.trim().split('\n').at(-1)]).toEqual([0, '  stopping'])
    }))

  it('keeps everything over a restart', () =>
    inTempFolder(async (folder) => {
      writeFileSync(join(folder, 'auth.ts'), AUTH)
      const headers = { authorization: 'Bearer a-token', 'content-type': 'application/json' }
      const first = await serve(folder)
      const made = await fetch(`${first.url}/threads`, {
        method: 'POST',
        headers,
        body: '{"metadata":{"n":1,"owner":"a"}}',
      })
      const { thread_id } = (await made.json()) as { thread_id: string }
      await first.stop()
      const second = await serve(folder)
      expect((await fetch(`${second.url}/threads/${thread_id}`, { headers })).status).toBe(200)
      await second.stop()
    }))
})
