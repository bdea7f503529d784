/** Who plays: Alice owns, Bob attacks, Carol is a third user where there is one, nobody sends no credential, junk one that nobody issued. */
export type ActorName = 'alice' | 'bob' | 'carol' | 'nobody' | 'junk'

/** Who may attack. Alice is the victim of every check. */
export type Attacker = Exclude<ActorName, 'alice'>

/** Who has a token of their own, and so can own objects. */
export type Owner = 'alice' | 'bob' | 'carol'

/** How the reports call an actor. */
export const WHO: Readonly<Record<ActorName, string>> = {
  alice: 'Alice',
  bob: 'Bob',
  carol: 'Carol',
  nobody: 'A caller without a token',
  junk: 'A caller with an invented token',
}

/** A header's value; several for a header that is sent several times, `null` for one that is left out. */
export type HeaderValue = string | readonly string[] | null

/**
 * What an attacker wears in place of his own credential, as a template. Checks write it and never see a token:
 * `{alice}` stands for hers, `{alice:reversed}` for an altered one, `{scheme}` for the word in front of it, `{forged:alg-none}`
 * for a JWT that was made for this run.
 *
 * @example
 * { headers: { authorization: '{scheme} {alice:shortened}' } }
 * { headers: { authorization: null, cookie: 'token={alice}' } }
 */
export interface Disguise {
  readonly headers?: Readonly<Record<string, HeaderValue>>
  /** In place of the actor's own token, in the header where Alice sends hers and behind the same word. */
  readonly token?: string
  /** Parameters that are added to the query. */
  readonly query?: Readonly<Record<string, string>>
}

interface Alteration {
  readonly apply: (token: string) => string
  /** The same in a shell, for the variable of that name. */
  readonly shell: (variable: string) => string
}

const piped = (command: string) => (variable: string) => `$(printf %s "$${variable}" | ${command})`

/** What double quotes of a shell would change. */
const asText = (text: string) => text.replaceAll(/["`\\$]/g, '\\$&')

/** The ways a token can be altered, by the name that templates use. */
const ALTERATIONS: Readonly<Record<string, Alteration>> = {
  // The bits at the end of a base64 text may mean nothing; these two characters differ from theirs in a bit that does.
  'last-character': {
    apply: (token) => token.slice(0, -1) + (/[A-Za-f]$/.test(token) ? '7' : 'a'),
    shell: piped("sed 's/[A-Za-f]$/7/;t;s/.$/a/'"),
  },
  reversed: { apply: (token) => [...token].reverse().join(''), shell: piped('rev') },
  shortened: { apply: (token) => token.slice(0, -1), shell: (variable) => `\${${variable}%?}` },
  extended: { apply: (token) => `${token}x`, shell: (variable) => `\${${variable}}x` },
  'other-case': {
    apply: (token) => (token === token.toUpperCase() ? token.toLowerCase() : token.toUpperCase()),
    shell: piped('tr a-z A-Z'),
  },
  spaced: { apply: (token) => `${token} `, shell: (variable) => `$${variable} ` },
  tabbed: { apply: (token) => `${token}\t`, shell: (variable) => `$${variable}$(echo 09 | xxd -r -p)` },
  // No shell can pass a NUL on.
  nul: { apply: (token) => `${token}\0`, shell: (variable) => `$${variable}<NUL>` },
  percent: {
    apply: (token) => token.replaceAll(/./g, (each) => `%${each.charCodeAt(0).toString(16)}`),
    shell: piped('xxd -p -c 999 | sed s/../%\\&/g'),
  },
  // Other characters that Unicode's NFKC takes for the same: once those that a header may hold, once in UTF-8.
  superscript: {
    apply: (token) => token.replaceAll(/[123ao]/g, (plain) => '¹²³ªº'.charAt('123ao'.indexOf(plain))),
    shell: piped('sed y/123ao/¹²³ªº/ | iconv -t latin1'),
  },
  'full-width': {
    apply: (token) =>
      token.replace(/[!-~]/, (first) =>
        Buffer.from(String.fromCharCode(first.charCodeAt(0) + 0xfee0)).toString('latin1'),
      ),
    shell: piped("perl -CO -pe 's/^(.)/chr(ord($1)+0xfee0)/e'"),
  },
}

/** The tokens of one run. They live in this closure: what leaves it is a request header, or a redacted text. */
export interface Credentials {
  /** The headers that make a request this actor's, or whoever's he claims to be. */
  headers(actor: ActorName, disguise?: Disguise): Record<string, string | string[]>
  /** The query that the disguise adds: `?token=...`, `&token=...`, or nothing. */
  query(path: string, disguise?: Disguise): string
  /** The same two as a shell writes them between double quotes, without any token. */
  shell: Pick<Credentials, 'headers' | 'query'>
  /** Everything that must never be printed, with the word that replaces it; grows with every disguise that is worn. */
  secrets(): readonly (readonly [secret: string, label: string])[]
  /** Who has a token. */
  readonly owners: readonly Owner[]
}

/** Credentials that are one token each, in one header. */
export interface TokenCredentials extends Credentials {
  /** Which header carries a credential, and the word in front of the token. */
  readonly form: { readonly header: string; readonly scheme: string }
  /** Takes a token that the server issued during the run; templates know it as `{forged:name}` from now on. */
  adopt(name: string, token: string): void
}

export interface Tokens {
  readonly alice: string
  readonly bob: string
  readonly carol?: string | undefined
}

interface Credential {
  readonly header: string
  /** What stands before the token in the header, such as `Bearer `. */
  readonly prefix: string
  readonly token: string
}

/**
 * A token is sent as `Bearer <token>`. One with a space is taken for the whole value of the header, one that begins with a
 * name and a colon for a whole header line, which is how servers with other schemes, API keys or cookies are tested.
 */
function credentialOf(text: string): Credential {
  const line = /^([\w-]+): *(.+)$/.exec(text)
  const [header, value] = line ? [String(line[1]).toLowerCase(), String(line[2])] : ['authorization', text]
  if (header === 'cookie') return { header, prefix: '', token: value }
  const space = value.lastIndexOf(' ')
  if (space >= 0) return { header, prefix: value.slice(0, space + 1), token: value.slice(space + 1) }
  return { header, prefix: header === 'authorization' ? 'Bearer ' : '', token: value }
}

export interface CredentialOptions {
  readonly tokens: Tokens
  /** A token of the same shape that nobody issued. */
  readonly junk: string
  /** Tokens that were forged for this run, by name. */
  readonly forged?: ReadonlyMap<string, string>
}

export function createCredentials({ tokens, junk, forged: given = new Map() }: CredentialOptions): TokenCredentials {
  const forged = new Map<string, string>()
  const texts = Object.entries({ ...tokens, junk }).flatMap(([name, text]) =>
    text === undefined ? [] : [[name, text] as const],
  )
  const known = new Map(texts.map(([name, text]) => [name, credentialOf(text)]))
  const secrets = new Map<string, string>()
  const remember = (secret: string, label: string) => {
    if (secret !== '' && !secrets.has(secret)) secrets.set(secret, label)
  }
  for (const [name, text] of texts) {
    const label = `$${name.toUpperCase()}`
    remember(text, label)
    remember(known.get(name)?.token ?? '', label)
  }
  const adopt = (name: string, token: string) => {
    forged.set(name, token)
    remember(token, `$${variableOf(name)}`)
  }
  for (const [name, token] of given) adopt(name, token)
  const { header = 'authorization', prefix = '' } = known.get('alice') ?? {}

  const fill = (template: string, inShell: boolean): string =>
    (inShell ? asText(template) : template).replace(
      /\{(\w+)(?::([\w-]+))?\}/g,
      (_, name: string, change: string | undefined) => {
        if (name === 'scheme') return prefix.trim()
        if (name === 'forged') {
          const token = forged.get(change ?? '')
          if (token === undefined) throw new Error(`No token was forged as "${change}".`)
          return inShell ? `$${variableOf(change ?? '')}` : token
        }
        const credential = known.get(name)
        const alteration = change === undefined ? undefined : ALTERATIONS[change]
        if (!credential || (change !== undefined && !alteration))
          throw new Error(`No template is known as "${template}".`)
        const variable = name.toUpperCase()
        if (inShell) return alteration ? alteration.shell(variable) : `$${variable}`
        if (!alteration) return credential.token
        const altered = alteration.apply(credential.token)
        remember(altered, `$${variable}_ALTERED`)
        return altered
      },
    )

  const own = (actor: ActorName, inShell: boolean): Record<string, string | string[]> => {
    const credential = known.get(actor)
    if (!credential) return {}
    const { header, prefix, token } = credential
    return { [header]: inShell ? `${asText(prefix)}$${actor.toUpperCase()}` : prefix + token }
  }
  const headers = (actor: ActorName, disguise: Disguise | undefined, inShell: boolean) => {
    const worn = own(actor, inShell)
    if (disguise?.token !== undefined) worn[header] = prefix + fill(disguise.token, inShell)
    for (const [name, value] of Object.entries(disguise?.headers ?? {})) {
      if (value === null) delete worn[name]
      else worn[name] = typeof value === 'string' ? fill(value, inShell) : value.map((one) => fill(one, inShell))
    }
    return worn
  }
  const query = (path: string, disguise: Disguise | undefined, inShell: boolean) => {
    const pairs = Object.entries(disguise?.query ?? {}).map(([name, value]) => {
      const filled = fill(value, inShell)
      return `${encodeURIComponent(name)}=${inShell ? filled : encodeURIComponent(filled)}`
    })
    return pairs.length === 0 ? '' : `${path.includes('?') ? '&' : '?'}${pairs.join('&')}`
  }
  return {
    headers: (actor, disguise) => headers(actor, disguise, false),
    query: (path, disguise) => query(path, disguise, false),
    shell: {
      headers: (actor, disguise) => headers(actor, disguise, true),
      query: (path, disguise) => query(path, disguise, true),
    },
    // The longest first: a shortened token is part of the whole one.
    secrets: () => [...secrets].sort(([a], [b]) => b.length - a.length),
    form: { header, scheme: prefix.trim() },
    adopt,
    owners: (['alice', 'bob', 'carol'] as const).filter((name) => known.has(name)),
  }
}

function variableOf(name: string): string {
  return `FORGED_${name.replaceAll('-', '_').toUpperCase()}`
}
