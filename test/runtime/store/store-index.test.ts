import { describe, expect, it } from 'vitest'
import { searchTextOf, textsToEmbed } from '../../../src/runtime/store/store-index.js'

const value = {
  title: 'Trip',
  year: 2030,
  paid: false,
  nothing: null,
  tags: ['sea', 'sun'],
  meta: { title: 'Deep', author: { name: 'Ann' } },
  chapters: [{ content: 'one', notes: ['n1', 'n2'] }, { content: 'two' }, 'bare'],
  'a b': 'spaced',
}

const ROWS: readonly [path: string, texts: readonly string[]][] = [
  ['title', ['Trip']],
  ['year', ['2030']],
  ['paid', ['false']],
  ['nothing', []],
  ['missing', []],
  ['a b', ['spaced']],
  ['meta.title', ['Deep']],
  ['meta.author.name', ['Ann']],
  ['meta.missing.name', []],
  ['title.name', []],
  ['tags[*]', ['sea', 'sun']],
  ['tags[0]', ['sea']],
  ['tags[-1]', ['sun']],
  ['tags[9]', []],
  ['tags[x]', []],
  ['tags.0', []],
  ['chapters[*].content', ['one', 'two']],
  ['chapters[*].notes[*]', ['n1', 'n2']],
  ['chapters[1].content', ['two']],
  ['meta.*', ['Deep', 'Ann']],
  ['{title,meta.title}', ['Trip', 'Deep']],
  ['{ title , title }', ['Trip']],
  ['$.meta.title', ['Deep']],
  ['constructor.name', []],
  ['__proto__', []],
  ['[0]', []],
  ['[', []],
  ['{', []],
  ['{title', []],
  ['.', []],
  ['', []],
]

describe('a path', () => {
  it.each(ROWS)('%s', (path, texts) => {
    expect(searchTextOf(value, [path])).toBe(texts.join('\n'))
  })

  it('$ is all values, without the names of fields', () => {
    expect(searchTextOf({ a: 'x', b: [{ c: 'y' }, 1] }, ['$'])).toBe('x\ny\n1')
  })

  it('that leads to what another leads to adds nothing', () => {
    expect(searchTextOf(value, ['title', '$.title', '{title}', 'title'])).toBe('Trip')
    expect(searchTextOf({ a: 'x' }, Array(50).fill(`{${'a,'.repeat(50)}}`))).toBe('x')
  })
})

describe('what is embedded', () => {
  it.each<[string, readonly string[], readonly string[]]>([
    ['a text for each part', ['title', 'tags[*]'], ['Trip', 'sea', 'sun']],
    ['an object as JSON, with the names of its fields', ['meta.author'], ['{\n  "name": "Ann"\n}']],
    ['the whole as JSON', ['$'], [JSON.stringify(value, null, 2)]],
    ['each text once', ['title', '{title,year}'], ['Trip', '2030']],
    ['nothing for null', ['nothing', 'missing'], []],
  ])('%s', (_, paths, texts) => {
    expect(textsToEmbed(value, paths)).toEqual(texts)
  })

  it('holds no empty text', () => {
    expect(textsToEmbed({ a: '', b: ' \n' }, ['a', 'b'])).toEqual([])
  })
})
