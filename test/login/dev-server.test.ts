import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { findLocalIssuer } from '../../src/login/dev-server.js'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'authkit-login-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function announce(content: string): void {
  mkdirSync(join(folder, '.authkit'), { recursive: true })
  writeFileSync(join(folder, '.authkit', 'dev.json'), content)
}

const at = (origin: string) => `${origin}/_authkit/oidc`

/** The answers of a machine, by URL; nobody is anywhere else. */
function machine(answers: Record<string, unknown>, asked: string[] = []): typeof fetch {
  return async (url) => {
    asked.push(String(url))
    const answer = answers[String(url)]
    if (answer === undefined) throw new TypeError('fetch failed')
    return Response.json(answer)
  }
}

const issuerAt = (origin: string, issuer = at(origin)) => ({
  [`${at(origin)}/.well-known/openid-configuration`]: { issuer },
})

const A = 'http://127.0.0.1:40001'
const B = 'http://127.0.0.1:40002'
const ports = [40_001, 40_002]

describe('findLocalIssuer', () => {
  it('takes the server that says it serves this folder, whatever else runs', async () => {
    announce(JSON.stringify({ pid: 1, url: 'http://127.0.0.1:50000' }))
    const own = 'http://127.0.0.1:50000'
    const send = machine({ ...issuerAt(own), ...issuerAt(A), ...issuerAt(B) })
    expect(await findLocalIssuer({ folder, ports, fetch: send })).toBe(at(own))
  })

  it('takes the only one on the usual ports where this folder names none', async () => {
    expect(await findLocalIssuer({ folder, ports, fetch: machine(issuerAt(B)) })).toBe(at(B))
  })

  it('looks there too where what the folder names has ended', async () => {
    announce(JSON.stringify({ pid: 1, url: 'http://127.0.0.1:50000' }))
    expect(await findLocalIssuer({ folder, ports, fetch: machine(issuerAt(A)) })).toBe(at(A))
  })

  it('chooses between several for nobody', async () => {
    const send = machine({ ...issuerAt(A), ...issuerAt(B) })
    await expect(findLocalIssuer({ folder, ports, fetch: send })).rejects.toMatchObject({
      code: 'login_not_configured',
      hint: expect.stringMatching(/40001.*40002/),
    })
  })

  it('says so where this folder is served without an issuer', async () => {
    announce(JSON.stringify({ pid: 1, url: A }))
    await expect(
      findLocalIssuer({ folder, ports: [], fetch: machine({ [`${A}/ok`]: { ok: true } }) }),
    ).rejects.toMatchObject({
      code: 'login_not_configured',
      message: expect.stringContaining('without its local issuer'),
    })
  })

  it.each([
    ['another address', at('http://evil.example.com')],
    ['another port', at(B)],
    ['a slash at its end', `${at(A)}/`],
  ])('takes nothing for it that names an issuer of %s', async (_, issuer) => {
    expect(await findLocalIssuer({ folder, ports, fetch: machine(issuerAt(A, issuer)) })).toBeUndefined()
  })

  it.each([
    ['another machine', JSON.stringify({ pid: 1, url: 'http://evil.example.com' })],
    ['a name that looks like this one', JSON.stringify({ pid: 1, url: 'http://127.0.0.1.evil.example.com' })],
    ['nothing', '{}'],
    ['half a file', '{"pid":1,"ur'],
    ['a list', '[]'],
  ])('asks nobody where the folder names %s', async (_, content) => {
    announce(content)
    const asked: string[] = []
    expect(await findLocalIssuer({ folder, ports: [], fetch: machine({}, asked) })).toBeUndefined()
    expect(asked).toEqual([])
  })
})
