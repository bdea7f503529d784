import { AuthkitError } from '../../errors/authkit-error.js'
import type { ActorName, Credentials } from '../actor.js'
import { lookalike } from '../canary.js'

/** Header name to template, such as `Bearer $ALICE_TOKEN`. */
export type HeaderTemplates = Readonly<Record<string, string>>

const VARIABLE = /\$(?:\{(\w+)\}|(\w+))/g

/**
 * Credentials of any number of headers each, such as a session cookie with its CSRF header. They stand in the environment;
 * the config names the variables, and so do the reports.
 *
 * Throws `usage` when a variable is missing or can't stand in a header, and when Alice and Bob are the same.
 */
export function createHeaderCredentials(
  templates: { readonly alice: HeaderTemplates; readonly bob: HeaderTemplates },
  env: Readonly<Record<string, string | undefined>>,
): Credentials {
  const filled = (owner: 'alice' | 'bob') =>
    mapValues(templates[owner], (template) => template.replace(VARIABLE, (_, a, b) => variable(env, a ?? b, owner)))
  const alice = filled('alice')
  const bob = filled('bob')
  if (JSON.stringify(alice) === JSON.stringify(bob)) {
    throw new AuthkitError('usage', 'Alice and Bob have the same credential.', { hint: 'The suite needs two users.' })
  }
  const invented = new Map<string, string>()
  const junk = mapValues(templates.alice, (template) =>
    template.replace(VARIABLE, (_, a, b) => {
      const made = lookalike(variable(env, a ?? b, 'alice'))
      invented.set(made, '$JUNK')
      return made
    }),
  )
  const shellJunk = mapValues(templates.alice, (template) => template.replace(VARIABLE, '$JUNK'))
  const of: Readonly<Partial<Record<ActorName, readonly [real: HeaderTemplates, shell: HeaderTemplates]>>> = {
    alice: [alice, templates.alice],
    bob: [bob, templates.bob],
    junk: [junk, shellJunk],
  }
  const secrets = new Map(invented)
  for (const template of [...Object.values(templates.alice), ...Object.values(templates.bob)]) {
    for (const [, a, b] of template.matchAll(VARIABLE)) secrets.set(String(env[a ?? b ?? '']), `$${a ?? b}`)
  }
  const headers = (actor: ActorName, index: 0 | 1) => lowerCased(of[actor]?.[index] ?? {})
  return {
    headers: (actor) => headers(actor, 0),
    query: () => '',
    shell: { headers: (actor) => headers(actor, 1), query: () => '' },
    secrets: () => [...secrets].sort(([a], [b]) => b.length - a.length),
    owners: ['alice', 'bob'],
  }
}

/** Credentials that a recording holds are as secret as those of the run. */
export function alsoSecret(credentials: Credentials, recorded: readonly string[]): Credentials {
  const extra = [...new Set(recorded)].filter((text) => text.length >= 8).map((text) => [text, '***'] as const)
  return {
    ...credentials,
    secrets: () => [...credentials.secrets(), ...extra].sort(([a], [b]) => b.length - a.length),
  }
}

function variable(env: Readonly<Record<string, string | undefined>>, name: string, owner: string): string {
  const value = env[name]
  if (value === undefined || value.trim() === '') {
    throw new AuthkitError('usage', `The environment has no ${name}, which the config names for ${owner}.`, {
      hint: `Set it: export ${name}=...`,
    })
  }
  if (/[^\x20-\x7e]/.test(value)) {
    throw new AuthkitError('usage', `${name} cannot stand in an HTTP header.`, {
      hint: 'Credentials are printable ASCII; check for a line break at its end.',
    })
  }
  return value
}

function mapValues(record: HeaderTemplates, change: (value: string) => string): Record<string, string> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value)]))
}

function lowerCased(record: HeaderTemplates): Record<string, string> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name.toLowerCase(), value]))
}
