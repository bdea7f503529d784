import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import type { DoctorReport } from '../../src/doctor/report-json.js'
import { type TempProject, test } from '../project/temp-project.js'
import { type IdentityProvider, signedIn, startIdentityProvider } from '../support/identity-provider.js'
import { AUTH, freePort, machineIn, oidcAuth } from './support.js'

const dev = fileURLToPath(new URL('../../bin/dev.js', import.meta.url))
const tsx = import.meta.resolve('tsx')

interface Finished {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** The command, as a user runs it. */
async function doctor(project: TempProject, environment: NodeJS.ProcessEnv, ...flags: string[]): Promise<Finished> {
  const args = ['--import', tsx, dev, 'doctor', '--port', String(await freePort()), ...flags]
  return await new Promise((resolve) => {
    const env = { ...process.env, NO_COLOR: '1', ...environment }
    execFile(process.execPath, args, { cwd: project.root, env }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr })
    })
  })
}

let idp: IdentityProvider
beforeAll(async () => {
  idp = await startIdentityProvider()
})
afterAll(() => idp.close())

describe('authkit doctor', () => {
  test('is content with a project without sign-in', async ({ project }) => {
    await project.write({ 'auth.ts': AUTH })
    const { code, stdout, stderr } = await doctor(project, machineIn(project).environment)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/^ {2}authkit doctor\n\n {2}project\n/)
    expect(stdout).toContain('  ok     auth.loads        auth.ts\n')
    expect(stdout).toMatch(/\n {2}\d+ fine {3}\d+ skipped\n/)
  })

  test('ends with 1 where something is wrong, and says what to do', async ({ project }) => {
    await project.write({ 'auth.ts': 'const broken = = 1\n' })
    const { code, stdout } = await doctor(project, machineIn(project).environment)
    expect(code).toBe(1)
    expect(stdout).toMatch(/WRONG {2}auth\.loads {8}auth\.ts:1:\d+: /)
    expect(stdout).toContain('Fix the file')
  })

  test('ends though auth.ts never does', async ({ project }) => {
    const never = `import { Auth } from 'authkit'\nsetInterval(() => {}, 1000)\nawait new Promise(() => {})\n`
    await project.write({ 'auth.ts': never })
    const { code, stdout } = await doctor(project, machineIn(project).environment, '--timeout', '1')
    expect(code).toBe(1)
    expect(stdout).toContain('auth.ts is still loading after 1 s.')
  })

  test('writes nothing but JSON with --json', async ({ project }) => {
    await project.write({ 'auth.ts': AUTH })
    const { code, stdout } = await doctor(project, machineIn(project).environment, '--json', '--provider', 'fieshu')
    const report = JSON.parse(stdout) as DoctorReport
    expect(code).toBe(1)
    expect(report.ok).toBe(false)
    expect(report.summary.wrong).toBe(1)
    expect(report.checks.find(({ id }) => id === 'login.target')?.findings).toEqual([
      {
        level: 'wrong',
        code: 'provider_unknown',
        message: 'There is no provider "fieshu".',
        fix: 'Did you mean "feishu"?',
      },
    ])
  })

  test('knows wrong usage', async ({ project }) => {
    expect((await doctor(project, {}, '--timeout', 'soon')).code).toBe(2)
  })

  test('shows no token, secret or key, however it is asked', async ({ project }) => {
    const machine = machineIn(project)
    const tokens = await signedIn(idp, 'alice')
    await machine.signIn({ issuer: idp.issuer }, tokens, 'planted-client-secret')
    await project.write({
      'auth.ts': oidcAuth({ issuer: idp.issuer, audience: 'https://api.example.com' }),
      '.env': 'SECRET_KEY=planted-in-the-file\n',
    })
    const environment = { ...machine.environment, SECRET_KEY: 'planted-in-the-shell' }
    const secrets = [
      tokens.accessToken,
      tokens.refreshToken ?? '',
      tokens.idToken ?? '',
      machine.environment['AUTHKIT_TOKEN_KEY'] ?? '',
      'planted-',
    ]
    for (const flags of [[], ['--json'], ['--verbose']]) {
      const { stdout, stderr } = await doctor(project, environment, ...flags)
      expect(stdout).toContain('token.accepted')
      expect(secrets.filter((secret) => secret === '' || `${stdout}${stderr}`.includes(secret))).toEqual([])
    }
  })
})
