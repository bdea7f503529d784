// Asks for the access token of a profile, and is killed on the way: `tsx renewing-process.ts <home> <profile> <stage>`.

import { openLogins } from '../../../src/login/logins.js'
import { refreshTokens } from '../../../src/login/protocol/refresh.js'
import { openTokenFiles } from '../../../src/login/store/token-files.js'
import type { TokenStore } from '../../../src/login/store/token-store.js'

const [home = '', profile = '', stage = ''] = process.argv.slice(2)

function dieAt(here: string): void {
  if (here === stage) process.kill(process.pid, 'SIGKILL')
}

const files = openTokenFiles({ home, environment: process.env })
let writes = 0
const store: TokenStore = {
  ...files,
  async write(name, login) {
    writes += 1
    dieAt(writes === 1 ? 'before it says that it will ask' : 'before it keeps the answer')
    await files.write(name, login)
    dieAt(writes === 1 ? 'before it asks' : 'before it lets go')
  },
}
const logins = openLogins({
  home,
  stores: { file: store, keychain: store },
  async refresh(...given) {
    const tokens = await refreshTokens(...given)
    dieAt('when the answer is there')
    return tokens
  },
})
const { token } = await logins.accessToken(profile)
process.stdout.write(token)
