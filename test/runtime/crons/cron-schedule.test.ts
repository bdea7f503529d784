import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkSchedule, hasEnded, nextTime } from '../../../src/runtime/crons/cron-schedule.js'

const NOW = new Date('2026-08-01T00:00:30.500Z')

/** The next times of a schedule, one after the other. */
function times(schedule: string, timezone: string | null, after: string, count: number): (string | null)[] {
  const found: (string | null)[] = []
  let from = new Date(after)
  for (let n = 0; n < count; n++) {
    const next = nextTime({ schedule, timezone, end_time: null }, from)
    found.push(next?.replace(':00.000Z', 'Z') ?? null)
    if (next === null) break
    from = new Date(next)
  }
  return found
}

describe('a schedule', () => {
  it.each([
    ['* * * * *', '2026-08-01T00:01Z'],
    ['*/15 * * * *', '2026-08-01T00:15Z'],
    ['0 9 * * MON-FRI', '2026-08-03T09:00Z'],
    ['0 0 1 JAN *', '2027-01-01T00:00Z'],
    ['0 0 1 jan,jul *', '2027-01-01T00:00Z'],
    ['0 0 * * 7', '2026-08-02T00:00Z'],
    ['0 0 * * 0', '2026-08-02T00:00Z'],
    ['0 0 29 2 *', '2028-02-29T00:00Z'],
    ['0 0 L * *', '2026-08-31T00:00Z'],
    ['0 8 * * FRI#2', '2026-08-14T08:00Z'],
    ['0 12 1 * +MON', '2027-02-01T12:00Z'],
    ['  5   4 * * *  ', '2026-08-01T04:05Z'],
  ])('%s comes at %s', (schedule, next) => {
    expect(() => checkSchedule(schedule, null, NOW)).not.toThrow()
    expect(times(schedule, null, NOW.toISOString(), 1)).toEqual([next])
  })

  it.each([
    ['', 'it has 1 fields'],
    ['* * * *', 'it has 4 fields'],
    ['0 * * * * *', 'it has 6 fields'],
    ['0 0 1 1 * * 2030', 'it has 7 fields'],
    ['@daily', 'it has 1 fields'],
    ['2030-01-01T00:00:00Z', 'it has 1 fields'],
    ['2030-01-01 00:00:00 1 * *', 'a character'],
    ['60 * * * *', 'minute'],
    ['* 24 * * *', 'hour'],
    ['* * 0 * *', 'day'],
    ['* * * 13 *', 'month'],
    ['* * * * 8', 'dayOfWeek'],
    ['5-1 * * * *', 'larger'],
    ['*/0 * * * *', 'step'],
    ['5/10 * * * *', 'step'],
    ['a b c d e', ''],
    ['* * * * FUNDAY', ''],
    ['0 0 30 2 *', 'it never comes'],
    ['0 0 31 2,4,6,9,11 *', 'it never comes'],
    ['* * * * *\u0000', 'a character'],
    ['٠ * * * *', 'a character'],
  ])('%j is refused', (schedule, reason) => {
    const invalid = expect.objectContaining({
      code: 'invalid_request',
      status: 422,
      message: expect.stringMatching(new RegExp(`^Invalid cron schedule '[^]*': .*${reason}`, 'i')),
    })
    expect(() => checkSchedule(schedule, null, NOW)).toThrow(invalid)
  })

  it('that has six fields has no next time either', () => {
    const six = { schedule: '0 0 * * * *', timezone: null, end_time: null }
    expect(() => nextTime(six, NOW)).toThrow(/^Invalid cron schedule/)
  })

  it.each(['Mars/Olympus', '', '+02:00', '-05', 'UTC+2', 'Europe/Berlin\n', '../etc'])(
    'the time zone %j is refused',
    (timezone) => {
      expect(() => checkSchedule('* * * * *', timezone, NOW)).toThrow(
        expect.objectContaining({ status: 422, message: expect.stringMatching(/^Invalid timezone/) }),
      )
    },
  )
})

describe('daylight saving', () => {
  it.each([
    // Berlin goes from 02:00 to 03:00 on 29 March, and from 03:00 to 02:00 on 25 October.
    ['Europe/Berlin', '30 2 * * *', '2026-03-28T12:00Z', ['2026-03-29T01:00Z', '2026-03-30T00:30Z']],
    ['Europe/Berlin', '30 2 * * *', '2026-10-24T12:00Z', ['2026-10-25T00:30Z', '2026-10-26T01:30Z']],
    ['Europe/Berlin', '0 9 * * *', '2026-03-28T09:00Z', ['2026-03-29T07:00Z', '2026-03-30T07:00Z']],
    ['Europe/Berlin', '0 9 * * *', '2026-10-24T09:00Z', ['2026-10-25T08:00Z', '2026-10-26T08:00Z']],
    ['Europe/Berlin', '0 * * * *', '2026-03-29T00:00Z', ['2026-03-29T01:00Z', '2026-03-29T02:00Z']],
    [
      'Europe/Berlin',
      '0 * * * *',
      '2026-10-24T23:30Z',
      ['2026-10-25T00:00Z', '2026-10-25T01:00Z', '2026-10-25T02:00Z'],
    ],
    // New York goes from 02:00 to 03:00 on 8 March, and from 02:00 to 01:00 on 1 November.
    ['America/New_York', '30 2 * * *', '2026-03-07T12:00Z', ['2026-03-08T07:00Z', '2026-03-09T06:30Z']],
    ['America/New_York', '30 1 * * *', '2026-10-31T12:00Z', ['2026-11-01T05:30Z', '2026-11-02T06:30Z']],
    [
      'America/New_York',
      '*/30 1 * * *',
      '2026-11-01T04:45Z',
      ['2026-11-01T05:00Z', '2026-11-01T05:30Z', '2026-11-01T06:00Z', '2026-11-01T06:30Z', '2026-11-02T06:00Z'],
    ],
    ['America/New_York', '15 12 1 11 *', '2026-10-31T12:00Z', ['2026-11-01T17:15Z']],
    [null, '30 2 * * *', '2026-03-28T12:00Z', ['2026-03-29T02:30Z', '2026-03-30T02:30Z']],
  ])('in %s, %s after %s', (timezone, schedule, after, expected) => {
    expect(times(schedule, timezone, after, expected.length)).toEqual(expected)
  })
})

describe('the end', () => {
  it.each([
    ['2026-08-01T00:01:00.001Z', '2026-08-01T00:01:00.000Z'],
    ['2026-08-01T00:01:00.000Z', null],
    ['2020-01-01T00:00:00.000Z', null],
    [null, '2026-08-01T00:01:00.000Z'],
  ])('%s leaves %s', (end_time, next) => {
    expect(nextTime({ schedule: '* * * * *', timezone: null, end_time }, NOW)).toBe(next)
  })

  it('has come from its very moment on', () => {
    const end_time = '2026-08-01T00:00:00.000Z'
    expect(hasEnded({ end_time }, new Date(end_time))).toBe(true)
    expect(hasEnded({ end_time }, new Date(Date.parse(end_time) - 1))).toBe(false)
    expect(hasEnded({ end_time: null }, new Date(8.64e15))).toBe(false)
  })
})

/** A field of a schedule, and the values that it stands for. */
function field(from: number, to: number): fc.Arbitrary<{ text: string; values: number[] }> {
  const all = Array.from({ length: to - from + 1 }, (_, n) => from + n)
  const one = fc.integer({ min: from, max: to })
  return fc.oneof(
    fc.constant({ text: '*', values: all }),
    one.map((n) => ({ text: String(n), values: [n] })),
    fc.uniqueArray(one, { minLength: 2, maxLength: 4 }).map((list) => ({ text: list.join(','), values: list })),
    fc.tuple(one, one).map(([a, b]) => {
      const [low, high] = [Math.min(a, b), Math.max(a, b)]
      return { text: `${low}-${high}`, values: all.filter((n) => n >= low && n <= high) }
    }),
    fc.integer({ min: 1, max: to - from }).map((step) => ({
      text: `*/${step}`,
      values: all.filter((n) => (n - from) % step === 0),
    })),
  )
}

const ZONES = [
  'UTC',
  'Asia/Kolkata',
  'Europe/Berlin',
  'America/New_York',
  'Australia/Lord_Howe',
  'Pacific/Apia',
] as const
const CLOCKS = Object.fromEntries(
  ZONES.map((timeZone) => [
    timeZone,
    new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' }),
  ]),
)

/** What a clock on the wall shows, as if it were UTC: read in another way than the library does. */
function wall(at: number, zone: string): Date {
  return new Date(`${CLOCKS[zone]?.format(at).replace(' ', 'T')}Z`)
}

const MINUTE = 60_000

it('the next time is later, fits the fields in the zone, and no earlier one does', () => {
  const schedules = fc.record({
    minute: field(0, 59),
    hour: field(0, 23),
    day: field(1, 31),
    month: field(1, 12),
    weekday: field(0, 6),
  })
  const zones = fc.constantFrom(...ZONES)
  const moments = fc.integer({ min: Date.UTC(2024, 0), max: Date.UTC(2032, 0) })
  fc.assert(
    fc.property(schedules, zones, moments, ({ minute, hour, day, month, weekday }, zone, after) => {
      const schedule = [minute, hour, day, month, weekday].map(({ text }) => text).join(' ')
      const next = nextTime({ schedule, timezone: zone, end_time: null }, new Date(after))
      if (next === null) return // such as 31 April, which the table above has
      const at = Date.parse(next)
      expect(at).toBeGreaterThan(after)
      expect(at % MINUTE).toBe(0)

      // Where both days are narrowed, either will do, as in every cron.
      const either = day.text !== '*' && weekday.text !== '*'
      const fits = (time: number) => {
        const shown = wall(time, zone)
        const onDay = day.values.includes(shown.getUTCDate())
        const onWeekday = weekday.values.includes(shown.getUTCDay())
        return (
          minute.values.includes(shown.getUTCMinutes()) &&
          hour.values.includes(shown.getUTCHours()) &&
          month.values.includes(shown.getUTCMonth() + 1) &&
          (either ? onDay || onWeekday : onDay && onWeekday)
        )
      }
      const offset = (time: number) => wall(time, zone).getTime() - time
      // A time that a gap skips comes at its end.
      const endOfGap = offset(at) > offset(at - MINUTE)
      expect(fits(at) || endOfGap).toBe(true)

      const single = minute.values.length === 1 && hour.values.length === 1
      for (let time = after - (after % MINUTE) + MINUTE, n = 0; time < at && n < 200; time += MINUTE, n++) {
        if (!fits(time)) continue
        // A single time of day comes once in an hour that is repeated.
        const repeated = offset(time) < offset(time - 3 * 60 * MINUTE)
        expect(single && repeated, `${schedule} at ${new Date(time).toISOString()}`).toBe(true)
      }
    }),
    { numRuns: 200 },
  )
})
