/** The variables of one project in an environment. */
export interface AppliedEnv {
  /** Sets what is new, changes what changed, removes what is gone. A variable that was there before us stays as it is. */
  update(variables: Readonly<Record<string, string>>): void
  /** Removes what was set. */
  clear(): void
}

/**
 * Puts the variables of .env into an environment and keeps account of which are ours, because only those may be changed
 * when the file changes: the real environment wins.
 */
export function applyEnv(environment: NodeJS.ProcessEnv): AppliedEnv {
  const ours = new Map<string, string>()

  // A variable that someone else has changed since is theirs from then on.
  const isOurs = (name: string) => ours.has(name) && environment[name] === ours.get(name)

  function update(variables: Readonly<Record<string, string>>): void {
    for (const name of ours.keys()) {
      if (Object.hasOwn(variables, name)) continue
      if (isOurs(name)) delete environment[name]
      ours.delete(name)
    }
    for (const [name, value] of Object.entries(variables)) {
      if (environment[name] !== undefined && !isOurs(name)) continue
      environment[name] = value
      // As the environment holds it: it ends at a NUL.
      ours.set(name, environment[name] ?? '')
    }
  }

  return { update, clear: () => update({}) }
}
