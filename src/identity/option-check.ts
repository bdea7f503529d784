import { nearest } from '../errors/nearest.js'
import { isSecure } from './issuer/secure-url.js'

/** Holds the options of one function to what they may be. What it throws is a TypeError that begins with its name. */
export interface OptionCheck {
  wrong(message: string): TypeError
  /** An option that nobody knows is a misspelt one, and `allowedClient` would allow them all. */
  known(options: object, names: readonly string[]): void
  /** A list of texts, none of them empty, and at least one. */
  list(name: string, value: string | readonly string[]): readonly string[]
  /** A list of texts that may stand between quotes in a header. */
  tokens(name: string, value: readonly string[]): readonly string[]
  url(name: string, value: string): string
  /** An https URL; http is for this machine. */
  secure(name: string, value: string): string
  seconds(name: string, value: number, longest: number): number
  oneOf<T extends string>(name: string, value: T, values: readonly T[]): T
}

// RFC 6749 3.3 gives it to scopes, and `acr` values are no different.
const HEADER_TOKEN = /^[\x21\x23-\x5b\x5d-\x7e]+$/

export function createOptionCheck(caller: string): OptionCheck {
  const wrong = (message: string) => new TypeError(`${caller}: ${message}`)

  function list(name: string, value: string | readonly string[]): readonly string[] {
    const texts = [value].flat()
    if (texts.length === 0) throw wrong(`${name} is an empty list, which nothing could meet.`)
    if (texts.some((text) => typeof text !== 'string' || text.trim() === '')) {
      throw wrong(`${name} has to be text, or a list of texts, and none of them empty.`)
    }
    return texts
  }

  function url(name: string, value: string): string {
    if (URL.canParse(value) && /^https?:$/.test(new URL(value).protocol)) return value
    throw wrong(`${name} ${JSON.stringify(value)} is no URL.`)
  }

  return {
    wrong,
    list,
    url,
    known(options, names) {
      for (const name of Object.keys(options)) {
        if (!names.includes(name)) {
          throw wrong(`there is no option "${name}". Did you mean "${nearest(name, names).word}"?`)
        }
      }
    },
    tokens(name, value) {
      const texts = list(name, value)
      const odd = texts.find((text) => !HEADER_TOKEN.test(text))
      if (odd !== undefined) throw wrong(`${name} holds ${JSON.stringify(odd)}: no spaces, quotes or backslashes.`)
      return texts
    },
    secure(name, value) {
      if (!URL.canParse(value)) throw wrong(`${name} ${JSON.stringify(value)} is no URL.`)
      if (!isSecure(new URL(value)))
        throw wrong(`${name} ${JSON.stringify(value)} has to be https. Plain http is for 127.0.0.1 and localhost.`)
      return value
    },
    seconds(name, value, longest) {
      if (!(typeof value === 'number' && value >= 0 && value <= longest)) {
        throw wrong(`${name} has to be a number of seconds from 0 to ${longest}.`)
      }
      return value
    },
    oneOf(name, value, values) {
      if (!values.includes(value)) throw wrong(`${name} has to be one of ${values.join(', ')}.`)
      return value
    },
  }
}
