import fc from 'fast-check'
import { parse } from 'jsonc-parser'
import { describe, expect, it } from 'vitest'
import { authPathOf, newLanggraphJson, withAuthPath } from '../../src/scaffold/langgraph-json.js'

const PATH = './auth.ts:auth'

describe('adds auth.path and touches nothing else', () => {
  it.each([
    ['{}', '{\n  "auth": {\n    "path": "./auth.ts:auth"\n  }\n}'],
    ['{\n}\n', '{\n  "auth": {\n    "path": "./auth.ts:auth"\n  }\n}\n'],
    ['{"graphs":{}}', '{"graphs":{}, "auth": { "path": "./auth.ts:auth" }}'],
    [
      '{\n  "graphs": { "a":   "./a.ts:g" }\n}\n',
      '{\n  "graphs": { "a":   "./a.ts:g" },\n  "auth": {\n    "path": "./auth.ts:auth"\n  }\n}\n',
    ],
    ['{\n\t"env":".env" // why\n}', '{\n\t"env":".env", // why\n\t"auth": {\n\t\t"path": "./auth.ts:auth"\n\t}\n}'],
    [
      '{\r\n    "env": ".env",\r\n    // last\r\n}\r\n',
      '{\r\n    "env": ".env",\r\n    "auth": {\r\n        "path": "./auth.ts:auth"\r\n    },\r\n    // last\r\n}\r\n',
    ],
    ['{ "a": 1 // c\n}', '{ "a": 1, // c\n  "auth": { "path": "./auth.ts:auth" }\n}'],
    ['{"a": 1 /* x */ , /* y */}', '{"a": 1 /* x */ , /* y */ "auth": { "path": "./auth.ts:auth" },}'],
    ['{\n  "a": 1 // c\n  ,\n}', '{\n  "a": 1, // c\n  "auth": {\n    "path": "./auth.ts:auth"\n  }\n  ,\n}'],
    ['\uFEFF{}', '\uFEFF{\n  "auth": {\n    "path": "./auth.ts:auth"\n  }\n}'],
    [
      '{\n  "auth": { "disable_studio_auth": true },\n  "graphs": {}\n}',
      '{\n  "auth": { "disable_studio_auth": true, "path": "./auth.ts:auth" },\n  "graphs": {}\n}',
    ],
    [
      '{\n  "auth": {\n    "cache": {} // c\n  }\n}',
      '{\n  "auth": {\n    "cache": {}, // c\n    "path": "./auth.ts:auth"\n  }\n}',
    ],
    ['{\n  "auth": {}\n}', '{\n  "auth": { "path": "./auth.ts:auth" }\n}'],
    ['{\n  "auth": null\n}', '{\n  "auth": {\n    "path": "./auth.ts:auth"\n  }\n}'],
    ['{ "auth": { "path": "./b.py:auth" } } // end', '{ "auth": { "path": "./auth.ts:auth" } } // end'],
  ])('%j', (before, after) => {
    expect(withAuthPath(before, PATH)).toBe(after)
    expect(withAuthPath(after, PATH)).toBe(after)
  })

  // A JSON document with comments and odd spacing wherever the grammar allows them.
  const space = fc.constantFrom('', ' ', '\n', '\n  ', '\t', '\r\n\t', ' // c\n', ' /* c, } */ ', '\n// c\n')
  const scalar = fc.constantFrom('1', '"x"', '"// no, } comment"', 'true', 'null', '[1, 2]', '{ "n": {} }')
  const objectWith = (values: fc.Arbitrary<string>) =>
    fc
      .tuple(
        fc.array(fc.tuple(space, values, space, space), { maxLength: 4 }),
        space,
        fc.boolean(),
        fc.constantFrom('k', 'path2', 'x'),
      )
      .map(([properties, end, trailing, name]) => {
        const parts = properties.map(([a, value, b, c], index) => `${a}"${name}${index}"${b}:${c}${value}`)
        return `{${parts.join(',')}${parts.length > 0 && trailing ? ',' : ''}${end}}`
      })
  const auths = fc.option(fc.oneof(objectWith(scalar), fc.constant('null')))
  const documents = fc.tuple(objectWith(scalar), auths, space).map(([root, auth, end]) => {
    if (auth === null) return root + end
    const rest = root.slice(1)
    return `{"auth":${auth}${parse(root) && Object.keys(parse(root) as object).length > 0 ? ',' : ''}${rest}${end}`
  })

  it('whatever the file looks like', () => {
    fc.assert(
      fc.property(documents, (before) => {
        const after = withAuthPath(before, PATH)
        const was = parse(before, [], { allowTrailingComma: true }) as Record<string, unknown>
        const errors: never[] = []
        expect(parse(after, errors, { allowTrailingComma: true })).toEqual({
          ...was,
          auth: { ...(was['auth'] as object | null), path: PATH },
        })
        expect(errors).toEqual([])
        // Every character of the original is still there, in its order. `null` makes room for an object.
        if (was['auth'] !== null) expect(isSubsequence(before, after)).toBe(true)
        for (const comment of before.match(/\/\/ c|\/\* c, } \*\//g) ?? []) expect(after).toContain(comment)
        expect(after.match(/\/\/ c/g)?.length).toBe(before.match(/\/\/ c/g)?.length)
        expect(withAuthPath(after, PATH)).toBe(after)
      }),
      { numRuns: 500 },
    )
  })
})

describe('refuses what it does not understand, with line and column', () => {
  it.each([
    ['', 'langgraph.json:1:1: value expected.'],
    ['[]', 'langgraph.json:1:1: it is not an object.'],
    ['{\n  "a": 1\n  "b": 2\n}', 'langgraph.json:3:3: comma expected.'],
    ['{"a": 1', 'langgraph.json:1:8: close brace expected.'],
    ['{"a": 1} x', 'langgraph.json:1:10: invalid symbol.'],
    ['{\n  "auth": "./auth.ts"\n}', 'langgraph.json:2:11: "auth" is not an object.'],
    ['\uFEFF{"auth": []}', 'langgraph.json:1:10: "auth" is not an object.'],
    ['{"auth": {"path": 1}}', 'langgraph.json:1:19: "auth.path" is not a string like "./auth.ts:auth".'],
    ['{"auth": {"path": ""}}', 'langgraph.json:1:19: "auth.path" is not a string like "./auth.ts:auth".'],
    ['{"auth": {}, "auth": {}}', 'langgraph.json:1:14: "auth" stands there twice.'],
  ])('%j', (text, message) => {
    expect(() => withAuthPath(text, PATH)).toThrow(expect.objectContaining({ code: 'config_invalid', message }))
  })
})

it('a new file is JSON that names the auth file', () => {
  expect(JSON.parse(newLanggraphJson(PATH))).toEqual({ node_version: '22', auth: { path: PATH } })
  expect(authPathOf(newLanggraphJson(PATH))).toBe(PATH)
})

function isSubsequence(short: string, long: string): boolean {
  let index = 0
  for (const character of long) if (character === short[index]) index++
  return index === short.length
}
