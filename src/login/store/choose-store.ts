import { AuthkitError } from '../../errors/authkit-error.js'
import { STORE_KINDS, type StoreKind } from './token-store.js'

/**
 * Where the tokens of a new sign-in go: what `--token-store` says, else AUTHKIT_TOKEN_STORE, else the keychain.
 *
 * @throws AuthkitError `usage` for a store that there is not.
 */
export function chooseStore(flag: string | undefined, environment: NodeJS.ProcessEnv): StoreKind {
  const wanted = flag ?? (environment['AUTHKIT_TOKEN_STORE'] || 'keychain')
  const kind = STORE_KINDS.find((kind) => kind === wanted)
  if (kind) return kind
  const name = flag === undefined ? 'AUTHKIT_TOKEN_STORE' : '--token-store'
  throw new AuthkitError('usage', `${name} is neither ${STORE_KINDS.join(' nor ')}.`, {
    hint: 'The keychain is that of the operating system; the file is encrypted, with a key in AUTHKIT_TOKEN_KEY.',
  })
}
