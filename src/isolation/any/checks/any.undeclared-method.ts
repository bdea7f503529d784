import { type AnyCheck, isFunction } from '../any-check.js'
import { requestOf } from '../openapi.js'

const SAFE = ['GET', 'OPTIONS'] as const

export const anyUndeclaredMethod: AnyCheck = {
  id: 'any.undeclared-method',
  family: 'any',
  resource: 'routes',
  operation: 'access',
  title: "{who} gets nothing of Alice's by a method that the specification does not list",
  failure: "{who} got Alice's data by a method that the specification does not list",
  impact:
    'Methods that nobody has described were not reviewed either, and the rules for the described ones may not cover them.',
  severity: 'medium',
  refs: ['API9', 'CONF-06', '650'],
  event: null,
  fix: 'turn off the methods that the specification does not list (405), or describe them and guard them like the others',
  actors: ['bob', 'nobody'],
  trials: ({ input }) => {
    const operations = input.specification?.operations ?? []
    const paths = new Map(operations.map((operation) => [operation.path, operation]))
    return [...paths].flatMap(([path, operation]) => {
      const declared = new Set(operations.filter((one) => one.path === path).map(({ method }) => method))
      const methods = SAFE.filter((method) => !declared.has(method))
      const described = requestOf(operation, input.parameters.alice)
      // A path without ids is everybody's, and a HEAD has nothing to show.
      if (methods.length === 0 || typeof described === 'string' || !path.includes('{')) return []
      if (isFunction({ method: 'GET', path })) return []
      const attacks = methods.map((method) => ({ probe: { method, path: described.path } }))
      return [{ subject: `${methods.join(', ')} ${path}`, attacks, guessed: true }]
    })
  },
}
