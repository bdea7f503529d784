import { styleText } from 'node:util'

type Format = Parameters<typeof styleText>[0]
type Paint = (text: string) => string

/** Colours for one stream. Every function returns its text unchanged where colour is off, so callers never ask. */
export interface Style {
  readonly colour: boolean
  readonly bold: Paint
  readonly dim: Paint
  readonly red: Paint
  readonly green: Paint
  readonly yellow: Paint
  readonly cyan: Paint
}

/**
 * Colour is on where the stream is a terminal and nobody objects: https://no-color.org, TERM=dumb, FORCE_COLOR.
 */
export function wantsColour(stream: { isTTY?: boolean | undefined }, env: NodeJS.ProcessEnv = process.env): boolean {
  if (env['NO_COLOR']) return false
  if (env['FORCE_COLOR']) return env['FORCE_COLOR'] !== '0'
  return stream.isTTY === true && env['TERM'] !== 'dumb'
}

export function createStyle(colour: boolean): Style {
  const paint =
    (format: Format): Paint =>
    (text) =>
      colour ? styleText(format, text) : text
  return {
    colour,
    bold: paint('bold'),
    dim: paint('dim'),
    red: paint('red'),
    green: paint('green'),
    yellow: paint('yellow'),
    cyan: paint('cyan'),
  }
}
