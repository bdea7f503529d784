import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Entries, splitEntries } from '../../../src/login/store/split.js'

const LIMIT = 100

class Crash extends Error {}

/** Entries in memory that take at most `LIMIT` bytes, and end the process before the write that is one too many. */
function memory(
  kept = new Map<string, string>(),
): Entries & { kept: Map<string, string>; crashAfter: number; writes: number } {
  const entries = {
    kept,
    crashAfter: Number.POSITIVE_INFINITY,
    writes: 0,
    get: async (name: string) => kept.get(name),
    async set(name: string, text: string) {
      expect(Buffer.byteLength(text)).toBeLessThanOrEqual(LIMIT)
      count()
      kept.set(name, text)
    },
    async remove(name: string) {
      count()
      kept.delete(name)
    },
  }
  function count(): void {
    if (entries.writes >= entries.crashAfter) throw new Crash()
    entries.writes += 1
  }
  return entries
}

type Change = { readonly set: string } | 'remove'

const text = fc
  .tuple(fc.integer({ min: 1, max: 450 }), fc.constantFrom('x', 'y', 'z', '#', ':'), fc.integer({ min: 0, max: 9999 }))
  .map(([length, letter, tail]) => `{${letter.repeat(length)}${tail}}`)
const change: fc.Arbitrary<Change> = fc.oneof(
  { weight: 4, arbitrary: text.map((set) => ({ set })) },
  fc.constant('remove' as const),
)

function apply(entries: Entries, change: Change): Promise<void> {
  return change === 'remove' ? entries.remove('alice') : entries.set('alice', change.set)
}

const outcomeOf = (change: Change) => (change === 'remove' ? undefined : change.set)

describe('a text that is split', () => {
  it('is what it was before a change or after it, wherever the change ends, and the next change leaves no part behind', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ change, crashAfter: fc.option(fc.nat(14), { nil: undefined }) }), {
          minLength: 1,
          maxLength: 8,
        }),
        async (steps) => {
          const store = memory()
          const texts = splitEntries(store, LIMIT)
          let expected: string | undefined
          for (const { change, crashAfter } of steps) {
            store.writes = 0
            store.crashAfter = crashAfter ?? Number.POSITIVE_INFINITY
            const crashed = await apply(texts, change).then(
              () => false,
              (error) => {
                if (error instanceof Crash) return true
                throw error
              },
            )
            store.crashAfter = Number.POSITIVE_INFINITY
            const now = await texts.get('alice')
            if (crashed) expect([expected, outcomeOf(change)]).toContain(now)
            else expect(now).toBe(outcomeOf(change))
            expected = now
            if (!crashed) expect(store.kept.size).toBe(entriesFor(expected))
          }
          await texts.remove('alice')
          expect(store.kept.size).toBe(0)
        },
      ),
      { numRuns: 2000 },
    )
  })

  it('is old or new at every single step of a change', async () => {
    const texts = ['{a}', `{${'b'.repeat(150)}}`, `{${'c'.repeat(350)}}`, `{${'d'.repeat(260)}}`, undefined]
    for (const before of texts) {
      for (const then of texts) {
        for (let crashAfter = 0; crashAfter < 12; crashAfter++) {
          const store = memory()
          const entries = splitEntries(store, LIMIT)
          if (before !== undefined) await entries.set('alice', before)
          store.writes = 0
          store.crashAfter = crashAfter
          await apply(entries, then === undefined ? 'remove' : { set: then }).catch(() => undefined)
          expect([before, then]).toContain(await entries.get('alice'))
        }
      }
    }
  })

  it('is never a mix for who reads while it is written', async () => {
    const store = memory()
    const slow: Entries = {
      ...store,
      async get(name) {
        await new Promise((resolve) => setImmediate(resolve))
        return store.get(name)
      },
      async set(name, text) {
        await new Promise((resolve) => setImmediate(resolve))
        return store.set(name, text)
      },
    }
    const texts = splitEntries(slow, LIMIT)
    const versions = Array.from(
      { length: 30 },
      (_, index) =>
        `{${String(index)
          .padStart(2, '0')
          .repeat(60 + index * 5)}}`,
    )
    await texts.set('alice', versions[0] as string)
    let writing = true
    const seen: (string | undefined)[] = []
    const reader = async () => {
      const own = splitEntries(store, LIMIT)
      while (writing) {
        seen.push(await own.get('alice'))
        await new Promise((resolve) => setImmediate(resolve))
      }
    }
    const reading = Promise.all([reader(), reader()])
    for (const version of versions) await texts.set('alice', version)
    writing = false
    await reading
    expect(seen.length).toBeGreaterThan(50)
    expect(seen.filter((text) => !versions.includes(text ?? ''))).toEqual([])
  })

  it('that lacks a part is an error, and quotes nothing', async () => {
    const store = memory()
    const texts = splitEntries(store, LIMIT)
    await texts.set('alice', `{${'secret'.repeat(50)}}`)
    store.kept.delete('alice#a.2')
    await expect(texts.get('alice')).rejects.toThrow(RangeError)
    await expect(texts.get('alice')).rejects.not.toThrow(/secret/)
    store.kept.set('alice#a.2', 'x'.repeat(LIMIT))
    await expect(texts.get('alice')).rejects.toThrow(RangeError)
    await texts.set('alice', '{new}')
    expect(await texts.get('alice')).toBe('{new}')
    expect([...store.kept.keys()]).toEqual(['alice'])
  })

  it('is one entry where there is no limit, and nothing else is looked at', async () => {
    const asked: string[] = []
    const store = memory()
    const texts = splitEntries(
      {
        get: async (name) => {
          asked.push(name)
          return store.get(name)
        },
        set: async (name, text) => void store.kept.set(name, text),
        remove: store.remove,
      },
      Number.POSITIVE_INFINITY,
    )
    await texts.set('alice', 'x'.repeat(10_000))
    expect([...store.kept.keys()]).toEqual(['alice'])
    await texts.remove('alice')
    expect(asked).toEqual([])
  })
})

function entriesFor(text: string | undefined): number {
  if (text === undefined) return 0
  return text.length <= LIMIT ? 1 : 1 + Math.ceil(text.length / LIMIT)
}
