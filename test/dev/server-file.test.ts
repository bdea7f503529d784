import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { announceServer } from '../../src/dev/server-file.js'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'authkit-announce-'))
})
afterEach(() => {
  chmodSync(root, 0o700)
  rmSync(root, { recursive: true, force: true })
})

const file = () => join(root, '.authkit', 'dev.json')
const said = () => JSON.parse(readFileSync(file(), 'utf8'))

describe('announceServer', () => {
  it('says who serves the folder, to its owner alone, and takes all of it back', () => {
    const server = { pid: 1, url: 'http://127.0.0.1:1' }
    const withdraw = announceServer(root, server)
    expect(said()).toEqual(server)
    expect(statSync(file()).mode & 0o777).toBe(0o600)
    withdraw()
    withdraw()
    expect(existsSync(join(root, '.authkit'))).toBe(false)
  })

  it('leaves what a later server said, and what else lies there', () => {
    mkdirSync(join(root, '.authkit'))
    writeFileSync(join(root, '.authkit', 'dev.db'), '')
    const first = announceServer(root, { pid: 1, url: 'http://127.0.0.1:1' })
    const second = announceServer(root, { pid: 2, url: 'http://127.0.0.1:2' })
    first()
    expect(said().pid).toBe(2)
    second()
    expect(existsSync(file())).toBe(false)
    expect(existsSync(join(root, '.authkit', 'dev.db'))).toBe(true)
  })

  it('does without where a file is in its way', () => {
    writeFileSync(join(root, '.authkit'), '')
    expect(() => announceServer(root, { pid: 1, url: 'http://127.0.0.1:1' })()).not.toThrow()
  })
})
