const UNITS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1000],
] as const

/**
 * How far off a moment is, in words.
 *
 * @param at Milliseconds since 1970, as `now` is.
 * @example
 * timeLeft(Date.now() + 3_500_000, Date.now()) // 'in 58 minutes'
 */
export function timeLeft(at: number, now: number): string {
  const ms = Math.abs(at - now)
  const [unit, length] = UNITS.find(([, length]) => ms >= length) ?? UNITS[3]
  const count = Math.floor(ms / length)
  const span = `${count} ${unit}${count === 1 ? '' : 's'}`
  return at > now ? `in ${span}` : `${span} ago`
}
