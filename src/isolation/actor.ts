/** Who plays: Alice owns, Bob attacks, nobody sends no credential, junk sends one that nobody issued. */
export type ActorName = 'alice' | 'bob' | 'nobody' | 'junk'

/** Who may attack. Alice is the victim of every check. */
export type Attacker = Exclude<ActorName, 'alice'>

/** Who has a token of their own, and so can own objects. */
export type Owner = 'alice' | 'bob'

/** How the reports call an actor. */
export const WHO: Readonly<Record<ActorName, string>> = {
  alice: 'Alice',
  bob: 'Bob',
  nobody: 'A caller without a token',
  junk: 'A caller with an invented token',
}

/**
 * A credential that a check sends instead of the actor's own. Checks describe it and never see a token; `shell` is how
 * a curl line writes it.
 */
export type Disguise =
  | { readonly kind: 'literal'; readonly header: string }
  | { readonly kind: 'altered-alice'; readonly change: TokenChange }

export type TokenChange = 'last-character' | 'reversed' | 'shortened' | 'extended' | 'other-case'

interface Alteration {
  readonly apply: (token: string) => string
  readonly shell: string
}

const ALTERATIONS: Readonly<Record<TokenChange, Alteration>> = {
  'last-character': {
    apply: (token) => token.slice(0, -1) + (token.endsWith('X') ? 'Y' : 'X'),
    shell: '$' + '{ALICE%?}X',
  },
  reversed: { apply: (token) => [...token].reverse().join(''), shell: '$(printf %s "$ALICE" | rev)' },
  shortened: { apply: (token) => token.slice(0, -1), shell: '$' + '{ALICE%?}' },
  extended: { apply: (token) => `${token}x`, shell: '$' + '{ALICE}x' },
  'other-case': {
    apply: (token) => (token === token.toUpperCase() ? token.toLowerCase() : token.toUpperCase()),
    shell: '$(printf %s "$ALICE" | tr a-z A-Z)',
  },
}

/** The tokens of one run. They live in this closure: what leaves it is a request header, or a redacted text. */
export interface Credentials {
  /** The `authorization` header of an actor, `undefined` for nobody. */
  header(actor: ActorName, disguise?: Disguise): string | undefined
  /** The same header as a shell writes it, without any token. */
  shellHeader(actor: ActorName, disguise?: Disguise): string | undefined
  /** Everything that must never be printed, with the word that replaces it. */
  secrets(): readonly (readonly [secret: string, label: string])[]
}

/**
 * Tokens are sent as `Bearer <token>`. A token that contains a space is taken for a whole header value, which is how
 * servers with another scheme are tested.
 */
export function createCredentials({ alice, bob, junk }: { alice: string; bob: string; junk: string }): Credentials {
  const tokens = { alice, bob, junk }
  const variable = { alice: '$ALICE', bob: '$BOB', junk: '$JUNK' }
  const whole = (token: string) => (token.includes(' ') ? token : `Bearer ${token}`)
  const altered = (change: TokenChange) => {
    const space = alice.lastIndexOf(' ')
    return whole(alice.slice(0, space + 1) + ALTERATIONS[change].apply(alice.slice(space + 1)))
  }
  return {
    header(actor, disguise) {
      if (disguise?.kind === 'literal') return disguise.header
      if (disguise?.kind === 'altered-alice') return altered(disguise.change)
      return actor === 'nobody' ? undefined : whole(tokens[actor])
    },
    shellHeader(actor, disguise) {
      if (disguise?.kind === 'literal') return disguise.header
      if (disguise?.kind === 'altered-alice') return `Bearer ${ALTERATIONS[disguise.change].shell}`
      if (actor === 'nobody') return undefined
      return tokens[actor].includes(' ') ? variable[actor] : `Bearer ${variable[actor]}`
    },
    secrets() {
      const plain = (['alice', 'bob', 'junk'] as const).map((name) => [tokens[name], variable[name]] as const)
      const bare = plain.map(([token, label]) => [token.slice(token.lastIndexOf(' ') + 1), label] as const)
      const changed = Object.keys(ALTERATIONS).map((change) => {
        const header = altered(change as TokenChange)
        return [header.slice(header.lastIndexOf(' ') + 1), '$ALICE_ALTERED'] as const
      })
      // The longest first: a shortened token is part of the whole one.
      return [...plain, ...bare, ...changed]
        .filter(([token]) => token.length > 0)
        .sort(([a], [b]) => b.length - a.length)
    },
  }
}
