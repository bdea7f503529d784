import { expect, it } from 'vitest'
import { AuthkitError } from '../../../src/errors/authkit-error.js'
import { runErrorOf } from '../../../src/runtime/runs/run-error.js'

class Named extends Error {
  override name = 'Named'
}

function failing(field: string): unknown {
  return Object.defineProperty(new Error('x'), field, {
    get() {
      throw new Error('do not look at me')
    },
  })
}

it.each<[string, unknown, string, string | RegExp]>([
  ['an error', new Named('Boo!'), 'Named', 'Boo!'],
  [
    'what a file of the project does wrong',
    new AuthkitError('graph_broken', 'It is broken.'),
    'graph_broken',
    /broken/,
  ],
  ['a text', 'just a text', 'Error', 'just a text'],
  ['an empty text', '', 'Error', /without saying why/],
  ['nothing', undefined, 'Error', /./],
  ['a number', 7, 'Error', '7'],
  ['a function', () => 1, 'Error', /./],
  ['an object', { code: 7 }, 'Error', '{"code":7}'],
  ['an object of no class', Object.create(null), 'Error', '{}'],
  ['an error whose texts are none', Object.assign(new Error('x'), { name: 1, message: null }), 'Error', /why/],
  ['an error that fails when its message is read', failing('message'), 'Error', /why/],
  ['an error that fails when its name is read', failing('name'), 'Error', /why/],
  ['an object that goes round', circular(), 'Error', /./],
])('%s is told by two texts', (_, thrown, error, message) => {
  const told = runErrorOf(thrown)
  expect(told.error).toBe(error)
  if (typeof message === 'string') expect(told.message).toBe(message)
  else expect(told.message).toMatch(message)
})

function circular(): unknown {
  const one: Record<string, unknown> = {}
  one['self'] = one
  return one
}
